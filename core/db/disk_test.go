package db

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWriterDiskFails goes on without a disk, and uses it again when it is
// back.
func TestWriterDiskFails(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f, disk, said := newFake(), &fakeDisk{}, &logText{}
		o := WriterOptions{Dir: dir}
		alarms(said)(&o)
		w, err := openWriter(o, "test", f, disk.create)
		if err != nil {
			t.Fatal(err)
		}
		writeUpTo(t, w, 0, 10)
		synctest.Wait()
		disk.set(errors.New("no space left on device"))
		writeUpTo(t, w, 10, 20)
		flush(t, w)
		f.upTo(t, 20)
		time.Sleep(10 * time.Second)
		if s := w.Stats(); !s.DiskFailing || s.Lost != 0 {
			t.Errorf("with a broken disk: %+v", s)
		}
		f.set(func(f *fakeDB) { f.down = true })
		writeUpTo(t, w, 20, 30)
		disk.set(nil)
		time.Sleep(2 * time.Second)
		closeNow(t, w)
		if !strings.Contains(said.String(), "no space left on device") {
			t.Errorf("alarms: %q", said)
		}
		f.set(func(f *fakeDB) { f.down = false })
		w = open(t, dir, f)
		closeAll(t, w)
		f.upTo(t, 30)
		if s := w.Stats(); s.Damaged != 0 || len(journals(t, dir)) != 0 {
			t.Errorf("what the disk wrote by half counts as damage: %+v, %v", s, journals(t, dir))
		}
	})
}

// TestWriterBothFail fills the memory: what exceeds it is refused, counted
// and told, and nothing before it is lost.
func TestWriterBothFail(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f, disk, said := newFake(), &fakeDisk{fail: errors.New("input/output error")}, &logText{}
		f.down = true
		o := WriterOptions{Dir: dir, Memory: 100}
		alarms(said)(&o)
		w, err := openWriter(o, "test", f, disk.create)
		if err != nil {
			t.Fatal(err)
		}
		writeUpTo(t, w, 0, 100)
		for range 5 {
			if err := w.Write(note(-1)); !errors.Is(err, ErrFull) {
				t.Fatalf("Write over the limit: %v", err)
			}
		}
		if s := w.Stats(); s.Lost != 5 {
			t.Errorf("%+v, want 5 lost", s)
		}
		synctest.Wait()
		f.set(func(f *fakeDB) { f.down = false })
		flush(t, w)
		f.upTo(t, 100)
		f.set(func(f *fakeDB) { f.down = true })
		writeUpTo(t, w, 100, 103)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Close(ctx); err == nil || !strings.Contains(err.Error(), "3 operations are lost") {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestWriterReadsBack lets more wait than memory holds: the rest comes from
// the journal, over several files.
func TestWriterReadsBack(t *testing.T) {
	dir, f := t.TempDir(), newFake()
	f.down = true
	w := open(t, dir, f, func(o *WriterOptions) { o.Memory = 1000 })
	text := strings.Repeat("x", 10_000)
	for i := range 3000 {
		if i%500 == 0 {
			durable(t, w)
		}
		if err := w.Write(Op{SQL: "note ?, ?", Args: []any{int64(i), text}}); err != nil {
			t.Fatal(err)
		}
	}
	durable(t, w)
	if n := len(journals(t, dir)); n < 2 {
		t.Errorf("%d journals for 30 MB, want several", n)
	}
	f.set(func(f *fakeDB) { f.down = false })
	flush(t, w)
	f.upTo(t, 3000)
	closeAll(t, w)
	if s := w.Stats(); s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWriterJournalDeleted has somebody delete the journal during an outage:
// what was only there is counted as lost, and the rest arrives.
func TestWriterJournalDeleted(t *testing.T) {
	dir, f, said := t.TempDir(), newFake(), &logText{}
	f.down = true
	w := open(t, dir, f, func(o *WriterOptions) { o.Memory = 100 }, alarms(said))
	for i := range 10 {
		writeUpTo(t, w, i*50, i*50+50)
		durable(t, w)
	}
	for _, name := range journals(t, dir) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	f.set(func(f *fakeDB) { f.down = false })
	flush(t, w)
	s := w.Stats()
	if got := len(f.numbers()); s.Lost == 0 || got+int(s.Lost) < 500 || f.numbers()[got-1] != 499 {
		t.Errorf("%d applied, %+v", got, s)
	}
	if !strings.Contains(said.String(), "lost") {
		t.Errorf("alarms: %q", said)
	}
	closeAll(t, w)
}
