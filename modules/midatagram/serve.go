package midatagram

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sipd/sipd/core/mi"
)

const (
	// maxDatagram is the longest request and the longest answer in bytes, as
	// in OpenSIPS.
	maxDatagram = 65457

	// maxLate bounds the answers that are tried again.
	maxLate = 64

	// retryPause is the wait between two tries, and after an error of the
	// socket.
	retryPause = 20 * time.Millisecond
)

// serve answers requests until the module stops.
func (m *Module) serve() {
	buf := make([]byte, maxDatagram+1)
	for {
		n, from, err := m.conn.ReadFrom(buf)
		if m.stopped() {
			return
		}
		if err != nil {
			m.log.Error("reading", "addr", m.Addr().String(), "err", err)
			m.pause()
			continue
		}
		if answer := m.answer(buf[:n]); answer != nil && addressed(from) {
			m.reply(answer, from)
		}
	}
}

func (m *Module) stopped() bool {
	select {
	case <-m.closing:
		return true
	default:
		return false
	}
}

func (m *Module) pause() {
	select {
	case <-m.closing:
	case <-time.After(retryPause):
	}
}

// addressed reports whether from can be answered: a UNIX socket without a
// name cannot.
func addressed(from net.Addr) bool {
	u, ok := from.(*net.UnixAddr)
	return from != nil && (!ok || u != nil && u.Name != "")
}

// answer runs a request. An answer that fits in no datagram is replaced by an
// error that tells its size.
func (m *Module) answer(request []byte) []byte {
	if len(request) > maxDatagram {
		return refusal(nil, -32600, "Invalid Request", fmt.Sprintf("longer than %d bytes: use mi_http or mi_fifo", maxDatagram))
	}
	answer := m.commands.Handle(request)
	if answer == nil {
		return nil
	}
	if m.pretty {
		var b bytes.Buffer
		if json.Indent(&b, answer, "", "    ") == nil {
			answer = b.Bytes()
		}
	}
	if len(answer) > maxDatagram {
		return refusal(answer, -32000, "Server error",
			fmt.Sprintf("the answer has %d bytes and a datagram takes %d: use mi_http or mi_fifo", len(answer), maxDatagram))
	}
	return answer
}

// refusal is an error with the id of the answer it stands for.
func refusal(answer []byte, code int, message, data string) []byte {
	var r struct{ ID json.RawMessage }
	if json.Unmarshal(answer, &r) != nil || len(r.ID) > maxDatagram/2 {
		r.ID = nil
	}
	if r.ID == nil {
		r.ID = json.RawMessage("null")
	}
	fault := mi.Object{}.With("code", code).With("message", message).With("data", data)
	text, err := mi.Object{}.With("jsonrpc", "2.0").With("error", fault).With("id", r.ID).MarshalJSON()
	if err != nil {
		return nil
	}
	return text
}

// reply sends an answer. A client whose socket is full is tried again beside
// what else is to be done.
func (m *Module) reply(answer []byte, to net.Addr) {
	err := send(m.conn, answer, to)
	if err == nil {
		return
	}
	if !full(err) {
		m.unsent(to, err)
		return
	}
	select {
	case m.slots <- struct{}{}:
	default:
		m.unsent(to, errors.New("too many clients do not read their answers"))
		return
	}
	m.running.Go(func() {
		defer func() { <-m.slots }()
		for end := time.Now().Add(m.timeout); full(err) && time.Now().Before(end) && !m.stopped(); {
			m.pause()
			err = send(m.conn, answer, to)
		}
		if err != nil {
			m.unsent(to, err)
		}
	})
}

func (m *Module) unsent(to net.Addr, err error) {
	m.log.Warn("an answer could not be sent", "to", to.String(), "err", err)
}
