package transaction

import (
	"time"

	"github.com/sipd/sipd/core/sip"
)

// clientKey matches a response to its request (RFC 3261 section 17.1.3).
type clientKey struct{ branch, method string }

type state int

const (
	trying     state = iota // Calling, Trying: nothing received or sent yet
	proceeding              // a provisional response was received or sent
	accepted                // INVITE: 2xx received or sent (RFC 6026)
	completed               // another final response was received or sent
	confirmed               // server INVITE: the ACK came
	terminated
)

// attempt is a client transaction: a request to one target. Its methods run
// with the lock of its call.
type attempt struct {
	call   *call
	key    clientKey
	target Target
	state  state
	req    *sip.Request // nil after the final response
	ack    *sip.Request // of a non-2xx to an INVITE

	interval time.Duration // until the next retransmission
	again    timer         // A, E
	end      timer         // B, C, D, F, K, M
	given    bool          // a CANCEL was sent
}

// attempt sends req and reports whether that was possible; the call goes on
// with its next target otherwise.
func (c *call) attempt(req *sip.Request, to Target) bool {
	l := c.layer
	via, _ := req.Headers.TopVia()
	a := &attempt{call: c, key: clientKey{via.Branch(), req.Method}, target: to, req: req, interval: l.timers.T1}
	c.current = a
	if !l.addClient(a) {
		a.state = terminated
		return false
	}
	l.stats.client.Add(1)
	if f := req.OnSent; f != nil {
		f(sip.Sent{Branch: a.key.branch, Socket: to.Socket, Addr: to.Addr})
	}
	if err := a.send(req); err != nil {
		a.failed(err)
		return false
	}
	if !to.reliable() {
		a.again.start(&c.serial, a.interval, a.retransmit)
	}
	limit := l.timers.F
	if a.invite() {
		limit = l.timers.B
	}
	a.end.start(&c.serial, limit, a.timeout)
	return true
}

func (a *attempt) invite() bool { return a.key.method == sip.INVITE }

func (a *attempt) send(req *sip.Request) error {
	return a.call.layer.opt.Transport.SendRequest(req, a.target, func(err error) {
		a.call.mu.Lock()
		defer a.call.unlock()
		if a.state != trying { // the peer was reached; a time-out may follow
			return
		}
		a.failed(err)
		a.call.next(nil)
	})
}

func (a *attempt) failed(err error) {
	l := a.call.layer
	l.stats.failures.Add(1)
	l.opt.Log.Info("request not sent", "method", a.key.method, "to", a.target.Addr, "error", err)
	a.terminate()
}

// retransmit is Timer A and E: the interval doubles, up to T2 for a request
// that is no INVITE, and is T2 once such a request is proceeding.
func (a *attempt) retransmit() {
	l := a.call.layer
	l.stats.retransmissions.Add(1)
	if err := a.send(a.req); err != nil && a.state == trying {
		a.failed(err)
		a.call.next(nil)
		return
	}
	a.interval *= 2
	if !a.invite() && (a.interval > l.timers.T2 || a.state == proceeding) {
		a.interval = l.timers.T2
	}
	a.again.start(&a.call.serial, a.interval, a.retransmit)
}

// timeout is Timer B and F. A peer that said nothing at all is given up for
// the next one.
func (a *attempt) timeout() {
	c := a.call
	silent := a.state == trying
	a.terminate()
	if c.req == nil {
		return
	}
	last := local(c.req, 408)
	if silent && c.more() {
		c.next(last)
		return
	}
	c.finish(last)
}

func (a *attempt) terminate() {
	if a.state == terminated {
		return
	}
	a.call.layer.removeClient(a)
	a.stop()
}

func (a *attempt) stop() {
	a.state, a.req, a.ack = terminated, nil, nil
	a.again.stop()
	a.end.stop()
}

// shut ends the attempt when the layer closes.
func (a *attempt) shut() {
	a.call.mu.Lock()
	defer a.call.mu.Unlock()
	a.stop()
	a.call.drop()
}

// wait keeps a finished attempt for d, to deal with retransmissions.
func (a *attempt) wait(s state, d time.Duration) {
	a.state, a.req = s, nil
	a.again.stop()
	if d == 0 {
		a.terminate()
		return
	}
	a.end.start(&a.call.serial, d, a.terminate)
}

// unless returns d, or 0 on a reliable transport.
func (a *attempt) unless(d time.Duration) time.Duration {
	if a.target.reliable() {
		return 0
	}
	return d
}
