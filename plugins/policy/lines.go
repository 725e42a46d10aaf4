package policy

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	longestLine = 512     // bytes of a line that are kept
	linesASec   = 50      // lines logged in a second
	bytesASec   = 1 << 20 // bytes read in a second: who prints more has to wait
)

// lines logs what a plugin prints, a bounded part of it.
type lines struct {
	log *slog.Logger
	end chan struct{} // closed: nothing waits any more

	mu      sync.Mutex
	line    []byte // begun
	since   time.Time
	logged  int // lines since then
	read    int // bytes
	dropped int // lines not logged
	last    string
	fatal   string // the first line of a crash of the Go runtime
	closed  bool
}

func newLines(log *slog.Logger) *lines { return &lines{log: log, end: make(chan struct{})} }

// Write implements io.Writer. It holds a flood up.
func (l *lines) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part := rest[:min(len(rest), 32<<10)]
		rest = rest[len(part):]
		if wait := l.take(part, time.Now()); wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-l.end:
			}
			timer.Stop()
		}
	}
	return len(p), nil
}

// take reports how long to wait before the next read.
func (l *lines) take(p []byte, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) >= time.Second {
		l.since, l.logged, l.read = now, 0, 0
	}
	l.read += len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		l.keep(p[:i])
		l.print()
		p = p[i+1:]
	}
	l.keep(p)
	if l.read < bytesASec {
		return 0
	}
	return time.Second - now.Sub(l.since)
}

func (l *lines) keep(p []byte) {
	room := max(longestLine-len(l.line), 0)
	l.line = append(l.line, p[:min(room, len(p))]...)
}

func (l *lines) print() {
	text := strings.TrimSpace(valid(string(l.line)))
	l.line = l.line[:0]
	if text == "" {
		return
	}
	l.last = text
	if l.fatal == "" && (strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")) {
		l.fatal = text
	}
	if l.logged == linesASec {
		l.dropped++
		return
	}
	l.logged++
	l.tellDropped()
	l.log.Info("a dispatch policy says", "line", text)
}

func (l *lines) tellDropped() {
	if l.dropped > 0 {
		l.log.Warn("a dispatch policy says too much", "lines dropped", l.dropped)
		l.dropped = 0
	}
}

// close lets nobody wait any more, and logs what is left.
func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	close(l.end)
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.print()
	l.tellDropped()
}

// words is what the plugin said last, to be put after the reason of its end.
func (l *lines) words() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fatal != "":
		return ": " + plain(l.fatal)
	case l.last != "":
		return ": " + plain(l.last)
	}
	return ""
}
