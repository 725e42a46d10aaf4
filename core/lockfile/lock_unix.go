//go:build unix

package lockfile

import (
	"os"
	"syscall"
)

// Lock creates the file at path and locks it until it is closed. It does not
// wait: the error is [ErrInUse] when the lock is taken.
func Lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrInUse
	}
	return f, nil
}
