package siptest

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

// Endpoint is one host of a [Network]. It implements [sip.Endpoint], and
// [transaction.Transport] for its own layer.
type Endpoint struct {
	net     *Network
	name    string
	addr    netip.AddrPort
	sockets []*sip.Socket // UDP, TCP
	handler sip.Handler
	layer   atomic.Pointer[transaction.Layer]
	tokens  atomic.Uint64
}

var _ sip.Endpoint = (*Endpoint)(nil)

// Name returns the name given to [Network.Endpoint].
func (e *Endpoint) Name() string { return e.name }

// Addr returns the address from which its messages come.
func (e *Endpoint) Addr() netip.AddrPort { return e.addr }

// Layer returns the transaction layer, for its counters.
func (e *Endpoint) Layer() *transaction.Layer { return e.layer.Load() }

// boot begins with no transactions; those of before end without a word.
func (e *Endpoint) boot() {
	old := e.layer.Swap(transaction.New(transaction.Options{
		Transport: e, Handler: e.handler, Timers: e.net.Timers, Rand: e.token,
	}))
	if old != nil {
		old.Close()
	}
}

// token counts, so that every run has the same branches and tags.
func (e *Endpoint) token() string {
	return fmt.Sprintf("%s.%d", e.sockets[0].Host, e.tokens.Add(1))
}

// Sockets is [sip.Endpoint].Sockets: UDP and TCP.
func (e *Endpoint) Sockets() []*sip.Socket { return append([]*sip.Socket(nil), e.sockets...) }

// SocketFor is [sip.Endpoint].SocketFor.
func (e *Endpoint) SocketFor(uri sip.URI, prefer *sip.Socket) (*sip.Socket, error) {
	want := uri.Transport()
	if prefer != nil && (want == "" || want == prefer.Proto) {
		return prefer, nil
	}
	for _, s := range e.sockets {
		if want == "" || want == s.Proto {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no socket of %s fits %s", e.name, uri)
}

// Request is [sip.Endpoint].Request.
func (e *Endpoint) Request(req *sip.Request, on func(*sip.Response)) sip.ClientTransaction {
	return e.Layer().Request(req, on)
}

// Resume is [sip.Endpoint].Resume.
func (e *Endpoint) Resume(req *sip.Request, sent sip.Sent, on func(*sip.Response)) sip.ClientTransaction {
	return e.Layer().Resume(req, sent, on)
}

// Reopen is [sip.Endpoint].Reopen.
func (e *Endpoint) Reopen(req *sip.Request) sip.ServerRequest { return e.Layer().Reopen(req) }

// Send is [sip.Endpoint].Send.
func (e *Endpoint) Send(req *sip.Request) { e.Layer().Send(req) }

// Resolve is [transaction.Transport].Resolve. It never waits.
func (e *Endpoint) Resolve(req *sip.Request, done func([]transaction.Target, error)) {
	uri, err := nextHop(req)
	if err != nil {
		done(nil, err)
		return
	}
	socket, err := e.SocketFor(uri, req.Socket)
	if err != nil {
		done(nil, err)
		return
	}
	eps, err := e.net.find(uri.Host, uri.Port)
	var targets []transaction.Target
	for _, to := range eps {
		targets = append(targets, transaction.Target{Socket: socket, Addr: to.addr})
	}
	done(targets, err)
}

func nextHop(req *sip.Request) (sip.URI, error) {
	if !req.NextHop.IsZero() {
		return req.NextHop, nil
	}
	for _, v := range req.Headers.Values("Route") {
		for _, item := range sip.SplitList(v) {
			a, err := sip.ParseAddress(item)
			return a.URI, err
		}
	}
	if !req.URI.IsSIP() {
		return sip.URI{}, fmt.Errorf("no way to %s", req.URI)
	}
	return req.URI, nil
}

// SendRequest is [transaction.Transport].SendRequest.
func (e *Endpoint) SendRequest(req *sip.Request, to transaction.Target, fail func(error)) error {
	wire, err := parse(req.Append(nil))
	if err != nil {
		e.net.t.Errorf("siptest: %s sent a bad request: %v", e.name, err)
		return err
	}
	wire.from, wire.to, wire.fail, wire.reliable = e.addr, to.Addr, fail, to.Socket.Proto != "udp"
	e.net.send(wire)
	return nil
}

// SendResponse is [transaction.Transport].SendResponse.
func (e *Endpoint) SendResponse(res *sip.Response, socket *sip.Socket, source netip.AddrPort) error {
	wire, err := parse(res.Append(nil))
	if err != nil {
		e.net.t.Errorf("siptest: %s sent a bad response: %v", e.name, err)
		return err
	}
	wire.from, wire.to, wire.reliable = e.addr, source, socket != nil && socket.Proto != "udp"
	e.net.send(wire)
	return nil
}

// receive hands a message that arrived to the layer.
func (e *Endpoint) receive(m *message) {
	fresh, err := parse(m.raw) // of a copy, each receiver has his own
	if err != nil {
		return
	}
	if res := fresh.res; res != nil {
		res.Source = m.from
		e.Layer().HandleResponse(res)
		return
	}
	req := fresh.req
	req.Source, req.Socket = m.from, e.sockets[0]
	if m.reliable {
		req.Socket = e.sockets[1]
	}
	e.Layer().HandleRequest(req)
}

var errRefused = errors.New("connection refused")
