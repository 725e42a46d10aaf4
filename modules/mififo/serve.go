package mififo

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"time"
)

// readSize is how much is taken out of the pipe at once; Linux keeps as much.
const readSize = 64 << 10

// retryPause is the wait after a FIFO that could not be read.
const retryPause = 100 * time.Millisecond

// serve reads the FIFO until the module stops.
func (m *Module) serve() {
	buf := make([]byte, readSize)
	checked := time.Now()
	var begun time.Time // when the request that is pending began
	for !m.stopped() {
		f := m.file()
		_ = f.SetReadDeadline(time.Now().Add(min(m.times.check, m.times.request)))
		if m.stopped() {
			return // Stop set its deadline before this one
		}
		n, err := f.Read(buf)
		now := time.Now()
		switch {
		case m.take(buf[:n]):
			begun = now
		case m.scan.pending() && now.Sub(begun) > m.times.request:
			m.log.Warn("a request was not finished in time and is dropped", "fifo", m.name)
			m.scan.reset()
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			m.log.Error("reading", "fifo", m.name, "err", err)
			m.pause(retryPause)
		}
		if now.Sub(checked) >= m.times.check {
			checked = now
			m.restore()
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

func (m *Module) pause(d time.Duration) {
	select {
	case <-m.closing:
	case <-time.After(d):
	}
}

// take runs what was read. It reports whether what is pending now, if
// anything, began in p.
func (m *Module) take(p []byte) (fresh bool) {
	fresh = !m.scan.pending()
	m.scan.feed(p, func(f frame) {
		fresh = true
		m.handle(f)
	})
	if m.scan.noise > 0 {
		m.log.Warn("what is no request was skipped: want :reply_fifo:JSON", "fifo", m.name, "bytes", m.scan.noise)
		m.scan.noise = 0
	}
	return fresh
}

// handle runs one request. One whose answer could not be sent is not run.
func (m *Module) handle(f frame) {
	if err := checkName(f.reply); err != nil {
		m.log.Warn("a request was refused", "err", err)
		return
	}
	answer := m.commands.Handle(f.body)
	if answer == nil || f.reply == "" {
		return
	}
	if m.pretty {
		var b bytes.Buffer
		if json.Indent(&b, answer, "", "    ") == nil {
			answer = b.Bytes()
		}
	}
	m.replies.send(f.reply, answer)
}

// restore makes the FIFO again when somebody has deleted it.
func (m *Module) restore() {
	if same(m.file(), m.name) {
		return
	}
	f, err := create(m.name, m.access)
	if err != nil {
		m.log.Error("the FIFO is gone and cannot be made again", "err", err)
		return
	}
	m.log.Warn("the FIFO was gone and has been made again", "fifo", m.name)
	_ = m.use(f).Close()
	m.scan.reset()
}
