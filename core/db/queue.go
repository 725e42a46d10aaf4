package db

import (
	"errors"
	"sync"
)

// ErrClosed is returned by [Writer.Write] after Close.
var ErrClosed = errors.New("writer is closed")

// ErrFull is returned by [Writer.Write] when neither the database nor the
// disk takes anything and the memory for it is used up.
var ErrFull = errors.New("operation lost: database and journal both fail, and the memory limit is reached")

// queue holds the newest operations. Two readers follow it, each at its own
// pace: the spooler up to durable, the applier up to applied. What both have
// passed leaves; what only the spooler has passed may leave when there is too
// much, since it can be read from the journal.
type queue struct {
	mu      sync.Mutex
	recs    []record // seq is contiguous, from low
	low     uint64   // seq of recs[0], or the next seq when recs is empty
	written uint64   // up to here the journal survives the process, if not yet a power cut
	noDisk  bool     // nothing waits for the journal
	durable uint64   // up to here everything is in the journal or applied
	applied uint64
	limit   int
	lost    uint64
	closed  bool
	waiters []waiter

	toSpool, toApply chan struct{} // one token when there is work
}

// waiter is told when everything up to seq is applied.
type waiter struct {
	seq  uint64
	done chan struct{}
}

func newQueue(limit int) *queue {
	return &queue{low: 1, limit: limit, toSpool: make(chan struct{}, 1), toApply: make(chan struct{}, 1)}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// push appends an operation and gives it the next number.
func (q *queue) push(op Op) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if len(q.recs) >= q.limit {
		q.trim()
	}
	if len(q.recs) >= q.limit {
		q.lost++
		return ErrFull
	}
	q.recs = append(q.recs, record{seq: q.low + uint64(len(q.recs)), op: op})
	wake(q.toSpool)
	wake(q.toApply)
	return nil
}

// trim drops what nobody needs in memory. When there is too much it also
// drops what one of the readers has not seen, down to half the limit: the
// applier finds it in the journal, and the journal does not need what is
// applied.
func (q *queue) trim() {
	keep := min(q.durable, q.applied) + 1
	if half := q.low + uint64(max(0, len(q.recs)-q.limit/2)); len(q.recs) >= q.limit {
		keep = max(keep, min(half, max(q.durable, q.applied)+1))
	}
	if keep <= q.low {
		return
	}
	n := min(int(keep-q.low), len(q.recs))
	clear(q.recs[:n])
	q.recs = q.recs[n:]
	q.low += uint64(n)
}

// after returns up to n records that follow seq, from memory.
func (q *queue) after(seq uint64, n int) []record {
	from := max(seq+1, q.low) - q.low
	if from >= uint64(len(q.recs)) {
		return nil
	}
	recs := q.recs[from:]
	return append([]record(nil), recs[:min(n, len(recs))]...)
}

// spoolNext returns what the journal lacks. open is false when nothing can
// follow.
func (q *queue) spoolNext(n int) (recs []record, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	recs = q.after(q.durable, n)
	return recs, len(recs) > 0 || !q.closed
}

// applyNext returns what the database lacks. When its beginning is in the
// journal only, gap is the number up to which it must be read there.
func (q *queue) applyNext(n int) (recs []record, gap uint64, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.applied+1 < q.low {
		return nil, q.low - 1, true
	}
	recs = q.after(q.applied, n)
	open = len(recs) > 0 || !q.closed
	for i, r := range recs {
		if q.holds(r) {
			return recs[:i], 0, open
		}
	}
	return recs, 0, open
}

// held returns the number of the operation that waits for the journal before
// it can be applied, or 0.
func (q *queue) held() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.after(q.applied, 1) {
		if q.holds(r) {
			return r.seq
		}
	}
	return 0
}

// holds reports whether a record must be in the journal before it is applied
// (see Op.Tag), and may still get there.
func (q *queue) holds(r record) bool {
	return r.op.Tag != "" && !q.noDisk && r.seq > max(q.written, q.durable)
}

func (q *queue) setWritten(seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.written, q.noDisk = max(q.written, seq), false
	wake(q.toApply)
}

// giveUpDisk lets nothing wait for the journal until it is written again.
func (q *queue) giveUpDisk() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.noDisk = true
	wake(q.toApply)
}

func (q *queue) setDurable(seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.durable = max(q.durable, seq)
	q.trim()
}

func (q *queue) setApplied(seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.applied = max(q.applied, seq)
	q.trim()
	kept := q.waiters[:0]
	for _, w := range q.waiters {
		if w.seq <= q.applied {
			close(w.done)
			continue
		}
		kept = append(kept, w)
	}
	q.waiters = kept
}

// wait returns a channel that is closed when everything pushed so far is
// applied.
func (q *queue) wait() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := waiter{seq: q.low + uint64(len(q.recs)) - 1, done: make(chan struct{})}
	if w.seq <= q.applied {
		close(w.done)
		return w.done
	}
	q.waiters = append(q.waiters, w)
	return w.done
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	wake(q.toSpool)
	wake(q.toApply)
}

// marks returns how far each side has come.
func (q *queue) marks() (written, durable, applied, lost uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.low + uint64(len(q.recs)) - 1, q.durable, q.applied, q.lost
}
