package transaction

import (
	"github.com/sipd/sipd/core/sip"
)

// HandleResponse takes a response that a transport received. The layer owns
// res from here on.
func (l *Layer) HandleResponse(res *sip.Response) {
	via, err := res.Headers.TopVia()
	_, method := res.CSeq()
	if err != nil || method == "" || res.Code < 100 || res.Code > 699 {
		l.stats.malformed.Add(1)
		l.opt.Log.Debug("malformed response dropped", "code", res.Code, "from", res.Source)
		return
	}
	a := l.client(clientKey{via.Branch(), method})
	if a == nil {
		l.stats.stray.Add(1)
		l.opt.Log.Debug("stray response dropped", "code", res.Code, "method", method, "from", res.Source)
		return
	}
	a.call.mu.Lock()
	defer a.call.unlock()
	switch {
	case a.state == terminated:
	case res.Code < 200:
		a.provisional(res)
	case a.invite() && res.IsSuccess():
		a.success(res)
	case a.invite():
		a.failure(res)
	default:
		a.final(res)
	}
}

func (a *attempt) provisional(res *sip.Response) {
	if a.state != trying && a.state != proceeding {
		return
	}
	c := a.call
	first := a.state == trying
	a.state = proceeding
	if a.invite() {
		a.again.stop()
		if !a.given && (first || res.Code > 100) {
			a.end.start(&c.serial, c.layer.timers.C, a.ringsForEver)
		}
	}
	if res.Code > 100 {
		c.deliver(res)
	}
	if c.cancelled && !a.given {
		a.cancel(487)
	}
}

// ringsForEver is Timer C (RFC 3261 section 16.8).
func (a *attempt) ringsForEver() {
	a.call.cancelled = true
	a.cancel(408)
}

// cancel sends the CANCEL, which is a transaction of its own. When the INVITE
// has no final response 64*T1 later it ends with a local one.
func (a *attempt) cancel(code int) {
	c, l := a.call, a.call.layer
	a.given = true
	req := hopByHop(a.req, sip.CANCEL, a.req.Headers.Get("To"), c.reason)
	other := &call{layer: l, req: req}
	other.mu.Lock()
	if !other.attempt(req, a.target) {
		other.finish(local(req, 503))
	}
	other.mu.Unlock()
	a.end.start(&c.serial, 64*l.timers.T1, func() {
		res := local(c.req, code)
		a.terminate()
		c.finish(res)
	})
}

// success deals with a 2xx to an INVITE. All of them go to the owner, also
// the one of another fork after a failure.
func (a *attempt) success(res *sip.Response) {
	c := a.call
	if a.state == trying || a.state == proceeding {
		a.wait(accepted, c.layer.timers.M)
		c.finish(res)
		return
	}
	c.deliver(res)
}

// failure deals with a non-2xx to an INVITE.
func (a *attempt) failure(res *sip.Response) {
	c, l := a.call, a.call.layer
	switch a.state {
	case trying, proceeding:
		ack := hopByHop(a.req, sip.ACK, res.Headers.Get("To"), nil)
		a.acknowledge(ack)
		a.ack = ack
		a.wait(completed, a.unless(l.timers.D))
		c.conclude(res)
	case completed:
		l.stats.absorbed.Add(1)
		a.acknowledge(a.ack)
	}
}

func (a *attempt) acknowledge(ack *sip.Request) {
	l := a.call.layer
	if err := l.opt.Transport.SendRequest(ack, a.target, nil); err != nil {
		l.opt.Log.Info("request not sent", "method", "ACK", "to", a.target.Addr, "error", err)
	}
}

// final deals with the final response to another request.
func (a *attempt) final(res *sip.Response) {
	if a.state != trying && a.state != proceeding {
		a.call.layer.stats.absorbed.Add(1)
		return
	}
	a.wait(completed, a.unless(a.call.layer.timers.K))
	a.call.conclude(res)
}

// conclude passes a final response on, or tries the next target upon a 503.
func (c *call) conclude(res *sip.Response) {
	if res.Code == 503 && c.more() {
		c.next(res)
		return
	}
	c.finish(res)
}
