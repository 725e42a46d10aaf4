package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// note is an operation that names itself.
func note(i int) Op { return Op{SQL: "note ?", Args: []any{int64(i)}} }

// fakeDB is a target that records what it is told, as a database would: all
// of a call or nothing.
type fakeDB struct {
	mu      sync.Mutex
	down    bool // every call fails
	hang    bool // every call waits for its deadline
	unsure  bool // the next call does its work and fails all the same
	undo    bool // the next call fails at its end, and all of it is undone
	refuse  map[int64]bool
	calls   int
	got     []int64
	done    map[string]uint64
	forgot  []string
	settles int
}

func newFake() *fakeDB { return &fakeDB{done: map[string]uint64{}, refuse: map[int64]bool{}} }

var errDown = errors.New("connection refused")

func (f *fakeDB) set(change func(*fakeDB)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeDB) apply(ctx context.Context, stream string, recs []record, reject func(record, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.hang {
		f.mu.Unlock()
		<-ctx.Done()
		f.mu.Lock()
		return ctx.Err()
	}
	if f.down {
		return errDown
	}
	if f.undo {
		f.undo = false
		for _, r := range recs {
			if f.refuse[r.op.Args[0].(int64)] {
				reject(r, errors.New("duplicate key"))
			}
		}
		return errors.New("deadlock found")
	}
	for _, r := range recs {
		if r.seq <= f.done[stream] {
			continue
		}
		f.done[stream] = r.seq
		if n := r.op.Args[0].(int64); f.refuse[n] {
			reject(r, errors.New("duplicate key"))
		} else {
			f.got = append(f.got, n)
		}
	}
	if f.unsure {
		f.unsure = false
		return errors.New("connection lost during COMMIT")
	}
	return nil
}

func (f *fakeDB) settle(context.Context) error {
	f.set(func(f *fakeDB) { f.settles++ })
	return nil
}

func (f *fakeDB) forget(_ context.Context, stream string) error {
	f.set(func(f *fakeDB) { f.forgot = append(f.forgot, stream) })
	return nil
}

func (f *fakeDB) numbers() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

// upTo checks that exactly 0..n-1 arrived, in order.
func (f *fakeDB) upTo(t *testing.T, n int) {
	t.Helper()
	got := f.numbers()
	for i, v := range got {
		if v != int64(i) {
			t.Fatalf("operation %d is number %d: order lost, doubled or missing", i, v)
		}
	}
	if len(got) != n {
		t.Fatalf("%d operations applied, want %d", len(got), n)
	}
}

// fakeDisk fails when told to.
type fakeDisk struct {
	mu   sync.Mutex
	fail error
}

func (d *fakeDisk) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

func (d *fakeDisk) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fail
}

func (d *fakeDisk) create(path string) (file, error) {
	if err := d.err(); err != nil {
		return nil, err
	}
	f, err := createFile(path)
	return &fakeFile{f, d}, err
}

type fakeFile struct {
	file
	disk *fakeDisk
}

func (f *fakeFile) Write(b []byte) (int, error) {
	if err := f.disk.err(); err != nil {
		n, _ := f.file.Write(b[:len(b)/2])
		return n, err
	}
	return f.file.Write(b)
}

// open starts a writer on a fake; the test closes or abandons it.
func open(t *testing.T, dir string, f target, change ...func(*WriterOptions)) *Writer {
	t.Helper()
	o := WriterOptions{Dir: dir}
	for _, c := range change {
		c(&o)
	}
	w, err := openWriter(o, "test", f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func writeUpTo(t *testing.T, w *Writer, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := w.Write(note(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func flush(t *testing.T, w *Writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// closeNow leaves everything not yet applied in the journal.
func closeNow(t *testing.T, w *Writer) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func closeAll(t *testing.T, w *Writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// durable waits until the journal on disk holds everything written.
func durable(t *testing.T, w *Writer) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 10_000 {
		if written, d, _, _ := w.queue.marks(); d >= written {
			return
		}
		<-tick.C
	}
	t.Fatal("the journal does not catch up")
}

func journals(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.journal*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// logTo collects a log.
type logText struct {
	mu   sync.Mutex
	text []byte
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func (l *logText) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func alarms(list *logText) func(*WriterOptions) {
	return func(o *WriterOptions) { o.Alarm = func(s string) { fmt.Fprintln(list, s) } }
}
