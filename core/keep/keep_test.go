package keep

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func reopen(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// kill leaves the store as kill -9 does.
func (s *Store) kill() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	<-s.done
	for _, g := range s.segs {
		_ = g.f.Close()
	}
	_ = s.lock.Close()
}

func all(t *testing.T, s *Store, bucket string) map[string]string {
	t.Helper()
	m := map[string]string{}
	if err := s.Each(bucket, func(k string, v []byte) error { m[k] = string(v); return nil }); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestHistory compares random histories, with kills and compaction, to a map.
func TestHistory(t *testing.T) {
	for seed := range uint64(8) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		s, want := reopen(t, dir), map[string]string{}
		for range 3000 {
			key := fmt.Sprint("k", rnd.IntN(60))
			switch n := rnd.IntN(100); {
			case n < 60:
				value := strings.Repeat(fmt.Sprint(rnd.IntN(1000)), 1+rnd.IntN(4000))
				s.Put("b", key, []byte(value))
				want[key] = value
			case n < 95:
				s.Delete("b", key)
				delete(want, key)
			case n < 97:
				s.tend()
			default:
				s.kill()
				s = reopen(t, dir)
			}
		}
		got := all(t, s, "b")
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d values, want %d", seed, len(got), len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("seed %d: %s differs", seed, k)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCompaction holds that the folder does not grow with the changes.
func TestCompaction(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	value := bytes.Repeat([]byte("x"), 10_000)
	for i := range 10_000 {
		s.Put("b", fmt.Sprint(i%50), value)
		if i%500 == 0 {
			s.tend()
		}
	}
	s.tend()
	var size int64
	files, _ := filepath.Glob(filepath.Join(dir, "keep.0*"))
	for _, f := range files {
		st, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	if size > 3*segmentSize {
		t.Errorf("%d bytes in %d files for 500,000 bytes of values", size, len(files))
	}
	if n := len(all(t, s, "b")); n != 50 {
		t.Errorf("%d values, want 50", n)
	}
}

// TestCutAnywhere cuts the file at each byte: what was written before is there.
func TestCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	s.Put("b", "one", []byte("first"))
	s.Put("b", "two", []byte("second"))
	s.Delete("b", "one")
	s.kill()
	path := filepath.Join(dir, "keep.000000000001")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{0}
	for at := 0; at < len(whole); {
		_, _, n := decode(whole[at:])
		at += n
		ends = append(ends, at)
	}
	states := []string{"map[]", "map[one:first]", "map[one:first two:second]", "map[two:second]"}
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		for n < len(ends)-1 && ends[n+1] <= cut {
			n++
		}
		s := reopen(t, dir)
		if got := fmt.Sprint(all(t, s, "b")); got != states[n] {
			t.Fatalf("cut at %d: %s, want %s", cut, got, states[n])
		}
		s.kill()
		if _, err := os.Stat(path + ".damaged"); err == nil {
			t.Fatalf("cut at %d: reported as damage", cut)
		}
	}
}

// TestDamage: a changed byte costs what follows it in its segment, which is
// kept aside.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	s.Put("b", "one", []byte("first"))
	s.Put("b", "two", []byte("second"))
	s.Put("b", "three", []byte("third"))
	s.kill()
	path := filepath.Join(dir, "keep.000000000001")
	data, _ := os.ReadFile(path)
	data[bytes.Index(data, []byte("second"))] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var alarms []string
	s, err := Open(Options{Dir: dir, Alarm: func(text string) { alarms = append(alarms, text) }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := fmt.Sprint(all(t, s, "b")); got != "map[one:first]" {
		t.Error(got)
	}
	if _, err := os.Stat(path + ".damaged"); err != nil || len(alarms) != 1 {
		t.Errorf("%v, alarms %q", err, alarms)
	}
	s.Put("b", "four", []byte("fourth"))
	if got := fmt.Sprint(all(t, s, "b")); got != "map[four:fourth one:first]" {
		t.Error(got)
	}
}

// full is a disk that can be full.
type full struct {
	file
	is *atomic.Bool
}

func (f full) WriteAt(b []byte, at int64) (int, error) {
	if f.is.Load() {
		n, _ := f.file.WriteAt(b[:len(b)/2], at)
		return n, errors.New("no space left on device")
	}
	return f.file.WriteAt(b, at)
}

func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	var is atomic.Bool
	alarms := 0
	s, err := open(Options{Dir: dir, Alarm: func(string) { alarms++ }}, func(path string) (file, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return full{f, &is}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Put("b", "one", []byte("first"))
	s.Put("b", "two", []byte("second"))
	is.Store(true)
	s.Put("b", "two", []byte("changed"))
	s.Delete("b", "one")
	s.Put("b", "three", []byte("third"))
	want := "map[three:third two:changed]"
	if got := fmt.Sprint(all(t, s, "b")); got != want || alarms != 1 {
		t.Errorf("while full: %s, %d alarms", got, alarms)
	}
	s.tend()
	is.Store(false)
	s.tend()
	s.Put("b", "two", []byte("again"))
	s.kill()
	if got := fmt.Sprint(all(t, reopen(t, dir), "b")); got != "map[three:third two:again]" {
		t.Errorf("afterwards: %s", got)
	}
}

// TestPartialWrite: half a frame that a full disk took is taken back.
func TestPartialWrite(t *testing.T) {
	dir := t.TempDir()
	var is atomic.Bool
	s, err := open(Options{Dir: dir}, func(path string) (file, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return full{f, &is}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	is.Store(true)
	s.Put("b", "big", bytes.Repeat([]byte("x"), 10_000))
	s.kill()
	if st, err := os.Stat(filepath.Join(dir, "keep.000000000001")); err != nil || st.Size() != 0 {
		t.Errorf("%d bytes are left, %v", st.Size(), err)
	}
}

// TestNeverWritten: zeros at the end, as a power cut leaves them, are no damage.
func TestNeverWritten(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	s.Put("b", "one", []byte("first"))
	s.kill()
	f, err := os.OpenFile(filepath.Join(dir, "keep.000000000001"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(all(t, reopen(t, dir), "b")); got != "map[one:first]" {
		t.Error(got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.damaged")); left != nil {
		t.Errorf("reported as damage: %v", left)
	}
}

func TestOneStoreForADirectory(t *testing.T) {
	dir := t.TempDir()
	reopen(t, dir)
	if _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another sipd") {
		t.Errorf("a second store: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(frame("bucket\x00key", []byte("value")))
	f.Add(frame("key", nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, value, n := decode(data)
		if n > len(data) || n != 0 && !bytes.Equal(frame(key, value), data[:n]) {
			t.Errorf("%q, %q, %d", key, value, n)
		}
	})
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	value := bytes.Repeat([]byte("x"), 2500)
	for i := 0; b.Loop(); i++ {
		s.Put("b", fmt.Sprint(i%1000), value)
	}
}
