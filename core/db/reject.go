package db

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// rejects is the file of operations that the database will never take.
type rejects struct {
	path    string
	log     *slog.Logger
	stream  string // of the last one
	seq     uint64
	count   atomic.Uint64
	damaged atomic.Uint64
}

// Rejected is one line, in JSON, of a *.rejected file.
type Rejected struct {
	Time   time.Time `json:"time"`
	Stream string    `json:"stream"`
	Seq    uint64    `json:"seq"`
	Error  string    `json:"error"`
	Op
}

// reject sets an operation aside before the transaction without it commits.
// A repeated attempt does not set it aside twice.
func (w *Writer) reject(stream string, r record, why error) {
	f := w.rejects
	if f.stream == stream && r.seq <= f.seq {
		return
	}
	f.stream, f.seq = stream, r.seq
	f.count.Add(1)
	line, err := json.Marshal(Rejected{Time: time.Now(), Stream: stream, Seq: r.seq, Error: why.Error(), Op: r.op})
	if err == nil {
		err = appendLine(f.path, line)
	}
	if err != nil {
		f.log.Error("rejected operation cannot be kept", "file", f.path, "err", err, "sql", r.op.SQL, "args", fmt.Sprint(r.op.Args...))
	}
	f.log.Error("database refuses an operation for good; it is kept in a file", "database", w.place, "file", f.path, "sql", r.op.SQL, "err", why)
	w.alarm(fmt.Sprintf("database %s refuses an operation for good (%v): see %s", w.place, why, f.path))
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// fault reports a failure when it begins, now and then while it lasts, and
// when it is over.
type fault struct {
	what  string
	log   *slog.Logger
	alarm func(string)

	mu    sync.Mutex
	on    bool
	since time.Time
	said  time.Time
	times int
}

func (f *fault) failed(err error) {
	begins, report, since, times := f.note()
	if begins {
		f.alarm(f.what + ": " + err.Error())
	}
	if report {
		f.log.Warn(f.what+" fails, trying again", "for", time.Since(since), "attempts", times, "err", err)
	}
}

// note counts a failure. It returns with the lock released, since alarm and
// log belong to others.
func (f *fault) note() (begins, report bool, since time.Time, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if begins = !f.on; begins {
		f.on, f.since, f.times = true, now, 0
	}
	f.times++
	if report = begins || now.Sub(f.said) >= nagEvery; report {
		f.said = now
	}
	return begins, report, f.since, f.times
}

func (f *fault) over() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on {
		f.on = false
		f.log.Info(f.what+" works again", "after", time.Since(f.since), "attempts", f.times)
	}
}

func (f *fault) isOn() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.on
}
