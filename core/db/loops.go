package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// spoolLoop copies the queue to the journal.
func (w *Writer) spoolLoop() {
	defer close(w.spoolDone)
	for {
		recs, open := w.queue.spoolNext(spoolOps)
		if !open {
			return
		}
		if len(recs) == 0 {
			<-w.queue.toSpool
			continue
		}
		begun := time.Now()
		_, _, applied, _ := w.queue.marks()
		if err := w.spool.write(recs, applied, func() { w.written(recs) }); err != nil {
			w.diskFault.failed(err)
			w.queue.giveUpDisk()
			if !w.pause(diskRetry) {
				return // Close counts what is left
			}
			continue
		}
		w.diskFault.over()
		w.queue.setDurable(recs[len(recs)-1].seq)
		if len(recs) < spoolOps {
			w.pause(groupFsync - time.Since(begun))
		}
	}
}

// pause waits, and returns false at once when the writer is being closed.
func (w *Writer) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.closing:
		return false
	}
}

// applyLoop brings the journal of earlier starts and then the queue to the
// database.
func (w *Writer) applyLoop(ctx context.Context) {
	defer close(w.applyDone)
	for _, g := range w.spool.old {
		if !w.replay(ctx, g) {
			return
		}
	}
	back := readBack{spool: w.spool}
	for ctx.Err() == nil {
		recs, gap, open := w.queue.applyNext(batchOps)
		if gap > 0 {
			recs = w.fromDisk(&back, gap)
		}
		if !open {
			w.drained(ctx)
			return
		}
		if len(recs) == 0 {
			w.awaitWork(ctx)
			continue
		}
		begun := time.Now()
		if !w.persist(ctx, w.spool.stream, recs) {
			return
		}
		w.tell(recs) // again, unless the journal was never written
		w.queue.setApplied(recs[len(recs)-1].seq)
		w.tidy(ctx, false)
		if len(recs) < batchOps {
			w.pause(groupCommit - time.Since(begun)) // the first write of a burst does not wait
		}
	}
}

// journalPatience is how long an operation with a tag waits for a journal
// that hangs before it is applied all the same.
const journalPatience = time.Second

// awaitWork waits until there is something to apply.
func (w *Writer) awaitWork(ctx context.Context) {
	held := w.queue.held()
	t := time.NewTimer(journalPatience)
	defer t.Stop()
	select {
	case <-w.queue.toApply:
	case <-ctx.Done():
	case <-t.C:
		if held != 0 && held == w.queue.held() {
			w.queue.giveUpDisk()
		}
	}
}

// persist applies records, however often it takes. It returns false when ctx
// has ended before.
func (w *Writer) persist(ctx context.Context, stream string, recs []record) bool {
	for wait := firstBackOff; ; wait = min(2*wait, lastBackOff) {
		attempt, cancel := context.WithTimeout(ctx, w.opt.Attempt)
		err := w.target.apply(attempt, stream, recs, func(r record, err error) { w.reject(stream, r, err) })
		cancel()
		if err == nil {
			w.applyFault.over()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		w.applyFault.failed(err)
		t := time.NewTimer(wait/2 + rand.N(wait/2)) // not in step with other servers
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return false
		}
	}
}

// replay applies one segment of an earlier start and removes it.
func (w *Writer) replay(ctx context.Context, g segment) bool {
	data, err := os.ReadFile(g.path)
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	if err != nil {
		w.damage(g.path, 0, err)
		return true
	}
	j, n := journal{data: data}, 0
	for batch := range j.batches(batchOps) {
		if !w.persist(ctx, g.stream, batch) {
			return false
		}
		n += len(batch)
	}
	w.opt.Log.Info("journal of an earlier start applied", "file", g.path, "operations", n, "torn", j.torn)
	if j.damaged > 0 {
		w.damage(g.path, j.damaged, nil)
		return true
	}
	if !w.settled(ctx) {
		return ctx.Err() == nil // stays for the next start, which skips it
	}
	if err := os.Remove(g.path); err != nil {
		w.opt.Log.Warn("journal cannot be removed", "file", g.path, "err", err)
		return true
	}
	w.forget(ctx, g.stream)
	return true
}

// damage reports and keeps a journal that could not be read in full.
func (w *Writer) damage(path string, bytes int, err error) {
	w.rejects.damaged.Add(uint64(bytes))
	if kept := os.Rename(path, path+".damaged"); kept != nil {
		err = errors.Join(err, kept)
	}
	w.opt.Log.Error("journal damaged: what could be read is applied, the file is kept", "file", path+".damaged", "bytes", bytes, "err", err)
	w.alarm(fmt.Sprintf("journal %s damaged: %d bytes could not be read", path, bytes))
}

// settled reports whether everything applied so far would survive a power
// cut.
func (w *Writer) settled(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, w.opt.Attempt)
	defer cancel()
	err := w.target.settle(ctx)
	if err != nil {
		w.opt.Log.Debug("journal is kept for now", "err", err)
	}
	return err == nil
}

// forget drops the row of a stream once no file of it is left. The other way
// round, a crash in between would apply the file again.
func (w *Writer) forget(ctx context.Context, stream string) {
	if w.spool.leftBehind(stream) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.opt.Attempt)
	defer cancel()
	if err := w.target.forget(ctx, stream); err != nil {
		w.opt.Log.Warn("row of table sipd_journal is left behind", "stream", stream, "err", err)
	}
}

// tidy removes the segments of this start that are applied.
func (w *Writer) tidy(ctx context.Context, all bool) {
	_, _, applied, _ := w.queue.marks()
	gone := w.spool.spent(applied, all)
	if len(gone) == 0 {
		return
	}
	if !w.settled(ctx) {
		w.spool.restore(gone)
		return
	}
	for _, g := range gone {
		if err := os.Remove(g.path); err != nil {
			w.opt.Log.Warn("journal cannot be removed", "file", g.path, "err", err)
		}
	}
}

// drained leaves nothing behind, once the spooler has written its last.
func (w *Writer) drained(ctx context.Context) {
	select {
	case <-w.spoolDone:
		w.tidy(ctx, true)
		w.forget(ctx, w.spool.stream)
	case <-ctx.Done():
	case <-time.After(closeGrace):
	}
}
