package transaction

import "github.com/sipd/sipd/core/sip"

// Resume is [sip.Endpoint].Resume.
func (l *Layer) Resume(req *sip.Request, sent sip.Sent, on func(*sip.Response)) sip.ClientTransaction {
	c := &call{layer: l, on: on, req: prepare(req)}
	c.mu.Lock()
	defer c.unlockLater()
	to := Target{Socket: sent.Socket, Addr: sent.Addr}
	a := &attempt{call: c, key: clientKey{sent.Branch, req.Method}, target: to,
		state: proceeding, req: withVia(c.req, to, sent.Branch)}
	c.current = a
	if !l.addClient(a) {
		a.state = terminated
		c.finish(local(c.req, 503))
		return c
	}
	l.stats.client.Add(1)
	a.end.start(&c.serial, l.timers.B, a.timeout)
	return c
}

// Reopen is [sip.Endpoint].Reopen.
func (l *Layer) Reopen(req *sip.Request) sip.ServerRequest {
	via, err := req.Headers.TopVia()
	if err != nil || check(req) != nil {
		return nil
	}
	s, is := l.openServer(req, serverKey(req, via, req.Method))
	if is != opened {
		return nil
	}
	l.stats.server.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.req != nil && s.last == nil {
		s.last = sip.NewResponse(req, 100, "", "") // its sender may not have got one
	}
	return &serverRequest{s, req}
}
