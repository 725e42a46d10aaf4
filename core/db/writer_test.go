package db

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWriterOrder(t *testing.T) {
	dir, f := t.TempDir(), newFake()
	w := open(t, dir, f)
	writeUpTo(t, w, 0, 5000)
	flush(t, w)
	f.upTo(t, 5000)
	if s := w.Stats(); s.Written != 5000 || s.Applied != 5000 || s.Lost != 0 || s.Failing {
		t.Errorf("stats %+v", s)
	}
	closeAll(t, w)
	if left := journals(t, dir); len(left) != 0 {
		t.Errorf("a drained writer leaves %v", left)
	}
	if len(f.forgot) != 1 {
		t.Errorf("forgot %v, want its own stream", f.forgot)
	}
	if err := w.Write(note(1)); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
}

// TestWriterOutage has the database down for ten minutes of virtual time.
func TestWriterOutage(t *testing.T) {
	for _, kind := range []string{"down", "hang"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				f, said := newFake(), &logText{}
				f.down, f.hang = kind == "down", kind == "hang"
				w := open(t, dir, f, alarms(said))
				for i := range 600 {
					writeUpTo(t, w, i*10, i*10+10)
					time.Sleep(time.Second) // virtual
				}
				if s := w.Stats(); s.Applied != 0 || !s.Failing || s.Bytes == 0 {
					t.Errorf("during the outage: %+v", s)
				}
				f.set(func(f *fakeDB) { f.down, f.hang = false, false })
				back := time.Now()
				flush(t, w)
				if d := time.Since(back); d > 20*time.Second {
					t.Errorf("replayed %v after the return", d)
				}
				f.upTo(t, 6000)
				if n := strings.Count(said.String(), "\n"); n != 1 {
					t.Errorf("%d alarms for one outage:\n%s", n, said)
				}
				closeAll(t, w)
			})
		})
	}
}

// TestWriterLostCommit has the answer of every tenth COMMIT lost.
func TestWriterLostCommit(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		w := open(t, dir, f)
		for i := range 100 {
			f.set(func(f *fakeDB) { f.unsure = i%10 == 0 })
			writeUpTo(t, w, i*7, i*7+7)
			flush(t, w)
		}
		f.upTo(t, 700)
		closeAll(t, w)
	})
}

// TestWriterRestart stops writers with the database down, five times, and
// checks that everything arrives in the end, in order and once.
func TestWriterRestart(t *testing.T) {
	dir, f := t.TempDir(), newFake()
	f.down = true
	for i := range 5 {
		w := open(t, dir, f)
		writeUpTo(t, w, i*50, i*50+50)
		closeNow(t, w)
	}
	if n := len(journals(t, dir)); n != 5 {
		t.Fatalf("%d journals, want 5", n)
	}
	f.set(func(f *fakeDB) { f.down = false })
	w := open(t, dir, f)
	writeUpTo(t, w, 250, 260)
	flush(t, w)
	closeAll(t, w)
	f.upTo(t, 260)
	if left := journals(t, dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestWriterTornTail cuts the journal of a dead process at every byte.
func TestWriterTornTail(t *testing.T) {
	dir, f := t.TempDir(), newFake()
	f.down = true
	w := open(t, dir, f)
	writeUpTo(t, w, 0, 3)
	closeNow(t, w)
	name := journals(t, dir)[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		f := newFake()
		w := open(t, dir, f)
		closeAll(t, w)
		f.upTo(t, cut*3/len(whole))
		if s := w.Stats(); s.Damaged != 0 {
			t.Fatalf("cut at %d: %d bytes damaged", cut, s.Damaged)
		}
		if left := journals(t, dir); len(left) != 0 {
			t.Fatalf("cut at %d leaves %v", cut, left)
		}
	}
}

func TestWriterDamagedJournalIsKept(t *testing.T) {
	dir, f := t.TempDir(), newFake()
	f.down = true
	w := open(t, dir, f)
	writeUpTo(t, w, 0, 3)
	closeNow(t, w)
	name := journals(t, dir)[0]
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, said := newFake(), &logText{}
	w = open(t, dir, f, alarms(said))
	closeAll(t, w)
	if got := f.numbers(); len(got) != 2 || got[0] != 0 || got[1] != 2 {
		t.Errorf("applied %v, want 0 and 2", got)
	}
	if left := journals(t, dir); len(left) != 1 || !strings.HasSuffix(left[0], ".damaged") {
		t.Errorf("left %v, want the damaged file", left)
	}
	if !strings.Contains(said.String(), "damaged") || len(f.forgot) != 1 {
		t.Errorf("alarms %q, forgot %v; want an alarm, and only the new stream forgotten", said, f.forgot)
	}
}

func TestWriterPoison(t *testing.T) {
	dir, f, said := t.TempDir(), newFake(), &logText{}
	f.refuse[3], f.refuse[5] = true, true
	f.unsure = true // the batch is tried twice, the rejects are set aside once
	w := open(t, dir, f, alarms(said))
	writeUpTo(t, w, 0, 8)
	flush(t, w)
	closeAll(t, w)
	if n := len(f.numbers()); n != 6 {
		t.Errorf("%d applied, want the 6 others", n)
	}
	text, err := os.ReadFile(filepath.Join(dir, "test.rejected"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var r Rejected
	if err := json.Unmarshal([]byte(lines[0]), &r); err != nil || len(lines) != 2 {
		t.Fatalf("%v in %s, want two lines", err, text)
	}
	if r.SQL != "note ?" || r.Error != "duplicate key" || r.Seq != 4 || w.Stats().Rejected != 2 {
		t.Errorf("rejected %+v, stats %+v", r, w.Stats())
	}
	if !strings.Contains(said.String(), "duplicate key") {
		t.Errorf("alarms: %q", said)
	}
}

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
		closeAll(t, open(t, dir, f))
		f.upTo(t, 30)
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

func TestWriterRefusesNonsense(t *testing.T) {
	w := open(t, t.TempDir(), newFake())
	defer closeAll(t, w)
	for _, op := range []Op{
		{SQL: "x ?"},
		{SQL: "x", Args: []any{1}},
		{SQL: "x ?", Args: []any{time.Now()}},
		{SQL: "x ?", Args: []any{math.NaN()}},
		{SQL: "x ?", Args: []any{strings.Repeat("x", 200_000)}},
	} {
		if err := w.Write(op); err == nil {
			t.Errorf("Write took %.60v", op)
		}
	}
	if s := w.Stats(); s.Written != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWriterOnePerJournal(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, newFake())
	defer closeAll(t, w)
	_, err := openWriter(WriterOptions{Dir: dir}, "test", newFake(), nil)
	if err == nil || !strings.Contains(err.Error(), "in use by another sipd") {
		t.Errorf("second writer: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openWriter(WriterOptions{Dir: file}, "test", newFake(), nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("spool in a file: %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	w, err := openWriter(WriterOptions{Dir: b.TempDir()}, "test", newFake(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for w.Write(note(1)) != nil {
			_ = w.Flush(b.Context())
		}
	}
	_ = w.Close(b.Context())
}
