//go:build unix

package callcenter

import (
	"fmt"
	"os"
	"syscall"
)

// ownBinary refuses a binary that somebody else could have put there, or could
// change: who may send a management command must not be able to run what he
// likes. That it is not there is left to be said by who starts it.
func ownBinary(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if info.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("plugin %s: everybody may change the file: chmod o-w it, or name it in the route file", path)
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("plugin %s: it belongs to neither root nor the user who runs sipd: chown it, or name it in the route file", path)
	}
	return nil
}
