package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sipd/sipd/core/lockfile"
)

// The pace of a writer.
const (
	groupFsync   = 5 * time.Millisecond  // at most one fsync in this time
	groupCommit  = 20 * time.Millisecond // at most one transaction in this time, unless it is full
	batchOps     = 200                   // operations in one transaction
	spoolOps     = 1000                  // operations in one fsync
	diskRetry    = time.Second
	firstBackOff = 50 * time.Millisecond
	lastBackOff  = 5 * time.Second
	nagEvery     = time.Minute // a failure that lasts is logged this often
	closeGrace   = 2 * time.Second
	maxOpBytes   = 128 << 10
)

// WriterOptions say where a [Writer] writes.
type WriterOptions struct {
	DB  *DB
	Dir string // of the journal; created if missing. One writer for a database and directory
	Log *slog.Logger
	// Alarm is told in one line when something starts to fail or is lost. It
	// is called by the writer's goroutines and must not block. nil: only log.
	Alarm func(text string)
	// Written is told the tags of operations that this writer will not forget
	// any more, whatever happens to the process. It is called before they are
	// applied, by the goroutine that writes the journal, and must be quick.
	Written func(tags []string)
	// Memory is how many operations are kept in memory at most, 100000 when 0.
	Memory int
	// Attempt is the longest one transaction may take, 10 s when 0.
	Attempt time.Duration
}

// Writer writes to a database in the background: in order, durably, exactly
// once, and never making its caller wait. See the package comment.
type Writer struct {
	opt    WriterOptions
	target target
	queue  *queue
	spool  *spool
	lock   *os.File
	place  string // of the database, for messages

	stop       context.CancelFunc // ends the applier at once
	spoolDone  chan struct{}
	applyDone  chan struct{}
	closing    chan struct{}
	closeOnce  sync.Once
	tags       map[string]bool // in the journals of earlier starts
	rejects    *rejects
	applyFault fault
	diskFault  fault
}

// OpenWriter starts a writer. What earlier starts left in the directory is
// applied before anything new. The database need not be reachable.
func OpenWriter(o WriterOptions) (*Writer, error) {
	return openWriter(o, o.DB.URL().ID(), &sqlTarget{db: o.DB}, nil)
}

// openWriter lets tests choose the target and the disk.
func openWriter(o WriterOptions, id string, t target, create func(string) (file, error)) (*Writer, error) {
	if o.Memory <= 0 {
		o.Memory = 100_000
	}
	if o.Attempt <= 0 {
		o.Attempt = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := openSpool(o.Dir, id)
	if err != nil {
		return nil, err
	}
	if create != nil {
		s.create = create
	}
	lock, err := lockJournal(filepath.Join(o.Dir, id+".lock"))
	if err != nil {
		return nil, err
	}
	w := &Writer{
		opt: o, target: t, queue: newQueue(o.Memory), spool: s, lock: lock, place: id,
		spoolDone: make(chan struct{}), applyDone: make(chan struct{}), closing: make(chan struct{}),
		rejects: &rejects{path: filepath.Join(o.Dir, id+".rejected"), log: o.Log},
	}
	if o.DB != nil {
		w.place = o.DB.URL().String()
	}
	w.tags = s.tags()
	w.applyFault = fault{what: "database " + w.place, log: o.Log, alarm: w.alarm}
	w.diskFault = fault{what: "journal in " + o.Dir, log: o.Log, alarm: w.alarm}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go w.spoolLoop()
	go w.applyLoop(ctx)
	return w, nil
}

// Write queues an operation and returns at once. It is applied after every
// operation written before. An error means that it never will be: the
// operation is malformed, the writer is closed, or [ErrFull].
func (w *Writer) Write(op Op) error {
	if err := op.check(); err != nil {
		return err
	}
	size := len(op.SQL)
	for _, a := range op.Args {
		switch a := a.(type) {
		case string:
			size += len(a)
		case float64:
			if math.IsNaN(a) || math.IsInf(a, 0) {
				return fmt.Errorf("statement %q: %v cannot be stored", op.SQL, a)
			}
		}
	}
	if size > maxOpBytes {
		return fmt.Errorf("statement %.40q...: %d bytes, at most %d", op.SQL, size, maxOpBytes)
	}
	err := w.queue.push(op.clean())
	if errors.Is(err, ErrFull) {
		w.diskFault.failed(err)
	}
	return err
}

// Tags are those of the operations that earlier starts had written and not
// applied yet. An operation that has its tag here must not be written again.
func (w *Writer) Tags() map[string]bool { return w.tags }

// written notes that the journal has the records.
func (w *Writer) written(recs []record) {
	w.tell(recs)
	w.queue.setWritten(recs[len(recs)-1].seq)
}

// tell tells the owner of tags.
func (w *Writer) tell(recs []record) {
	var tags []string
	for _, r := range recs {
		if r.op.Tag != "" {
			tags = append(tags, r.op.Tag)
		}
	}
	if len(tags) > 0 && w.opt.Written != nil {
		w.opt.Written(tags)
	}
}

// Flush waits until everything written so far is applied or rejected.
func (w *Writer) Flush(ctx context.Context) error {
	all := w.queue.wait()
	select {
	case <-all:
		return nil
	default:
	}
	select {
	case <-all:
		return nil
	case <-w.applyDone:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("database %s: not all written: %w", w.place, ctx.Err())
	}
}

// Stats is how far a writer has come, counted from its start.
type Stats struct {
	Written  uint64 // operations taken by Write
	Applied  uint64 // of these, those done with, the rejected ones included
	Rejected uint64 // set aside because the database will never take them
	Lost     uint64 // neither on disk nor applied: both failed and memory ran out
	Damaged  uint64 // bytes of the journal that could not be read
	Bytes    int64  // size of the journal of this start
	// Failing and DiskFailing tell that the last attempt failed.
	Failing, DiskFailing bool
}

// Stats returns how far the writer has come.
func (w *Writer) Stats() Stats {
	written, _, applied, lost := w.queue.marks()
	return Stats{
		Written: written, Applied: applied, Lost: lost,
		Rejected: w.rejects.count.Load(), Damaged: w.rejects.damaged.Load(), Bytes: w.spool.bytes(),
		Failing: w.applyFault.isOn(), DiskFailing: w.diskFault.isOn(),
	}
}

// Close stops taking operations and waits until all are applied. When ctx
// ends first, the rest stays in the journal for the next start; that is no
// error. The error says how many operations are neither applied nor on disk.
// A second Close does nothing more.
func (w *Writer) Close(ctx context.Context) error {
	w.closeOnce.Do(func() {
		w.queue.close()
		close(w.closing)
	})
	defer w.stop()
	select {
	case <-w.applyDone:
	case <-ctx.Done():
		w.stop()
		<-w.applyDone
	}
	select { // even without time left: the disk is quick, or broken
	case <-w.spoolDone:
	case <-time.After(closeGrace):
		return w.unsaved()
	}
	w.spool.close()
	err := w.lock.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // the second Close
	}
	return errors.Join(w.unsaved(), err)
}

// unsaved is the error of operations that end with the process.
func (w *Writer) unsaved() error {
	written, durable, applied, _ := w.queue.marks()
	safe := max(durable, applied)
	if written <= safe {
		return nil
	}
	return fmt.Errorf("database %s and its journal in %s both fail: %d operations are lost", w.place, w.opt.Dir, written-safe)
}

func (w *Writer) alarm(text string) {
	if w.opt.Alarm != nil {
		w.opt.Alarm(text)
	}
}

// lockJournal keeps a second process from using the same journal.
func lockJournal(path string) (*os.File, error) {
	f, err := lockfile.Lock(path)
	if errors.Is(err, lockfile.ErrInUse) {
		err = fmt.Errorf("%w: stop it, or give this one another spool directory", err)
	}
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	return f, nil
}
