package player

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// ports opens the RTP sockets of calls, each on an even port (RFC 3550
// section 11).
type ports struct {
	low, high int // 0, 0: any free port
	next      atomic.Uint32
}

// open binds a socket on ip.
func (p *ports) open(ip netip.Addr) (packetConn, netip.AddrPort, error) {
	const tries = 32 // half of all free ports are even
	span := tries
	first := (p.low + 1) &^ 1
	if p.low != 0 {
		span = (p.high-first)/2 + 1
	}
	var last error
	for range span {
		port := 0
		if p.low != 0 {
			port = first + 2*int(p.next.Add(1)%uint32(span))
		}
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port))))
		if err != nil {
			last = err
			continue
		}
		at := conn.LocalAddr().(*net.UDPAddr).AddrPort() // of a UDP socket it is nothing else
		if at.Port()%2 == 0 {
			return conn, netip.AddrPortFrom(ip, at.Port()), nil
		}
		_ = conn.Close() // unused
		last = fmt.Errorf("port %d is odd", at.Port())
	}
	return nil, netip.AddrPort{}, fmt.Errorf("no free RTP port on %s among %d tried: widen rtp_port_min and rtp_port_max: %w", ip, span, last)
}

// localAddr returns the address at which this machine reaches what is bound
// to bind: bind itself, or for the unspecified address the first one of its
// family that others can reach, else that of loopback.
func localAddr(bind netip.Addr) (netip.Addr, error) {
	if !bind.IsUnspecified() {
		return bind, nil
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return bind, fmt.Errorf("listing the addresses of this machine: %w: set rtp_ip to the one for RTP", err)
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is4() == bind.Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr(), nil
		}
	}
	if bind.Is6() {
		return netip.IPv6Loopback(), nil
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
}

// broadcasts returns the test for the broadcast addresses of this machine's
// networks, to which a UDP socket could send. They are read once, at Init.
func broadcasts() (func(netip.Addr) bool, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing the addresses of this machine: %w", err)
	}
	all := map[netip.Addr]bool{netip.AddrFrom4([4]byte{255, 255, 255, 255}): true}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			if b, ok := broadcast(p); ok {
				all[b] = true
			}
		}
	}
	return func(ip netip.Addr) bool { return all[ip] }, nil
}

// broadcast returns the last address of an IPv4 network, unless the network
// has no room for one (RFC 3021).
func broadcast(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}, false
	}
	b := p.Masked().Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b), true
}
