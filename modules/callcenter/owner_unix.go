//go:build unix

package callcenter

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ownBinary refuses a binary that somebody else has put there, or could
// exchange: who may send a management command must not be able to run what he
// likes. That it is not there is left to be said by who starts it.
func ownBinary(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil
	}
	for _, p := range []string{path, real} {
		for at := p; ; at = filepath.Dir(at) {
			if err := ours(at); err != nil {
				return fmt.Errorf("plugin %s: %w, or name the plugin in the route file", path, err)
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return nil
}

// ours refuses a file or folder that others own or may change. In a folder like
// /tmp nobody can exchange what belongs to others.
func ours(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	link, sticky := info.Mode()&fs.ModeSymlink != 0, info.IsDir() && info.Mode()&fs.ModeSticky != 0
	if info.Mode().Perm()&0o002 != 0 && !link && !sticky {
		return fmt.Errorf("everybody may change %s: chmod o-w it", path)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to neither root nor the user who runs sipd: chown it", path)
	}
	return nil
}
