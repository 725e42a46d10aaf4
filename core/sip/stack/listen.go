package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/sipd/sipd/core/sip"
)

// open opens one socket and enters it.
func (s *Stack) open(ctx context.Context, l Listen) error {
	if l.Proto != "udp" && l.Proto != "tcp" {
		return fmt.Errorf("listen %s: transport %q: want udp or tcp", l, l.Proto)
	}
	if l.Port < 0 || l.Port > 65535 || l.AdvertisePort < 0 || l.AdvertisePort > 65535 {
		return fmt.Errorf("listen %s: want a port of 1 to 65535", l)
	}
	addr, err := bindAddr(ctx, l.Host)
	if err != nil {
		return fmt.Errorf("listen %s: %w", l, err)
	}
	network := l.Proto + "4"
	if addr.Is6() {
		network = l.Proto + "6"
	}
	where := net.JoinHostPort(addr.String(), strconv.Itoa(l.Port))
	socket := &sip.Socket{Proto: l.Proto, Host: addr.String(), Tag: l.Tag}
	if l.Proto == "udp" {
		err = s.openUDP(ctx, network, where, socket)
	} else {
		err = s.openTCP(ctx, network, where, socket)
	}
	if err != nil {
		return listenError(l, err)
	}
	if err := advertise(socket, l, addr); err != nil {
		return fmt.Errorf("listen %s: %w", l, err)
	}
	s.sockets = append(s.sockets, socket)
	return nil
}

func (s *Stack) openUDP(ctx context.Context, network, where string, socket *sip.Socket) error {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, network, where)
	if err != nil {
		return err
	}
	conn := pc.(*net.UDPConn) // ListenPacket says so for "udp4" and "udp6"
	if err := conn.SetReadBuffer(receiveBuffer); err != nil {
		s.counters.log.Warn("receive buffer of "+socket.Proto, "socket", where, "error", err)
	}
	socket.Port = conn.LocalAddr().(*net.UDPAddr).Port
	s.udp[socket] = &udpSocket{stack: s, socket: socket, conn: conn}
	return nil
}

func (s *Stack) openTCP(ctx context.Context, network, where string, socket *sip.Socket) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, network, where)
	if err != nil {
		return err
	}
	socket.Port = ln.Addr().(*net.TCPAddr).Port
	s.tcp[socket] = &tcpSocket{stack: s, socket: socket, listener: ln.(*net.TCPListener)}
	return nil
}

// bindAddr returns the address that a host of listen{} stands for.
func bindAddr(ctx context.Context, host string) (netip.Addr, error) {
	if host == "" {
		return netip.IPv4Unspecified(), nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("the name has no address; write one of this machine's: %w", err)
	}
	return addrs[0].Unmap(), nil
}

// advertise sets what a socket calls itself.
func advertise(socket *sip.Socket, l Listen, addr netip.Addr) error {
	socket.AdvHost, socket.AdvPort = socket.Host, socket.Port
	if addr.IsUnspecified() && l.AdvertiseHost == "" {
		var err error
		if socket.AdvHost, err = ownAddr(addr.Is6()); err != nil {
			return err
		}
	}
	if l.AdvertiseHost != "" {
		socket.AdvHost = l.AdvertiseHost
	}
	if l.AdvertisePort != 0 {
		socket.AdvPort = l.AdvertisePort
	}
	return nil
}

// ownAddr returns the first address of this machine that others can reach, or
// the loopback address when there is none.
func ownAddr(v6 bool) (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("listing the addresses of this machine: %w; use advertise", err)
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && p.Addr().Is6() == v6 && p.Addr().IsGlobalUnicast() {
			return p.Addr().String(), nil
		}
	}
	if v6 {
		return "::1", nil
	}
	return "127.0.0.1", nil
}

// listenError says what went wrong with a socket and what to do about it.
func listenError(l Listen, err error) error {
	remedy := "check the address"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		err = syscall.EADDRINUSE
		remedy = fmt.Sprintf("another program has it (ss -lnp | grep :%d shows which): stop it, or listen on another port", l.Port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		err = syscall.EADDRNOTAVAIL
		remedy = "no interface has this address: listen on one of this machine's, and advertise the public one"
	case errors.Is(err, syscall.EACCES):
		err = syscall.EACCES
		remedy = "ports below 1024 need CAP_NET_BIND_SERVICE, or listen on another port"
	}
	return fmt.Errorf("listen %s: %w: %s", l, err, remedy)
}
