package siptest

import (
	"strconv"
	"sync"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// State is how far a call has come; it only grows.
type State int

// States of a [Call].
const (
	Trying    State = iota
	Ringing         // 18x sent or received
	Answered        // 2xx sent or received
	Confirmed       // ACK sent or received
	Ended           // BYE, a refusal, CANCEL, or a time-out
	states
)

// patience bounds every wait of a test, in virtual time.
const patience = time.Hour

// Call is one dialog of a [Phone]. Its methods may be called from any
// goroutine, but the waiting ones only from that of the test.
type Call struct {
	phone        *Phone
	incomingCall bool
	callID, tag  string
	reached      [states]chan struct{}

	mu                sync.Mutex
	state             State
	code              int
	local, remote     string // From and To of own requests
	remoteTag         string
	target            sip.URI
	routes            []string
	seq, remoteSeq    uint32
	version           int // of the own session description
	localSDP, peerSDP []byte

	pending   sip.ServerRequest // INVITE of the peer without final response
	offered   bool              // pending, or the 2xx to be acknowledged, holds the peer's offer
	sent2xx   *sip.Response     // until its ACK
	resend    *time.Timer
	inviting  *invitation // own INVITE without final response
	unacked   *invitation // 2xx received, no ACK sent yet (HoldACK)
	wantsEnd  bool        // own Cancel: a 2xx is followed by BYE
	lastACKed map[uint32]*sip.Request
}

func newCall(p *Phone, callID, tag string) *Call {
	c := &Call{phone: p, callID: callID, tag: tag, lastACKed: make(map[uint32]*sip.Request)}
	for i := range c.reached {
		c.reached[i] = make(chan struct{})
	}
	close(c.reached[Trying])
	return c
}

// ID returns the Call-ID.
func (c *Call) ID() string { return c.callID }

// State returns how far the call has come.
func (c *Call) State() State { c.mu.Lock(); defer c.mu.Unlock(); return c.state }

// Code returns the final response to the first INVITE, 0 before.
func (c *Call) Code() int { c.mu.Lock(); defer c.mu.Unlock(); return c.code }

// Peer returns the owner and version of the session description that the
// peer sent last ("bob/2"), "" before.
func (c *Call) Peer() string { c.mu.Lock(); defer c.mu.Unlock(); return SDPOwner(c.peerSDP) }

// Local is as [Call.Peer] for the own session description.
func (c *Call) Local() string { c.mu.Lock(); defer c.mu.Unlock(); return SDPOwner(c.localSDP) }

// Reached returns a channel that is closed once the call has come to s. A
// call that ends without coming to s closes only that of [Ended].
func (c *Call) Reached(s State) <-chan struct{} { return c.reached[s] }

// Wait waits for state s and reports whether the call came to it; false means
// that it has ended before.
func (c *Call) Wait(s State) bool {
	c.phone.net.t.Helper()
	select {
	case <-c.reached[s]:
		return true
	default:
	}
	select {
	case <-c.reached[s]:
		return true
	case <-c.reached[Ended]:
		return s == Ended
	case <-time.After(patience):
		c.phone.net.t.Fatalf("siptest: call of %s is in state %d after %v, want %d", c.phone.name, c.State(), patience, s)
		return false
	}
}

// reach goes to s; states in between count as reached, but for Ended.
func (c *Call) reach(s State) {
	if s <= c.state {
		return
	}
	for i := c.state + 1; i < s; i++ {
		if s != Ended {
			close(c.reached[i])
		}
	}
	c.state = s
	close(c.reached[s])
	switch s {
	case Confirmed:
		if talk := c.phone.script.Talk; talk > 0 {
			c.later(talk, c.Bye)
		}
	case Ended:
		c.stopResend()
		if c.phone.script.Forget {
			c.later(time.Minute, func() { c.phone.forget(c) })
		}
	}
}

func (c *Call) later(d time.Duration, f func()) {
	time.AfterFunc(max(d, 1), f) // after all that happens in this instant
}

// sdp makes a new session description of the phone.
func (c *Call) sdp() string {
	c.version++
	return SDP(c.phone.script.Owner, c.version)
}

// gotOffer notes whether an INVITE carried an offer.
func (c *Call) gotOffer(body []byte) {
	c.offered = len(body) > 0
	if c.offered {
		c.peerSDP = body
	}
}

// peer takes the remote target from Contact.
func (c *Call) peer(h sip.Headers) {
	if items := sip.SplitList(h.Get("Contact")); len(items) > 0 {
		if a, err := sip.ParseAddress(items[0]); err == nil {
			c.target = a.URI
		}
	}
}

// request builds a request of the dialog; seq 0 takes the next one.
func (c *Call) request(method string, seq uint32, body []byte) *sip.Request {
	if seq == 0 {
		c.seq++
		seq = c.seq
	}
	req := &sip.Request{Method: method, URI: c.target, Body: body}
	for _, r := range c.routes {
		req.Headers.Add("Route", r)
	}
	req.Headers.Add("From", c.local)
	req.Headers.Add("To", c.remote)
	req.Headers.Add("Call-ID", c.callID)
	req.Headers.Add("CSeq", strconv.FormatUint(uint64(seq), 10)+" "+method)
	c.describe(&req.Headers, body)
	return req
}

func (c *Call) describe(h *sip.Headers, body []byte) {
	h.Add("Contact", "<"+c.phone.sockets[0].Contact(c.phone.script.Owner).String()+">")
	if len(body) > 0 {
		h.Add("Content-Type", "application/sdp")
	}
}

func (c *Call) response(r sip.ServerRequest, code int, body []byte) *sip.Response {
	res := sip.NewResponse(r.Request(), code, "", c.tag)
	res.Body = body
	c.describe(&res.Headers, body)
	if m := r.Request().Method; res.IsSuccess() && (m == sip.INVITE || m == sip.UPDATE) {
		res.Headers = append(res.Headers, c.phone.script.Extra...)
	}
	return res
}
