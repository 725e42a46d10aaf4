package keep

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// enospc is a disk that is full: what is there may be written over.
type enospc struct {
	*os.File
	is *atomic.Bool
}

func (f enospc) WriteAt(b []byte, at int64) (int, error) {
	if st, err := f.Stat(); f.is.Load() && (err != nil || at+int64(len(b)) > st.Size()) {
		return 0, errors.New("no space left on device")
	}
	return f.File.WriteAt(b, at)
}

// TestCross deletes on a full disk: a kill does not bring back what is over,
// and nothing else is touched, wherever the frames lie.
func TestCross(t *testing.T) {
	dir := t.TempDir()
	var is atomic.Bool
	s, err := open(Options{Dir: dir}, func(path string) (file, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return enospc{f, &is}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	const n = 600
	for i := range n {
		if !s.Put("b", fmt.Sprint(i), []byte(strings.Repeat("x", i))) {
			t.Fatal("not kept")
		}
	}
	is.Store(true)
	want := map[string]string{}
	for i := range n {
		if i%2 == 0 {
			s.Delete("b", fmt.Sprint(i))
		} else {
			want[fmt.Sprint(i)] = strings.Repeat("x", i)
		}
	}
	if s.Put("b", "new", []byte("v")) {
		t.Error("a full disk took a value")
	}
	if s.Delete("b", "new"); len(s.unsaved) > 0 {
		t.Errorf("%d deletions wait for the disk", len(s.unsaved))
	}
	s.kill()
	again := reopen(t, dir)
	if got := all(t, again, "b"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d values, want %d: %v", len(got), len(want), got)
	}
}

// TestFullForLong: values that come and go while the disk is full leave
// nothing in memory.
func TestFullForLong(t *testing.T) {
	var is atomic.Bool
	s, err := open(Options{Dir: t.TempDir()}, func(path string) (file, error) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		return enospc{f, &is}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	is.Store(true)
	for i := range 1000 {
		s.Put("b", fmt.Sprint(i), []byte("v"))
		s.Delete("b", fmt.Sprint(i))
	}
	if n := len(s.unsaved); n != 0 {
		t.Errorf("%d are left in memory", n)
	}
}
