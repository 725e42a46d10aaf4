package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/sipd/sipd/test/disk"
)

// TestFill fills a disk and makes room again. This process is the one that is
// limited where nothing can be mounted.
func TestFill(t *testing.T) {
	d := disk.New(t, 2)
	write := func() error { return os.WriteFile(filepath.Join(d.Dir, "x"), []byte("text"), 0o600) }
	if err := write(); err != nil {
		t.Fatal(err)
	}
	d.Fill(t, os.Getpid())
	err := os.WriteFile(filepath.Join(d.Dir, "y"), []byte("text"), 0o600)
	d.Free(t, os.Getpid())
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
		t.Errorf("a write to the full disk: %v", err)
	}
	if err := write(); err != nil {
		t.Errorf("after Free: %v", err)
	}
}
