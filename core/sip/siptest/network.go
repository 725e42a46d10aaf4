package siptest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

// Network carries messages between its endpoints. Set the fields before the
// first message.
type Network struct {
	// Delay of every message; 0 means 1 ms.
	Delay time.Duration
	// Link, when set, decides what happens to each message. It is called in
	// the order of sending, and by one goroutine at a time. See [Lossy].
	Link func(Packet) Fate
	// Timers of the endpoints that are made afterwards.
	Timers transaction.Timers
	// Quiet leaves out the ladder that a failed test prints.
	Quiet bool
	// NoTrace keeps no message, for tests of days: [Network.Trace] is empty.
	NoTrace bool

	t     testing.TB
	start time.Time

	mu         sync.Mutex
	closed     bool
	byName     map[string]*Endpoint // "host:port"
	byAddr     map[netip.AddrPort]*Endpoint
	aliases    map[string][]string
	order      []*Endpoint
	sent       int
	queue      arrivals
	delivering bool
	trace      []Entry
}

// Packet is one message on its way. The messages must not be changed.
type Packet struct {
	N        int    // counts the messages of the network from 1
	From, To string // names of the endpoints
	Request  *sip.Request
	Response *sip.Response
	Reliable bool // sent over TCP
}

// Is reports whether the packet is what: "INVITE" is a request, "200 INVITE"
// or "200" a response.
func (p Packet) Is(what string) bool {
	name := describe(p.Request, p.Response)
	if p.Response != nil && len(what) == 3 {
		return name[:3] == what
	}
	return name == what
}

// Fate says what becomes of a message. The zero value delivers it once after
// the delay of the network.
type Fate struct {
	Drop   bool
	Refuse bool          // as Drop, and the sender of a request learns of it
	Copies int           // delivered this often in addition
	Delay  time.Duration // instead of the delay of the network
}

// NewNetwork returns an empty network that is closed when the test ends.
func NewNetwork(t testing.TB) *Network {
	n := &Network{t: t, start: time.Now(),
		byName: make(map[string]*Endpoint), byAddr: make(map[netip.AddrPort]*Endpoint), aliases: make(map[string][]string)}
	t.Cleanup(n.close)
	return n
}

func (n *Network) close() {
	n.mu.Lock()
	n.closed = true
	n.queue = nil
	eps := n.order
	n.mu.Unlock()
	for _, ep := range eps {
		ep.Layer().Close()
	}
	if n.t.Failed() && !n.Quiet {
		n.t.Log("messages:\n" + n.Ladder())
	}
}

// Endpoint adds an endpoint called "host" or "host:port" (default 5060), with
// a UDP and a TCP socket. Requests to sip:host:port arrive at handler.
func (n *Network) Endpoint(name string, handler sip.Handler) *Endpoint {
	host, port, err := sip.SplitHostPort(name)
	if err != nil {
		n.t.Fatalf("siptest: endpoint %q: %v", name, err)
	}
	if port == 0 {
		port = 5060
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	ep := &Endpoint{net: n, name: name, handler: handler}
	for _, proto := range []string{"udp", "tcp"} {
		ep.sockets = append(ep.sockets, &sip.Socket{Proto: proto, Host: host, Port: port, AdvHost: host, AdvPort: port})
	}
	i := len(n.order) + 1
	ep.addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), uint16(port))
	ep.boot()
	key := sip.HostPort(host, port)
	if n.byName[key] != nil {
		n.t.Fatalf("siptest: endpoint %q exists already", name)
	}
	n.byName[key], n.byAddr[ep.addr] = ep, ep
	n.order = append(n.order, ep)
	return ep
}

// Restart replaces an endpoint by a new one with its name and address, as when
// its process is killed and started again: transactions are forgotten without
// a word.
func (n *Network) Restart(old *Endpoint, handler sip.Handler) *Endpoint {
	old.Layer().Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	ep := &Endpoint{net: n, name: old.name, addr: old.addr, sockets: old.sockets, handler: handler}
	ep.tokens.Store(old.tokens.Load()) // a new process has other branches
	ep.boot()
	for key, e := range n.byName {
		if e == old {
			n.byName[key] = ep
		}
	}
	n.byAddr[ep.addr] = ep
	n.order[slices.Index(n.order, old)] = ep
	return ep
}

// Alias makes a host without port stand for several endpoints in this order,
// as SRV records do.
func (n *Network) Alias(host string, names ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.aliases[host] = names
}

// find returns the endpoints at which uri arrives.
func (n *Network) find(host string, port int) ([]*Endpoint, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if names := n.aliases[host]; port == 0 && names != nil {
		var eps []*Endpoint
		for _, name := range names {
			for _, ep := range n.order {
				if ep.name == name {
					eps = append(eps, ep)
				}
			}
		}
		return eps, nil
	}
	if port == 0 {
		port = 5060
	}
	if ep := n.byName[sip.HostPort(host, port)]; ep != nil {
		return []*Endpoint{ep}, nil
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if ep := n.byAddr[netip.AddrPortFrom(addr, uint16(port))]; ep != nil {
			return []*Endpoint{ep}, nil
		}
	}
	return nil, fmt.Errorf("no endpoint %s in the network", sip.HostPort(host, port))
}
