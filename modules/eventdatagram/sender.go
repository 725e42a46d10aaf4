package eventdatagram

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
)

const (
	// maxDatagram is OpenSIPS's limit, just below what UDP can carry.
	maxDatagram = 65457
	// sendTime bounds one event: resolving a name, and a Unix socket whose
	// reader is slow.
	sendTime = time.Second
)

// sender sends to one socket. It implements [evi.Sender].
type sender struct {
	network, addr string
	conn          net.Conn
}

// Send implements [evi.Sender]. It tries twice: the first attempt may meet
// what happened to an earlier datagram (ICMP port unreachable), or a Unix
// socket whose reader has been started anew.
func (s *sender) Send(ctx context.Context, e event.Event) error {
	text, err := evi.Message{Event: e}.JSON()
	if err != nil {
		return err
	}
	if len(text) > maxDatagram {
		return fmt.Errorf("%s: %d bytes do not fit a datagram of %d", e.Name, len(text), maxDatagram)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err = s.write(ctx, text); err != nil && ctx.Err() == nil {
		err = s.write(ctx, text)
	}
	return err
}

func (s *sender) write(ctx context.Context, text []byte) error {
	if s.conn == nil {
		c, err := new(net.Dialer).DialContext(ctx, s.network, s.addr)
		if err != nil {
			return err
		}
		s.conn = c
	}
	conn := s.conn // it may be dropped while the function runs
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := s.conn.Write(text); err != nil {
		_ = s.conn.Close()
		s.conn = nil
		return err
	}
	return nil
}

// Close implements [evi.Sender].
func (s *sender) Close() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
}
