package siptest

import "github.com/sipd/sipd/core/sip"

// invitation is an INVITE of the phone.
type invitation struct {
	req    *sip.Request
	seq    uint32
	tx     sip.ClientTransaction
	before []byte        // localSDP, which stays when the INVITE is refused
	ok     *sip.Response // the 2xx that waits for its ACK
	result chan int
}

// Call invites uri with the offer sdp, or without one when it is "": then the
// answer goes into the ACK.
func (p *Phone) Call(uri, sdp string) *Call {
	p.net.t.Helper()
	return p.CallWith(uri, sdp, nil)
}

// CallWith is Call with further headers in the INVITE.
func (p *Phone) CallWith(uri, sdp string, extra sip.Headers) *Call {
	p.net.t.Helper()
	target, err := sip.ParseURI(uri)
	if err != nil {
		p.net.t.Fatalf("siptest: phone %s: %v", p.name, err)
	}
	c := newCall(p, p.token()+"@"+p.name, p.token())
	me := sip.URI{Scheme: "sip", User: p.script.Owner, Host: p.sockets[0].Host}
	c.local, c.remote, c.target = "<"+me.String()+">;tag="+c.tag, "<"+uri+">", target
	p.add(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.invite(sdp, extra)
	return c
}

// ReInvite sends another INVITE in the dialog, without an offer when sdp is
// "". The channel gets the code of its final response.
func (c *Call) ReInvite(sdp string) <-chan int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.invite(sdp, nil)
}

// Offer returns a new session description of the phone, for ReInvite.
func (c *Call) Offer() string { c.mu.Lock(); defer c.mu.Unlock(); return c.sdp() }

func (c *Call) invite(sdp string, extra sip.Headers) <-chan int {
	i := &invitation{req: c.request(sip.INVITE, 0, []byte(sdp)), before: c.localSDP, result: make(chan int, 1)}
	if sdp != "" {
		c.localSDP = []byte(sdp)
	}
	i.req.Headers = append(i.req.Headers, extra...)
	i.seq = c.seq
	c.inviting = i
	i.tx = c.phone.Request(i.req, func(res *sip.Response) { c.answered(i, res) })
	return i.result
}

// answered takes a response to an INVITE, also a 2xx that comes again.
func (c *Call) answered(i *invitation, res *sip.Response) {
	if f := c.phone.script.OnResponse; f != nil {
		f(i.req, res)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case res.Code < 200:
		if c.state == Trying {
			c.reach(Ringing)
		}
	case res.IsSuccess():
		c.accepted(i, res)
	case c.inviting == i:
		c.inviting, c.localSDP = nil, i.before
		i.result <- res.Code
		if c.code == 0 {
			c.code = res.Code
		}
		if c.state < Answered || res.Code == 481 || res.Code == 408 {
			c.reach(Ended)
		}
	}
}

func (c *Call) accepted(i *invitation, res *sip.Response) {
	if c.remoteTag != "" && res.ToTag() != c.remoteTag {
		c.refuse(i, res)
		return
	}
	if c.inviting != i { // again
		if ack := c.lastACKed[i.seq]; ack != nil {
			c.phone.Send(ack)
		}
		return
	}
	c.inviting = nil
	c.peer(res.Headers)
	if c.remoteTag == "" {
		c.remoteTag, c.remote = res.ToTag(), res.Headers.Get("To")
		c.routes = reversed(recordRoutes(res.Headers))
	}
	if len(res.Body) > 0 {
		c.peerSDP = res.Body
	} else {
		c.phone.violation("2xx to an INVITE without a session description")
	}
	if c.code == 0 {
		c.code = res.Code
	}
	i.ok, c.unacked = res, i
	i.result <- res.Code
	c.reach(Answered)
	if !c.phone.script.HoldACK {
		c.ack("")
	}
	if c.wantsEnd {
		c.bye()
	}
}

// refuse ends the dialog of another fork.
func (c *Call) refuse(i *invitation, res *sip.Response) {
	if c.inviting == i { // the only one: a re-INVITE whose tag changed
		c.phone.violation("2xx to a re-INVITE with another To tag")
		return
	}
	other := newCall(c.phone, c.callID, c.tag)
	other.local, other.remote, other.seq = c.local, res.Headers.Get("To"), i.seq
	other.routes = reversed(recordRoutes(res.Headers))
	other.peer(res.Headers)
	c.phone.Send(other.request(sip.ACK, i.seq, nil))
	c.phone.Request(other.request(sip.BYE, 0, nil), func(*sip.Response) {})
}

// ACK acknowledges the 2xx when the script says HoldACK. When the INVITE had
// no offer, sdp is the answer, and "" makes one.
func (c *Call) ACK(sdp string) { c.mu.Lock(); defer c.mu.Unlock(); c.ack(sdp) }

func (c *Call) ack(sdp string) {
	i := c.unacked
	if i == nil {
		return
	}
	c.unacked = nil
	if len(i.req.Body) == 0 && sdp == "" {
		sdp = c.sdp()
	}
	if sdp != "" {
		c.localSDP = []byte(sdp)
	}
	ack := c.request(sip.ACK, i.seq, []byte(sdp))
	c.lastACKed[i.seq] = ack
	c.phone.Send(ack)
	c.reach(Confirmed)
}

// Cancel gives an outgoing call up: CANCEL, and BYE should it be answered all
// the same.
func (c *Call) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inviting == nil {
		return
	}
	c.wantsEnd = c.state < Answered
	c.inviting.tx.Cancel(nil)
}

// Bye ends the call at once; the answer is not waited for. Before the answer
// it cancels an outgoing call and refuses an incoming one with 486.
func (c *Call) Bye() {
	c.mu.Lock()
	if c.state >= Answered {
		defer c.mu.Unlock()
		c.bye()
		return
	}
	c.mu.Unlock()
	if c.incomingCall {
		c.Answer(486)
		return
	}
	c.Cancel()
}

func (c *Call) bye() {
	if c.state == Ended {
		return
	}
	c.send(c.request(sip.BYE, 0, nil), func(*sip.Response) {})
	c.reach(Ended)
}

// Request sends another request in the dialog, with body and its type taken
// from headers. The channel gets the final response.
func (c *Call) Request(method string, headers sip.Headers, body string) <-chan *sip.Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	req := c.request(method, 0, nil)
	req.Body = []byte(body)
	req.Headers = append(req.Headers, headers...)
	result := make(chan *sip.Response, 1)
	c.send(req, func(res *sip.Response) {
		if res.IsFinal() {
			result <- res
		}
	})
	return result
}

func (c *Call) send(req *sip.Request, then func(*sip.Response)) {
	c.phone.Request(req, func(res *sip.Response) {
		if f := c.phone.script.OnResponse; f != nil {
			f(req, res)
		}
		then(res)
	})
}

func reversed(s []string) []string {
	r := make([]string, 0, len(s))
	for i := len(s) - 1; i >= 0; i-- {
		r = append(r, s[i])
	}
	return r
}
