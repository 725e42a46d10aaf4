package mififo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// What may wait to be read by clients.
const (
	maxOfOne   = 16       // replies of one FIFO
	maxWaiting = 64       // replies of all of them
	maxBytes   = 64 << 20 // bytes of all of them
)

// replies writes to the FIFOs of clients. Those of one FIFO go in order, those
// of different ones beside each other, so that a client who never reads costs
// nobody else anything.
type replies struct {
	dir   string
	limit time.Duration // for opening and writing one reply
	log   *slog.Logger
	done  chan struct{} // closed: nobody is waited for any more

	mu      sync.Mutex
	queues  map[string][][]byte // one goroutine each
	waiting int
	bytes   int
	running sync.WaitGroup
}

func newReplies(dir string, limit time.Duration, log *slog.Logger) *replies {
	return &replies{dir: dir, limit: limit, log: log, done: make(chan struct{}), queues: make(map[string][][]byte)}
}

// checkName says what is wrong with the name of a reply FIFO: it must stay in
// reply_dir.
func checkName(name string) error {
	if strings.ContainsAny(name, `./\`) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf(`reply FIFO %.80q: want a name in reply_dir without . / \`, name)
	}
	return nil
}

// send writes line to the FIFO called name, later.
func (r *replies) send(name string, line []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue, busy := r.queues[name]
	if len(queue) == maxOfOne || r.waiting == maxWaiting || r.bytes+len(line) > maxBytes {
		r.log.Warn("a reply was dropped: too many are not read", "fifo", name, "of_this_fifo", len(queue), "waiting", r.waiting, "bytes", r.bytes)
		return
	}
	r.waiting++
	r.bytes += len(line)
	r.queues[name] = append(queue, line)
	if !busy {
		r.running.Go(func() { r.run(name) })
	}
}

// run writes one FIFO's replies until there are no more.
func (r *replies) run(name string) {
	path := filepath.Join(r.dir, name)
	var f *reply
	defer func() { f.close() }()
	for line := r.next(name); line != nil; line = r.next(name) {
		end := time.Now().Add(r.limit)
		var err error
		if f == nil {
			f, err = openReply(path, end, r.done)
		}
		if err == nil {
			err = f.write(line, end)
		}
		r.written(line)
		if err != nil {
			r.log.Warn("a reply could not be written: make the FIFO before the request, and read it", "fifo", path, "err", err)
			r.drop(name)
			return
		}
	}
}

// next takes the first reply of a queue; nil ends the queue.
func (r *replies) next(name string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	queue := r.queues[name]
	if len(queue) == 0 {
		delete(r.queues, name)
		return nil
	}
	r.queues[name] = queue[1:]
	return queue[0]
}

func (r *replies) written(line []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
	r.bytes -= len(line)
}

// drop forgets what else a client was to read: it would wait as long again for
// each.
func (r *replies) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.queues[name] {
		r.waiting--
		r.bytes -= len(line)
	}
	delete(r.queues, name)
}

// stop waits until every reply has been read, at most for limit and ctx, and
// then gives up those that nobody has begun to read.
func (r *replies) stop(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	read := make(chan struct{})
	go func() {
		defer close(read)
		r.running.Wait()
	}()
	select {
	case <-read:
	case <-ctx.Done():
		close(r.done)
		<-read // bounded by r.limit
	}
}

var (
	errNotFIFO = errors.New("it is not a FIFO")
	errNoRead  = errors.New("nobody opened it for reading in time")
)
