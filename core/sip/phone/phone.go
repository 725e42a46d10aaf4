// Package phone is a simulated telephone over a [sip.Endpoint]: it calls, or
// rings and answers, and follows re-INVITEs. It carries no sound; it is for the demo, benchmarks and tests on loopback.
package phone

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// Options say how a phone behaves.
type Options struct {
	Name string        // user part of its URI and owner of its SDP
	Ring time.Duration // how long it rings before it answers
	Code int           // final answer to a call; 0 means 200
	// Never makes it ring until it is cancelled; Early lets it send early
	// media (183) instead of ringing; Deaf does not answer at all.
	Never, Early, Deaf bool
	// Media is the m= line of its SDP with its attributes; empty means audio.
	Media string
	// Late makes it call without an offer; its ACK carries the answer.
	Late bool
	// Again is the answer to a re-INVITE; 0 means 200.
	Again int
	// Cross makes it answer when it is cancelled: its 200 and the CANCEL cross
	// (RFC 3261 section 9.1).
	Cross bool
}

// Phone is a user agent with any number of calls.
type Phone struct {
	o     Options
	net   sip.Endpoint // may be read once ready is closed
	ready chan struct{}

	mu       sync.Mutex
	calls    map[string]*Call // by Call-ID
	rang     chan *sip.Request
	answered chan *Call
}

// New opens a phone by open, which is given the phone's handler.
func New(o Options, open func(sip.Handler) (sip.Endpoint, error)) (*Phone, error) {
	if o.Code == 0 {
		o.Code = 200
	}
	p := &Phone{o: o, ready: make(chan struct{}), calls: map[string]*Call{},
		rang: make(chan *sip.Request, 4096), answered: make(chan *Call, 4096)}
	defer close(p.ready)
	var err error
	if p.net, err = open(p.handle); err != nil {
		return nil, fmt.Errorf("phone %s: %w", o.Name, err)
	}
	return p, nil
}

// URI is where the phone is reached.
func (p *Phone) URI() sip.URI { return p.net.Sockets()[0].Contact(p.o.Name) }

// Port is the port of the phone.
func (p *Phone) Port() int { return p.net.Sockets()[0].Port }

// Invited yields each INVITE that opens a call.
func (p *Phone) Invited() <-chan *sip.Request { return p.rang }

// Answered yields each call the phone has taken.
func (p *Phone) Answered() <-chan *Call { return p.answered }

// Live is the number of calls the phone is in.
func (p *Phone) Live() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// Call calls uri with From's display name and user, and returns when the call
// is answered. A refusal is a [Refused] error.
func (p *Phone) Call(ctx context.Context, uri string, from sip.Address) (*Call, error) {
	to, err := sip.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	c := p.open(rand.Text())
	if from.URI.IsZero() {
		from.URI = p.URI()
	}
	c.local = from.String() + ";tag=" + rand.Text()
	c.remote, c.target = sip.Address{URI: to}.String(), to
	req := c.next(sip.INVITE)
	if !p.o.Late {
		c.describe(&req.Headers, &req.Body)
	}
	final := make(chan *sip.Response, 1)
	tx := p.net.Request(req, func(res *sip.Response) {
		if res.IsFinal() {
			select {
			case final <- res:
			default:
				c.acknowledge() // a repeated 2xx
			}
		}
	})
	select {
	case res := <-final:
		if !res.IsSuccess() {
			p.forget(c)
			return nil, Refused{res.Code, res.Reason}
		}
		c.established(res)
		return c, nil
	case <-ctx.Done():
		tx.Cancel(nil)
		p.forget(c)
		return nil, ctx.Err()
	}
}

// Refused is the final answer to a call that was not taken.
type Refused struct {
	Code   int
	Reason string
}

// Error implements error.
func (r Refused) Error() string { return fmt.Sprintf("refused with %d %s", r.Code, r.Reason) }

func (p *Phone) open(id string) *Call {
	c := &Call{p: p, id: id, heard: make(chan string, 64), ended: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[id] = c
	return c
}

func (p *Phone) forget(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.id)
	if !c.over {
		c.over = true
		close(c.ended)
	}
}

// handle is what the phone does with a request.
func (p *Phone) handle(tx sip.ServerRequest) {
	<-p.ready // a request may come before open has returned
	req := tx.Request()
	p.mu.Lock()
	c := p.calls[req.CallID()]
	p.mu.Unlock()
	switch {
	case c == nil && req.Method == sip.INVITE && req.ToTag() == "":
		p.ring(tx)
	case req.Method == sip.ACK:
		if c != nil {
			c.acked(req)
			c.hear(req.Body)
		}
	case c == nil:
		_ = tx.Respond(sip.NewResponse(req, 481, "", ""))
	case req.Method == sip.INVITE && p.o.Again >= 300:
		_ = tx.Respond(sip.NewResponse(req, p.o.Again, "", ""))
	case req.Method == sip.INVITE:
		c.hear(req.Body)
		c.accept(tx, "")
	case req.Method == sip.BYE:
		_ = tx.Respond(sip.NewResponse(req, 200, "", ""))
		p.forget(c)
	default:
		_ = tx.Respond(sip.NewResponse(req, 200, "", ""))
	}
}

// ring answers a call after the phone's time. A call that was cancelled
// meanwhile has its answer: Respond refuses another.
func (p *Phone) ring(tx sip.ServerRequest) {
	req := tx.Request()
	select {
	case p.rang <- req:
	default:
	}
	if p.o.Deaf {
		return
	}
	c := p.open(req.CallID())
	tag := rand.Text()
	c.local, c.remote = req.Headers.Get("To")+";tag="+tag, req.Headers.Get("From")
	if a, err := req.Contact(); err == nil {
		c.target = a.URI
	}
	_ = tx.Respond(c.ringing(req, tag))
	take := func() {
		c.hear(req.Body)
		c.accept(tx, tag)
		select {
		case p.answered <- c:
		default:
		}
	}
	tx.OnCancel(func(*sip.Request) {
		if p.o.Cross {
			take()
			return
		}
		_ = tx.Respond(sip.NewResponse(req, 487, "", tag))
		p.forget(c)
	})
	if p.o.Never || p.o.Cross {
		return
	}
	time.AfterFunc(p.o.Ring, func() {
		select {
		case <-c.ended: // cancelled
			return
		default:
		}
		if p.o.Code >= 300 {
			_ = tx.Respond(sip.NewResponse(req, p.o.Code, "", tag))
			p.forget(c)
			return
		}
		take()
	})
}

// Options asks uri whether it is there, and reports whether anything answered
// within limit.
func (p *Phone) Options(ctx context.Context, uri string, limit time.Duration) bool {
	to, err := sip.ParseURI(uri)
	if err != nil {
		return false
	}
	c := &Call{p: p, id: rand.Text(), target: to, remote: sip.Address{URI: to}.String()}
	c.local = sip.Address{URI: p.URI()}.String() + ";tag=" + rand.Text()
	answered := make(chan bool, 1)
	tx := p.net.Request(c.next(sip.OPTIONS), func(res *sip.Response) {
		if res.IsFinal() {
			answered <- !res.Local && res.Code != 503
		}
	})
	defer tx.Abandon()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case ok := <-answered:
		if !ok {
			<-t.C // not in a tight loop
		}
		return ok
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// Some returns up to n calls that the phone is in.
func (p *Phone) Some(n int) (calls []*Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.calls {
		if len(calls) == n {
			break
		}
		calls = append(calls, c)
	}
	return calls
}
