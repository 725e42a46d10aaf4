package eventstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
)

// sender sends to one peer over one connection, which it makes anew when it
// is lost. It implements [evi.Sender].
type sender struct {
	m            *Module
	addr, method string
	conn         *conn
	id           uint64 // of the last request
}

// Send implements [evi.Sender]. What was not written whole did not reach the
// peer and is sent again. A request that was written and not answered is not:
// the peer may have acted on it.
func (s *sender) Send(ctx context.Context, e event.Event) error {
	msg := evi.Message{Event: e, Method: s.method, Name: s.m.param}
	if s.m.reliable {
		s.id++
		msg.ID = s.id
	}
	text, err := msg.JSON()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.m.timeout)
	defer cancel()
	if err := s.write(ctx, append(text, '\n')); err != nil {
		return fmt.Errorf("%w: %w", err, evi.ErrAgain)
	}
	if !s.m.reliable {
		return nil
	}
	err = s.conn.reply(ctx, s.id)
	if err != nil && !errors.As(err, new(refusal)) {
		s.drop()
	}
	return err
}

// write sends a text over the connection, or over a new one when the peer has
// closed that.
func (s *sender) write(ctx context.Context, text []byte) error {
	if s.conn != nil && s.conn.over() {
		s.drop()
	}
	if s.conn == nil {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
		if err != nil {
			return err
		}
		s.conn = newConn(c)
	}
	conn := s.conn // it may be dropped while the function runs
	stop := context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Unix(1, 0)) })
	_, err := s.conn.Write(text)
	if err != nil || !stop() {
		// Not all was written, or the deadline may be set for the next one too.
		s.drop()
	}
	return err
}

func (s *sender) drop() {
	if s.conn != nil {
		s.conn.close()
		s.conn = nil
	}
}

// Close implements [evi.Sender].
func (s *sender) Close() { s.drop() }
