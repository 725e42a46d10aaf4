package siptest

import (
	"time"

	"github.com/sipd/sipd/core/sip"
)

// Ring sends 180, or 183 with the session description when the script says
// Early. It does nothing once the INVITE has its final response.
func (c *Call) Ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil || c.state >= Answered {
		return
	}
	code, body := 180, []byte(nil)
	if c.phone.script.Early && c.offered {
		code = 183
		if c.localSDP == nil {
			c.localSDP = []byte(c.sdp())
		}
		body = c.localSDP
	}
	if c.pending.Respond(c.response(c.pending, code, body)) == nil {
		c.reach(Ringing)
	}
}

// Answer gives the final response to the INVITE that waits for one, the first
// of the call or another. A 200 carries the answer, or an offer when the
// INVITE had none, and is sent again until the ACK comes.
func (c *Call) Answer(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.pending
	if r == nil || c.state == Ended {
		return
	}
	c.pending = nil
	var body []byte
	if code < 300 {
		if c.localSDP == nil || !c.phone.script.Early || c.state >= Answered {
			c.localSDP = []byte(c.sdp())
		}
		body = c.localSDP
	}
	res := c.response(r, code, body)
	if r.Respond(res) != nil {
		return
	}
	if c.code == 0 {
		c.code = code
	}
	switch {
	case code < 300:
		c.sent2xx = res
		c.again(r, res, 500*time.Millisecond, time.Now().Add(32*time.Second))
		c.reach(Answered)
	case c.state < Answered:
		c.reach(Ended)
	}
}

// again sends a 2xx until its ACK stops it (RFC 3261 section 13.3.1.4).
func (c *Call) again(r sip.ServerRequest, res *sip.Response, wait time.Duration, until time.Time) {
	c.resend = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sent2xx != res {
			return
		}
		if !time.Now().Before(until) {
			c.phone.violation("no ACK came for a 2xx")
			c.bye()
			return
		}
		_ = r.Respond(res)
		c.again(r, res, min(2*wait, 4*time.Second), until)
	})
}

func (c *Call) stopResend() {
	c.sent2xx = nil
	if c.resend != nil {
		c.resend.Stop()
	}
}

func (c *Call) cancelledByPeer(r sip.ServerRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending != r || r.Respond(c.response(r, 487, nil)) != nil {
		return
	}
	c.pending = nil
	if c.state < Answered {
		c.code = 487
		c.reach(Ended)
	}
}

// inside deals with a request of the dialog.
func (c *Call) inside(r sip.ServerRequest) {
	req := r.Request()
	seq, _ := req.CSeq()
	c.mu.Lock()
	if req.Method == sip.ACK {
		c.acknowledged(req, seq)
		c.mu.Unlock()
		return
	}
	if seq <= c.remoteSeq {
		if req.Method != sip.OPTIONS { // one that got lost once may be overtaken
			c.phone.violation("%s with CSeq %d after %d", req.Method, seq, c.remoteSeq)
		}
		c.mu.Unlock()
		reply(r, 500)
		return
	}
	c.remoteSeq = seq
	again := req.Method == sip.INVITE && c.reinvited(r)
	if req.Method != sip.INVITE {
		c.other(r)
	}
	c.mu.Unlock()
	if again { // without the lock: it may call back at once
		r.OnCancel(func(*sip.Request) { c.cancelledByPeer(r) })
	}
}

func (c *Call) acknowledged(ack *sip.Request, seq uint32) {
	res := c.sent2xx
	if res == nil {
		return
	}
	if want, _ := res.CSeq(); want != seq {
		c.phone.violation("ACK with CSeq %d, want %d", seq, want)
		return
	}
	c.stopResend()
	switch {
	case !c.offered && len(ack.Body) == 0:
		c.phone.violation("ACK without the answer to the offer in the 2xx")
	case !c.offered:
		c.peerSDP = ack.Body
	case len(ack.Body) > 0:
		c.phone.violation("ACK with a session description nobody asked for")
	}
	c.reach(Confirmed)
}

// reinvited deals with a re-INVITE and reports whether it waits for Answer.
func (c *Call) reinvited(r sip.ServerRequest) bool {
	switch {
	case c.state == Ended:
		reply(r, 481)
		return false
	case c.pending != nil:
		c.phone.violation("INVITE before the final response to another")
		reply(r, 500)
		return false
	case c.inviting != nil || c.unacked != nil || c.sent2xx != nil:
		reply(r, 491)
		return false
	}
	req := r.Request()
	c.pending = r
	c.peer(req.Headers)
	code := c.phone.script.ReInviteCode
	if code < 300 || len(req.Body) == 0 {
		c.gotOffer(req.Body)
	}
	c.later(c.phone.script.ReInviteDelay, func() { c.Answer(code) })
	return true
}

func (c *Call) other(r sip.ServerRequest) {
	req := r.Request()
	switch {
	case c.state == Ended:
		reply(r, 481)
	case req.Method == sip.BYE:
		if !c.phone.script.HoldBye {
			reply(r, 200)
		}
		if c.pending != nil {
			reply(c.pending, 487)
			c.pending = nil
		}
		c.reach(Ended)
	case req.Method == sip.UPDATE && len(req.Body) > 0:
		c.peer(req.Headers)
		c.peerSDP = req.Body
		c.localSDP = []byte(c.sdp())
		_ = r.Respond(c.response(r, 200, c.localSDP))
	case req.Method == sip.UPDATE: // of the session timer
		_ = r.Respond(c.response(r, 200, nil))
	case req.Method == sip.REFER:
		reply(r, 202)
	default:
		reply(r, 200)
	}
}
