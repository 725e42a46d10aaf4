package db

import (
	"fmt"
	"iter"
	"os"
)

// batches returns the records in groups of up to n.
func (j *journal) batches(n int) iter.Seq[[]record] {
	return func(yield func([]record) bool) {
		var group []record
		for {
			rec, ok := j.next()
			if ok {
				group = append(group, rec)
			}
			if len(group) == n || !ok && len(group) > 0 {
				if !yield(group) {
					return
				}
				group = nil
			}
			if !ok {
				return
			}
		}
	}
}

// readBack reads records that had to leave memory from the segments of this
// start.
type readBack struct {
	spool *spool
	open  journal
}

// next returns the first records after seq, up to one numbered limit.
func (b *readBack) next(seq, limit uint64) ([]record, error) {
	recs := b.take(seq, limit)
	if len(recs) > 0 {
		return recs, nil
	}
	g, found := b.spool.holding(seq + 1)
	if !found {
		return nil, fmt.Errorf("journal in %s: operation %d is not there", b.spool.dir, seq+1)
	}
	data, err := os.ReadFile(g.path)
	if err != nil {
		return nil, err
	}
	b.open = journal{data: data}
	if recs = b.take(seq, limit); len(recs) == 0 {
		return nil, fmt.Errorf("journal %s: operation %d is not there", g.path, seq+1)
	}
	return recs, nil
}

// take reads on in the segment that is open.
func (b *readBack) take(seq, limit uint64) (recs []record) {
	for len(recs) < batchOps {
		before := b.open
		rec, ok := b.open.next()
		if ok && rec.seq > limit {
			b.open = before
			return recs
		}
		if !ok {
			return recs
		}
		if rec.seq > seq {
			recs = append(recs, rec)
		}
	}
	return recs
}

// fromDisk returns the next records up to gap. What is not to be found is
// lost, and the queue goes on behind it.
func (w *Writer) fromDisk(back *readBack, gap uint64) []record {
	_, _, applied, _ := w.queue.marks()
	recs, err := back.next(applied, gap)
	next := gap + 1
	if err == nil {
		next = recs[0].seq
	}
	if missing := next - applied - 1; missing > 0 {
		w.queue.skip(next - 1)
		w.opt.Log.Error("journal lost operations", "dir", w.opt.Dir, "operations", missing, "err", err)
		w.alarm(fmt.Sprintf("journal in %s lost %d operations", w.opt.Dir, missing))
	}
	return recs
}

// skip gives up everything up to seq.
func (q *queue) skip(seq uint64) {
	q.mu.Lock()
	q.lost += seq - q.applied
	q.mu.Unlock()
	q.setApplied(seq)
}
