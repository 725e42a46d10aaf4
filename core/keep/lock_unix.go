//go:build unix

package keep

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile keeps a second process from using the same store.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: in use by another sipd: stop it, or give this one another spool_dir", path)
	}
	return f, nil
}
