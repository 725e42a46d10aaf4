package player

import (
	"time"

	"github.com/sipd/sipd/core/sip"
)

// The timers of RFC 3261 section 17, as far as a callee's 2xx needs them.
const (
	t1      = 500 * time.Millisecond
	t2      = 4 * time.Second
	ackWait = 64 * t1
)

// success is a 2xx to an INVITE that is sent again until its ACK comes
// (RFC 3261 section 13.3.1.4).
type success struct {
	cseq  uint32
	offer bool // our offer is in it: the ACK brings the answer
	every time.Duration
	until time.Time
	timer *time.Timer
}

// handle answers one request inside the dialog.
func (c *call) handle(tx sip.ServerRequest) {
	req := tx.Request()
	switch {
	case req.Method == sip.ACK:
		c.ack(req)
	case !c.follow(req):
		c.u.reply(tx, 500)
	case unsupported(req) != "":
		c.u.reply(tx, 420, sip.Header{Name: "Unsupported", Value: unsupported(req)})
	case req.Method == sip.BYE:
		c.u.reply(tx, 200)
		c.end()
	case req.Method == sip.OPTIONS:
		c.u.options(tx)
	case req.Method != sip.INVITE && req.Method != sip.UPDATE:
		c.u.reply(tx, 405, sip.Header{Name: "Allow", Value: allow})
	case c.closing:
		c.u.reply(tx, 481)
	case !plainSDP(req):
		c.u.reply(tx, 415, sip.Header{Name: "Accept", Value: sdpType})
	default:
		c.modify(tx)
	}
}

// modify answers a re-INVITE or an UPDATE.
func (c *call) modify(tx sip.ServerRequest) {
	req := tx.Request()
	if c.unacked != nil && c.unacked.offer && (req.Method == sip.INVITE || len(req.Body) > 0) {
		c.u.reply(tx, 491) // one offer at a time (RFC 3264 section 4)
		return
	}
	if req.Method == sip.UPDATE && len(req.Body) == 0 {
		c.refresh(req)
		c.u.respond(tx, c.ok(req, nil)) // a refresh of the target only
		return
	}
	if err := c.describe(req.Body, true); err != nil {
		c.u.host.Log().Info("change refused", "err", err, "call_id", c.id.callID)
		c.u.reply(tx, 488) // the session stays as it was (RFC 3261 section 14.2)
		return
	}
	c.refresh(req)
	if req.Method == sip.UPDATE {
		c.u.respond(tx, c.ok(req, c.said))
		if c.playing {
			c.play()
		}
		return
	}
	// A re-INVITE proves that our 2xx arrived even when its ACK did not (RFC
	// 5407 section 3.1.4), so the audio may follow at once.
	c.acked()
	if c.accept(tx, len(req.Body) == 0) && len(req.Body) > 0 {
		c.play()
	}
}

// ok is a 200 inside the dialog.
func (c *call) ok(req *sip.Request, body []byte) *sip.Response {
	res := sip.NewResponse(req, 200, "", c.id.tag)
	res.Headers.Add("Contact", c.contact())
	res.Headers.Add("Allow", allow)
	res.Headers.Add("Server", c.u.host.Version())
	if body != nil {
		res.Headers.Add("Content-Type", sdpType)
		res.Body = body
	}
	return res
}

// accept answers an INVITE with our description, and again until its ACK. It
// returns false when the INVITE was cancelled before.
func (c *call) accept(tx sip.ServerRequest, offer bool) bool {
	cseq, _ := tx.Request().CSeq()
	s := &success{cseq: cseq, offer: offer, every: t1, until: time.Now().Add(ackWait)}
	res := c.ok(tx.Request(), c.said)
	if !c.u.respond(tx, res) {
		return false
	}
	c.unacked = s
	s.timer = time.AfterFunc(s.every, func() { c.u.post(func() { c.again(tx, res, s) }) })
	return true
}

// again sends a 2xx once more, or gives the call up.
func (c *call) again(tx sip.ServerRequest, res *sip.Response, s *success) {
	if c.unacked != s {
		return
	}
	left := time.Until(s.until)
	if left <= 0 {
		c.acked() // there will be none: BYE is allowed now
		c.hangup(`SIP;cause=408;text="no ACK"`)
		return
	}
	c.u.respond(tx, res)
	s.every = min(2*s.every, t2)
	s.timer.Reset(min(s.every, left))
}

// acked stops the retransmission of a 2xx.
func (c *call) acked() {
	if c.unacked != nil {
		c.unacked.timer.Stop()
		c.unacked = nil
	}
}

// ack takes the ACK of our last 2xx, with the answer when we made the offer.
func (c *call) ack(req *sip.Request) {
	s := c.unacked
	if cseq, _ := req.CSeq(); s == nil || cseq != s.cseq {
		return // of an older 2xx that was sent twice
	}
	c.acked()
	if c.closing {
		c.bye()
		return
	}
	if s.offer {
		m, err := c.sdp.accept(req.Body)
		if err != nil {
			c.u.host.Log().Info("answer of no use", "err", err, "call_id", c.id.callID)
			c.hangup(`SIP;cause=488;text="no usable answer in the ACK"`)
			return
		}
		c.want = m
	}
	c.play()
}

// hangup ends the call from our side. A BYE may not overtake the ACK of our
// 2xx (RFC 3261 section 15), so it may have to wait for it.
func (c *call) hangup(reason string) {
	if c.closing || !c.u.has(c.id) {
		return
	}
	c.closing, c.reason = true, reason
	c.mute()
	if c.unacked == nil {
		c.bye()
	}
}

// bye sends the BYE. The dialog is kept until its answer, so that a BYE of
// the peer that crosses ours finds it.
func (c *call) bye() {
	req := c.request(sip.BYE)
	if c.reason != "" {
		req.Headers.Add("Reason", c.reason)
	}
	req.Headers.Add("User-Agent", c.u.host.Version())
	c.u.host.Endpoint().Request(req, func(res *sip.Response) {
		if res.IsFinal() {
			c.u.post(c.end)
		}
	})
}
