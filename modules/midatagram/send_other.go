//go:build !unix

package midatagram

import "net"

// send sends a datagram.
func send(c net.PacketConn, answer []byte, to net.Addr) error {
	_, err := c.WriteTo(answer, to)
	return err
}

// full reports whether a client's socket has no room now.
func full(error) bool { return false }
