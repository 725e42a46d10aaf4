package db

import (
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

// TestWriterForgetsLast keeps what is known of a stream while one of its
// files, a damaged one, is still there.
func TestWriterForgetsLast(t *testing.T) {
	dir := t.TempDir()
	s, err := openSpool(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		n := uint64(i * 3)
		recs := []record{{seq: n + 1, op: note(1)}, {seq: n + 2, op: note(2)}, {seq: n + 3, op: note(3)}}
		if err := s.write(recs, 0, func() {}); err != nil {
			t.Fatal(err)
		}
		s.close()
	}
	name := journals(t, dir)[0]
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFake()
	closeAll(t, open(t, dir, f))
	if n := len(f.numbers()); n != 5 {
		t.Errorf("%d applied, want 5", n)
	}
	if len(f.forgot) != 1 || f.forgot[0] == s.stream {
		t.Errorf("forgot %v although a file of %s is left", f.forgot, s.stream)
	}
}

func TestWriterPoison(t *testing.T) {
	dir, f, said := t.TempDir(), newFake(), &logText{}
	f.refuse[3], f.refuse[5] = true, true
	f.undo = true // a batch is tried twice, the rejects are set aside once
	f.down = true
	w := open(t, dir, f, alarms(said))
	writeUpTo(t, w, 0, 8)
	closeNow(t, w)
	f.down = false
	w = open(t, dir, f, alarms(said)) // so that all are in one batch
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
