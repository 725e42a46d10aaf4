package siptest

import (
	"sync"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// Script is what a [Phone] does by itself. The zero value rings at once and
// answers 200 at once, and takes part in whatever the peer wants.
type Script struct {
	Ring        time.Duration // until the 180; negative for none
	Answer      time.Duration // from then until the final response
	NeverAnswer bool          // rings until it is cancelled, or the test calls [Call.Answer]
	Code        int           // final response; 0 means 200
	Early       bool          // 183 with the answer instead of 180
	Owner       string        // of the session descriptions; "" for the name of the phone
	Talk        time.Duration // when not 0, BYE this long after the dialog is confirmed

	ReInviteCode  int           // final response to a re-INVITE; 0 means 200
	ReInviteDelay time.Duration // before it
	HoldACK       bool          // the test sends the ACK of a 2xx: see [Call.ACK]
	HoldBye       bool          // BYE ends the call, but the test answers it (see OnRequest)

	Extra sip.Headers // in each 2xx to INVITE and UPDATE

	// Forget drops a call a minute after its end, when no message of it is on
	// its way any more. Without, the phone keeps every call: see [Phone.Calls].
	Forget bool
	// OnCall hears of each call that comes in, with its INVITE, instead of
	// [Phone.Incoming]. It must not block.
	OnCall func(*Call, *sip.Request)

	// OnRequest sees each request first and returns true when it has dealt
	// with it. It must not block.
	OnRequest func(sip.ServerRequest) bool
	// OnResponse sees each response to a request of the phone.
	OnResponse func(req *sip.Request, res *sip.Response)

	// Lenient makes the phone accept what is against the rules of offer and
	// answer or of dialogs. Otherwise the test fails: an INVITE inside
	// another, a 2xx without the answer, an ACK that does not come or lacks
	// the answer, a CSeq that goes back.
	Lenient bool
}

// Phone is a user agent with any number of calls.
type Phone struct {
	*Endpoint
	script Script

	incoming chan *Call
	mu       sync.Mutex
	calls    map[string]*Call // by Call-ID and own tag
	all      []*Call
}

// Phone adds a phone to the network. name is that of its endpoint.
func (n *Network) Phone(name string, s Script) *Phone {
	p := &Phone{script: s, incoming: make(chan *Call, 1024), calls: make(map[string]*Call)}
	if p.script.Owner == "" {
		p.script.Owner = name
	}
	if p.script.Code == 0 {
		p.script.Code = 200
	}
	if p.script.ReInviteCode == 0 {
		p.script.ReInviteCode = 200
	}
	p.Endpoint = n.Endpoint(name, p.handle)
	return p
}

// Incoming waits for the next call that comes in.
func (p *Phone) Incoming() *Call {
	p.net.t.Helper()
	select {
	case c := <-p.incoming:
		return c
	case <-time.After(patience):
		p.net.t.Fatalf("siptest: no call came to %s within %v", p.name, patience)
		return nil
	}
}

// Calls returns all calls so far, oldest first.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Call(nil), p.all...)
}

// Last returns the youngest call, or nil.
func (p *Phone) Last() *Call {
	if all := p.Calls(); len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

func (p *Phone) add(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[c.callID+"\n"+c.tag] = c
	p.all = append(p.all, c)
}

func (p *Phone) find(req *sip.Request) *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[req.CallID()+"\n"+req.ToTag()]
}

// violation fails the test unless the script is lenient.
func (p *Phone) violation(format string, args ...any) {
	if !p.script.Lenient {
		p.net.t.Errorf("siptest: phone "+p.name+": "+format, args...)
	}
}

func (p *Phone) handle(r sip.ServerRequest) {
	if f := p.script.OnRequest; f != nil && f(r) {
		return
	}
	req := r.Request()
	if req.ToTag() != "" {
		if c := p.find(req); c != nil {
			c.inside(r)
		} else if req.Method != sip.ACK {
			reply(r, 481)
		}
		return
	}
	switch req.Method {
	case sip.INVITE:
		p.ring(r)
	case sip.ACK:
	case sip.OPTIONS, sip.MESSAGE, sip.INFO, sip.NOTIFY:
		reply(r, 200)
	case sip.BYE, sip.UPDATE:
		reply(r, 481)
	default:
		reply(r, 405)
	}
}

// ring begins an incoming call.
func (p *Phone) ring(r sip.ServerRequest) {
	req := r.Request()
	c := newCall(p, req.CallID(), p.token())
	c.incomingCall = true
	c.remote, c.remoteTag = req.Headers.Get("From"), req.FromTag()
	c.local = req.Headers.Get("To") + ";tag=" + c.tag
	c.remoteSeq, _ = req.CSeq()
	c.peer(req.Headers)
	c.routes = recordRoutes(req.Headers)
	c.pending = r
	c.gotOffer(req.Body)
	p.add(c)
	if f := p.script.OnCall; f != nil {
		f(c, req)
	} else {
		select {
		case p.incoming <- c:
		default:
		}
	}
	r.OnCancel(func(*sip.Request) { c.cancelledByPeer(r) })
	c.later(max(p.script.Ring, 0), func() {
		if p.script.Ring >= 0 {
			c.Ring()
		}
		if !p.script.NeverAnswer {
			c.later(p.script.Answer, func() { c.Answer(p.script.Code) })
		}
	})
}

// reply responds without a dialog; a request that has its answer is left
// alone.
func reply(r sip.ServerRequest, code int) {
	_ = r.Respond(sip.NewResponse(r.Request(), code, "", ""))
}

func recordRoutes(h sip.Headers) []string {
	var routes []string
	for _, v := range h.Values("Record-Route") {
		routes = append(routes, sip.SplitList(v)...)
	}
	return routes
}
