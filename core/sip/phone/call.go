package phone

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// Call is one dialog of a phone.
type Call struct {
	p             *Phone
	id            string
	local, remote string  // From and To of our requests
	target        sip.URI // the peer's Contact
	owed          uint32  // CSeq of the INVITE whose 2xx has no ACK yet
	seq           uint32
	ack           *sip.Request // of the first 2xx; guarded by p.mu
	heard         chan string  // owner of each session description that came
	ended         chan struct{}
	over          bool // guarded by p.mu, like target, remote and seq
}

// ID is the Call-ID.
func (c *Call) ID() string { return c.id }

// Heard yields the owner (o= user name) of each session description that the
// other side sent: who is to be heard from now on.
func (c *Call) Heard() <-chan string { return c.heard }

// Ended is closed when the call is over.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// Bye ends the call.
func (c *Call) Bye() {
	c.p.mu.Lock()
	req := c.next(sip.BYE)
	c.p.mu.Unlock()
	c.p.net.Request(req, func(*sip.Response) {})
	c.p.forget(c)
}

// established takes the dialog from a 2xx and acknowledges it.
func (c *Call) established(res *sip.Response) {
	c.p.mu.Lock()
	c.remote = res.Headers.Get("To")
	if a, err := res.Contact(); err == nil {
		c.target = a.URI
	}
	c.ack = c.request(sip.ACK)
	if c.p.o.Late {
		c.describe(&c.ack.Headers, &c.ack.Body)
	}
	c.p.mu.Unlock()
	c.hear(res.Body)
	c.acknowledge()
}

// acknowledge sends the ACK of the 2xx, each time that comes (RFC 3261 section
// 13.2.2.4).
func (c *Call) acknowledge() {
	c.p.mu.Lock()
	ack := c.ack
	c.p.mu.Unlock()
	if ack != nil {
		c.p.net.Send(ack.Clone())
	}
}

// next is request with a new sequence number.
func (c *Call) next(method string) *sip.Request {
	c.seq++
	return c.request(method)
}

func (c *Call) request(method string) *sip.Request {
	req := &sip.Request{Method: method, URI: c.target, Socket: c.p.net.Sockets()[0]}
	req.Headers.Add("From", c.local)
	req.Headers.Add("To", c.remote)
	req.Headers.Add("Call-ID", c.id)
	req.Headers.Add("CSeq", fmt.Sprintf("%d %s", c.seq, method))
	req.Headers.Add("Contact", "<"+c.p.URI().String()+">")
	return req
}

func (c *Call) describe(h *sip.Headers, body *[]byte) {
	h.Set("Content-Type", "application/sdp")
	media := c.p.o.Media
	if media == "" {
		media = "m=audio 9 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	}
	*body = fmt.Appendf(nil, "v=0\r\no=%s 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n%s", c.p.o.Name, media)
}

// ringing is the first answer to an INVITE.
func (c *Call) ringing(req *sip.Request, tag string) *sip.Response {
	if !c.p.o.Early {
		return sip.NewResponse(req, 180, "", tag)
	}
	res := sip.NewResponse(req, 183, "", tag)
	res.Headers.Add("Contact", "<"+c.p.URI().String()+">")
	c.describe(&res.Headers, &res.Body)
	return res
}

// hear notes who is at the other end now.
func (c *Call) hear(body []byte) {
	var owner string
	if _, err := fmt.Sscanf(string(body), "v=0\r\no=%s", &owner); err != nil {
		return
	}
	select {
	case c.heard <- owner:
	default:
	}
}

// accept answers an INVITE with 200.
func (c *Call) accept(tx sip.ServerRequest, tag string) {
	res := sip.NewResponse(tx.Request(), 200, "", tag)
	res.Headers.Add("Contact", "<"+c.p.URI().String()+">")
	c.describe(&res.Headers, &res.Body)
	seq, _ := tx.Request().CSeq()
	c.p.mu.Lock()
	c.owed = seq
	c.p.mu.Unlock()
	_ = tx.Respond(res)
	time.AfterFunc(t1, func() { c.repeat(tx, res, seq, t1, 64*t1) })
}

// T1 and T2 of RFC 3261.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

// repeat sends the 2xx again until its ACK has come, and gives the call up
// when none does (RFC 3261 section 13.3.1.4).
func (c *Call) repeat(tx sip.ServerRequest, res *sip.Response, seq uint32, wait, left time.Duration) {
	c.p.mu.Lock()
	acked := c.owed != seq || c.over
	c.p.mu.Unlock()
	if acked {
		return
	}
	if left -= wait; left <= 0 {
		c.Bye()
		return
	}
	_ = tx.Respond(res)
	wait = min(2*wait, t2)
	time.AfterFunc(wait, func() { c.repeat(tx, res, seq, wait, left) })
}

// acked notes the ACK of a 2xx.
func (c *Call) acked(req *sip.Request) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	if seq, _ := req.CSeq(); seq == c.owed {
		c.owed = 0
	}
}
