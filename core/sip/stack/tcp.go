package stack

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/sipd/sipd/core/sip"
)

// tcpSocket is a listening TCP socket.
type tcpSocket struct {
	stack    *Stack
	socket   *sip.Socket
	listener *net.TCPListener
}

// accept takes connections until the socket is closed. Errors, such as too
// many open files, make it wait a moment.
func (t *tcpSocket) accept() {
	pause := backoff{}
	for {
		nc, err := t.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			t.stack.counters.drop(readErrors, netip.AddrPort{}, err)
			if !pause.wait(t.stack.done) {
				return
			}
			continue
		}
		pause = backoff{}
		t.stack.takeConn(t.socket, nc)
	}
}

// takeConn starts to serve an accepted connection, if the limits allow it.
func (s *Stack) takeConn(socket *sip.Socket, nc net.Conn) {
	remote := addrPort(nc.RemoteAddr())
	c := &conn{stack: s, socket: socket, remote: remote, nc: nc, inbound: true}
	if err := s.conns.add(c); err != nil {
		s.counters.drop(tcpRefused, remote, err)
		nc.Close()
		return
	}
	s.counters.add(tcpAccepted)
	if !s.spawn(c.read) {
		c.shut(errClosed)
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

var (
	errClosed       = errors.New("the stack is closed")
	errConns        = errors.New("too many connections: raise MaxConns if they are wanted")
	errConnsOfOne   = errors.New("too many connections of one source: raise MaxConnsPerSource, or name its network in Trusted")
	errSlow         = errors.New("nothing sound came in time")
	errQueue        = errors.New("the peer does not read")
	errAfterRefusal = errors.New("closed after a message without an end")
)

// connKey finds the connection to a peer. Connections of different sockets to
// one peer are kept apart: they advertise different addresses.
type connKey struct {
	socket *sip.Socket
	remote netip.AddrPort
}

// conns are all TCP connections.
type conns struct {
	limits *Limits

	mu        sync.Mutex
	closed    bool
	last      uint64 // id of the newest
	byKey     map[connKey]*conn
	perSource map[netip.Prefix]int // incoming
}

func newConns(l *Limits) *conns {
	return &conns{limits: l, byKey: make(map[connKey]*conn), perSource: make(map[netip.Prefix]int)}
}

func (p *conns) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byKey)
}

// get returns the connection to a peer, or nil.
func (p *conns) get(key connKey) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byKey[key]
}

// add enters a connection, or says which limit forbids it. An eighth more
// connections are kept for trusted networks.
func (p *conns) add(c *conn) error {
	trusted := p.limits.trusted(c.remote.Addr())
	limit := p.limits.MaxConns
	if trusted {
		limit += limit / 8
	}
	source := sourceOf(c.remote.Addr())
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return errClosed
	case len(p.byKey) >= limit:
		return errConns
	case c.inbound && !trusted && p.perSource[source] >= p.limits.MaxConnsPerSource:
		return errConnsOfOne
	case p.byKey[c.key()] != nil:
		return errors.New("a connection to this peer exists already")
	}
	p.last++
	c.id = p.last
	p.byKey[c.key()] = c
	if c.inbound {
		p.perSource[source]++
	}
	return nil
}

func (p *conns) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey[c.key()] != c {
		return
	}
	delete(p.byKey, c.key())
	if !c.inbound {
		return
	}
	source := sourceOf(c.remote.Addr())
	if p.perSource[source]--; p.perSource[source] == 0 {
		delete(p.perSource, source)
	}
}

// close refuses new connections and returns those there are.
func (p *conns) close() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return slices.Collect(maps.Values(p.byKey))
}
