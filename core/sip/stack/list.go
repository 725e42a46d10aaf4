package stack

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
)

// Conn describes one TCP connection.
type Conn struct {
	ID      uint64         // unique while the process lives
	Remote  netip.AddrPort // the peer
	Local   netip.AddrPort // our end; invalid while it is being dialled
	Inbound bool           // the peer made it
	Open    bool           // false while it is being dialled
}

// Connections lists the TCP connections of this moment, oldest first.
func (s *Stack) Connections() []Conn {
	var list []Conn
	for _, c := range s.conns.all() {
		list = append(list, c.describe())
	}
	slices.SortFunc(list, func(a, b Conn) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// all returns the connections there are.
func (p *conns) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.byKey))
}

func (c *conn) describe() Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := Conn{ID: c.id, Remote: c.remote, Inbound: c.inbound, Open: c.nc != nil}
	if c.nc != nil {
		d.Local = addrPort(c.nc.LocalAddr())
	}
	return d
}
