//go:build unix

package db

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps a second process from using the same journal.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("journal %s: in use by another sipd: stop it, or give this one another spool directory", path)
	}
	return f, nil
}
