package lockfile

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	f, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second lock: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f, err = Lock(path)
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	f.Close()
	if _, err := Lock(filepath.Join(path, "none", "x")); err == nil || errors.Is(err, ErrInUse) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
