//go:build unix

package midatagram

import (
	"errors"
	"net"
	"syscall"
)

// send sends a datagram. To a UNIX socket it does so at once or not at all
// (see [full]): net would wait for room, and with it everybody else.
func send(c net.PacketConn, answer []byte, to net.Addr) error {
	u, ok := c.(*net.UnixConn)
	if !ok {
		_, err := c.WriteTo(answer, to)
		return err
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = syscall.Sendto(int(fd), answer, 0, &syscall.SockaddrUnix{Name: to.String()})
		return true
	})
	return errors.Join(err, sent)
}

// full reports whether a client's socket has no room now.
func full(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOBUFS)
}
