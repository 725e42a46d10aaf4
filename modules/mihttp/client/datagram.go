package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Datagram sends to a server with mi_datagram: its socket_name, which is
// udp:HOST:PORT or the path of a socket.
type Datagram struct{ Name string }

// maxDatagram is the longest answer in bytes.
const maxDatagram = 64 << 10

// Send implements [Sender]. A datagram that is lost is noticed by the end of
// ctx only.
func (t Datagram) Send(ctx context.Context, request []byte) ([]byte, error) {
	c, done, err := t.dial()
	if err != nil {
		return nil, t.explain(err)
	}
	defer done()
	defer until(ctx, c)()
	if _, err := c.Write(request); err != nil {
		return nil, t.explain(late(ctx, t.Name, err))
	}
	buf := make([]byte, maxDatagram)
	n, err := c.Read(buf)
	if err != nil {
		return nil, t.explain(late(ctx, t.Name, err))
	}
	return buf[:n], nil
}

// dial opens a socket that only the server's answers reach.
func (t Datagram) dial() (c net.Conn, done func(), err error) {
	if where, ok := strings.CutPrefix(t.Name, "udp:"); ok {
		c, err = net.Dial("udp", where)
		return c, func() { _ = c.Close() }, err
	}
	own := filepath.Join(os.TempDir(), unique())
	c, err = net.DialUnix("unixgram", &net.UnixAddr{Name: own, Net: "unixgram"}, &net.UnixAddr{Name: t.Name, Net: "unixgram"})
	if err != nil {
		_ = os.Remove(own)
		return nil, nil, err
	}
	// The server may run as another user, who must be able to answer.
	if err := os.Chmod(own, 0o622); err != nil {
		_ = c.Close()
		_ = os.Remove(own)
		return nil, nil, err
	}
	return c, func() { _ = c.Close(); _ = os.Remove(own) }, nil
}

func (t Datagram) explain(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("nobody listens at %s: is the server running, and does its route file load mi_datagram? (%w)", t.Name, err)
	}
	return err
}
