package transaction

import "github.com/sipd/sipd/core/sip"

// call is a request of an owner: one attempt after the other until a target
// answers. It has the lock of all its attempts.
type call struct {
	serial
	layer *Layer
	on    func(*sip.Response) // nil once nobody listens

	req     *sip.Request // prepared, without Via; nil after the final response
	targets []Target     // not tried yet
	current *attempt     // nil while the targets are looked for
	resolve timer

	cancelled bool
	reason    sip.Headers // for the CANCEL
}

// Request is [sip.Endpoint].Request.
func (l *Layer) Request(req *sip.Request, on func(*sip.Response)) sip.ClientTransaction {
	c := &call{layer: l, on: on, req: prepare(req)}
	c.mu.Lock()
	if !l.startCall(c) {
		c.finish(local(c.req, 503))
		c.unlockLater()
		return c
	}
	limit := l.timers.F
	if req.Method == sip.INVITE {
		limit = l.timers.B
	}
	c.resolve.start(&c.serial, limit, func() { c.noTarget(408) })
	c.mu.Unlock()
	l.opt.Transport.Resolve(c.req, c.resolved)
	return c
}

// resolved may run inside Request, so it leaves callbacks to a goroutine.
func (c *call) resolved(targets []Target, err error) {
	c.mu.Lock()
	defer c.unlockLater()
	if c.req == nil || c.current != nil {
		return
	}
	if err != nil || len(targets) == 0 {
		c.layer.opt.Log.Info("no next hop", "method", c.req.Method, "uri", c.req.URI.String(), "error", err)
		c.layer.stats.failures.Add(1)
		c.noTarget(503)
		return
	}
	c.stopResolve()
	c.targets = targets
	c.next(nil)
}

func (c *call) stopResolve() {
	c.resolve.stop()
	c.layer.endResolve(c)
}

func (c *call) noTarget(code int) {
	c.stopResolve()
	c.finish(local(c.req, code))
}

// next starts an attempt at the next target that can be sent to. When there
// is none the call ends with last, or with a local 503.
func (c *call) next(last *sip.Response) {
	for len(c.targets) > 0 && !c.cancelled {
		to := c.targets[0]
		c.targets = c.targets[1:]
		req := withVia(c.req, to, sip.MagicCookie+c.layer.opt.Rand())
		if c.attempt(req, to) {
			return
		}
	}
	switch {
	case c.cancelled && last == nil:
		last = local(c.req, 487)
	case last == nil:
		last = local(c.req, 503)
	}
	c.finish(last)
}

// more reports whether a failed attempt is followed by another.
func (c *call) more() bool { return c.req != nil && len(c.targets) > 0 && !c.cancelled }

// finish passes the final response on. Further 2xx may follow.
func (c *call) finish(res *sip.Response) {
	c.req, c.targets, c.reason = nil, nil, nil
	c.deliver(res)
}

func (c *call) deliver(res *sip.Response) {
	if c.on == nil {
		return
	}
	if res.Local && res.Code == 408 {
		c.layer.stats.timeouts.Add(1)
	}
	on := c.on
	c.push(func() { on(res) })
}

// Cancel is [sip.ClientTransaction].Cancel. It does nothing for a request
// that is not an INVITE, and one that was not sent yet ends at once with a
// local 487.
func (c *call) Cancel(headers sip.Headers) {
	c.mu.Lock()
	defer c.unlockLater()
	if c.cancelled || c.req == nil || c.req.Method != sip.INVITE {
		return
	}
	c.cancelled, c.reason = true, headers.Clone()
	switch {
	case c.current == nil:
		c.noTarget(487)
	case c.current.state == proceeding:
		c.current.cancel(487)
	}
}

// Abandon is [sip.ClientTransaction].Abandon. A callback that runs already is
// not waited for. A non-2xx to an INVITE is still acknowledged.
func (c *call) Abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.req != nil && c.current == nil {
		c.stopResolve()
	}
	c.drop()
	if a := c.current; a != nil && a.state != completed {
		a.terminate()
	}
}

// shut ends the call when the layer closes.
func (c *call) shut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}

func (c *call) drop() {
	c.on, c.pending, c.req, c.targets = nil, nil, nil, nil
	c.resolve.stop()
}

// Send is [sip.Endpoint].Send. The next target is tried when sending fails at
// once.
func (l *Layer) Send(req *sip.Request) {
	r := prepare(req)
	l.opt.Transport.Resolve(r, func(targets []Target, err error) {
		fail := func(err error) {
			l.stats.failures.Add(1)
			l.opt.Log.Info("request not sent", "method", r.Method, "uri", r.URI.String(), "error", err)
		}
		for _, to := range targets {
			err = l.opt.Transport.SendRequest(withVia(r, to, sip.MagicCookie+l.opt.Rand()), to, fail)
			if err == nil {
				return
			}
		}
		fail(err)
	})
}
