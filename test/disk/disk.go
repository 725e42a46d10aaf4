// Package disk makes disks that tests fill.
//
// With the rights to mount it is a tmpfs of its own: a write that finds no
// room fails with ENOSPC, as on any full disk. Without them a process is
// forbidden to write files instead, which fails with EFBIG.
package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// Disk is a folder that can be filled.
type Disk struct {
	Dir     string
	mounted bool
}

// New returns a disk of that many MB. It goes with the test: what uses it must
// be stopped by a cleanup registered after this call.
func New(t testing.TB, megabytes int) *Disk {
	t.Helper()
	d := &Disk{Dir: t.TempDir()}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=0700", megabytes), "tmpfs", d.Dir).CombinedOutput()
	if err != nil {
		t.Logf("no tmpfs, so processes are limited instead: mount: %v: %s", err, out)
		return d
	}
	d.mounted = true
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", d.Dir).CombinedOutput(); err != nil {
			t.Errorf("umount %s: %v: %s", d.Dir, err, out)
		}
	})
	return d
}

// Real reports whether the disk is one, and not a limit of processes.
func (d *Disk) Real() bool { return d.mounted }

// Fill leaves no byte free. The process is the one that is limited when the
// disk is no real one.
func (d *Disk) Fill(t testing.TB, pid int) {
	t.Helper()
	if !d.mounted {
		limit(t, pid, "0")
		return
	}
	f, err := os.Create(d.ballast())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// Free undoes Fill.
func (d *Disk) Free(t testing.TB, pid int) {
	t.Helper()
	if !d.mounted {
		limit(t, pid, "unlimited")
		return
	}
	if err := os.Remove(d.ballast()); err != nil {
		t.Fatal(err)
	}
}

func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// limit sets how long a file of a process may get. Only the soft limit: it can
// be lifted again.
func limit(t testing.TB, pid int, size string) {
	t.Helper()
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(pid), "--fsize="+size+":").CombinedOutput()
	if err != nil {
		t.Fatalf("prlimit (of util-linux): %v: %s", err, out)
	}
}
