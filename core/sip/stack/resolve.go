package stack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

// maxTargets is how many ways to a next hop are tried at most.
const maxTargets = 8

// bigUDP is the size from which a request must not go by UDP if TCP is
// possible (RFC 3261 section 18.1.1), less the room for a Via.
const bigUDP = 1300 - 200

// endpoint is a place where the next hop listens.
type endpoint struct {
	proto string
	addr  netip.AddrPort
}

// route is the question of RFC 3263: where to send.
type route struct {
	host      string // address or name, lower case
	port      int    // 0 when absent
	transport string // "udp", "tcp", or "" when the URI leaves it open
}

// Resolve is [transaction.Transport].Resolve.
func (s *Stack) Resolve(req *sip.Request, done func([]transaction.Target, error)) {
	hop, err := nextHop(req)
	if err != nil {
		done(nil, err)
		return
	}
	r, err := newRoute(hop)
	if err != nil {
		done(nil, err)
		return
	}
	prefer, big := req.Socket, r.transport == "" && size(req) > bigUDP
	finish := func(places []endpoint, err error) {
		targets := s.targets(places, prefer, big)
		if err == nil && len(targets) == 0 {
			err = fmt.Errorf("no way to %s: no socket of this server fits", hop)
		}
		done(targets, err)
	}
	places, err := s.names.locate(s.ctx, r, s.protos(), false)
	if !errors.Is(err, errAsk) {
		finish(places, err)
		return
	}
	s.lookup(r, finish)
}

// lookup asks DNS in a goroutine.
func (s *Stack) lookup(r route, finish func([]endpoint, error)) {
	if !s.names.enter() {
		s.counters.add(dnsRefused)
		finish(nil, errors.New("too many DNS lookups wait: are the name servers slow?"))
		return
	}
	s.counters.add(dnsLookups)
	ok := s.spawn(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.LookupTimeout)
		defer cancel()
		places, err := s.names.locate(ctx, r, s.protos(), true)
		s.names.leave()
		if err != nil {
			s.counters.add(dnsFailures)
		}
		finish(places, err)
	})
	if !ok {
		s.names.leave()
		finish(nil, errClosed)
	}
}

// nextHop returns the URI that decides where a request goes.
func nextHop(req *sip.Request) (sip.URI, error) {
	if !req.NextHop.IsZero() {
		return req.NextHop, nil
	}
	if list := sip.SplitList(req.Headers.Get("Route")); len(list) > 0 {
		a, err := sip.ParseAddress(list[0])
		if err != nil {
			return sip.URI{}, fmt.Errorf("route: %w", err)
		}
		return a.URI, nil
	}
	return req.URI, nil
}

// newRoute reads what RFC 3263 section 4 wants to know of a URI.
func newRoute(u sip.URI) (route, error) {
	r := route{host: strings.ToLower(u.Host), port: u.Port, transport: u.Transport()}
	switch {
	case u.Scheme == "sips":
		return r, fmt.Errorf("no way to %s: TLS is not supported, use a sip URI", u)
	case u.Scheme != "sip":
		return r, fmt.Errorf("no way to %s: a %s URI names no host, set the next hop", u, u.Scheme)
	case r.transport != "" && r.transport != "udp" && r.transport != "tcp":
		return r, fmt.Errorf("no way to %s: transport %s is not supported, use udp or tcp", u, r.transport)
	}
	if maddr, ok := u.Params.Get("maddr"); ok && maddr != "" {
		r.host = strings.ToLower(strings.Trim(maddr, "[]"))
	}
	return r, nil
}

// targets joins each place with the socket that leads there. For a big
// request TCP is tried before UDP.
func (s *Stack) targets(places []endpoint, prefer *sip.Socket, big bool) []transaction.Target {
	var list []transaction.Target
	add := func(proto string, addr netip.AddrPort) {
		if socket := s.pick(proto, family(addr.Addr()), prefer); socket != nil && len(list) < maxTargets {
			list = append(list, transaction.Target{Socket: socket, Addr: addr})
		}
	}
	for _, p := range places {
		if big && p.proto == "udp" {
			add("tcp", p.addr)
		}
		add(p.proto, p.addr)
	}
	return list
}

// SocketFor is [sip.Endpoint].SocketFor.
func (s *Stack) SocketFor(uri sip.URI, prefer *sip.Socket) (*sip.Socket, error) {
	r, err := newRoute(uri)
	if err != nil {
		return nil, err
	}
	fam := 0
	if a, err := netip.ParseAddr(r.host); err == nil {
		fam = family(a)
	}
	protos := []string{r.transport}
	if r.transport == "" {
		protos = []string{"udp", "tcp"}
		if prefer != nil {
			protos = []string{prefer.Proto, "udp", "tcp"}
		}
	}
	for _, proto := range protos {
		if socket := s.pick(proto, fam, prefer); socket != nil {
			return socket, nil
		}
	}
	return nil, fmt.Errorf("no way to %s: no socket of this server fits", uri)
}

// pick returns the socket of a transport and address family (0: any), prefer
// if it fits.
func (s *Stack) pick(proto string, fam int, prefer *sip.Socket) *sip.Socket {
	fits := func(socket *sip.Socket) bool {
		a, err := netip.ParseAddr(socket.Host)
		return socket.Proto == proto && (fam == 0 || err == nil && family(a) == fam)
	}
	if prefer != nil && fits(prefer) {
		return prefer
	}
	for _, socket := range s.sockets {
		if fits(socket) {
			return socket
		}
	}
	return nil
}

// protos lists the transports that this server has, UDP first.
func (s *Stack) protos() []string {
	var list []string
	if len(s.udp) > 0 {
		list = append(list, "udp")
	}
	if len(s.tcp) > 0 {
		list = append(list, "tcp")
	}
	return list
}

func family(a netip.Addr) int {
	if a.Unmap().Is4() {
		return 4
	}
	return 6
}

// size estimates the bytes of a request.
func size(req *sip.Request) int {
	n := len(req.Method) + len(req.URI.String()) + 12 + len(req.Body)
	for _, f := range req.Headers {
		n += len(f.Name) + len(f.Value) + 4
	}
	return n
}
