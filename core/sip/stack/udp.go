package stack

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// receiveBuffer is what a socket asks of the kernel: 4 MiB hold a burst of
// 4000 messages. The kernel may give less (net.core.rmem_max).
const receiveBuffer = 4 << 20

// udpSocket is a UDP socket with one reader.
type udpSocket struct {
	stack  *Stack
	socket *sip.Socket
	conn   *net.UDPConn
}

// read handles datagrams until the socket is closed. No error ends it
// otherwise: after one it waits a moment, longer after each.
func (u *udpSocket) read() {
	buf := make([]byte, u.stack.limits.MaxMessage+1)
	pause := backoff{}
	for {
		n, from, err := u.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if err != nil {
			u.stack.counters.drop(readErrors, from, err)
			if !pause.wait(u.stack.done) {
				return
			}
			continue
		}
		pause = backoff{}
		u.datagram(buf[:n], from)
	}
}

func (u *udpSocket) datagram(raw []byte, from netip.AddrPort) {
	switch {
	case !u.stack.admit(from):
	case isPing(raw):
		u.stack.counters.add(keepalives)
	default:
		u.stack.receive(raw, nil, u.socket, from)
	}
}

// write sends one datagram. It waits only while the kernel's send buffer is
// full, which the interface empties.
func (u *udpSocket) write(b []byte, to netip.AddrPort) error {
	_, err := u.conn.WriteToUDPAddrPort(b, to)
	return err
}

// backoff is the pause of a reader after an error: 5 ms, doubled up to 1 s.
type backoff struct{ d time.Duration }

// wait reports false when done was closed meanwhile.
func (b *backoff) wait(done <-chan struct{}) bool {
	b.d = min(max(2*b.d, 5*time.Millisecond), time.Second)
	t := time.NewTimer(b.d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}
