package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"sync/atomic"
	"syscall"
)

// signal sends a signal to the process of a host, if there is one: 0 would be
// this process's group.
func signal(h *Host, sig syscall.Signal) error {
	if pid := h.Pid(); pid > 0 {
		return syscall.Kill(pid, sig)
	}
	return syscall.ESRCH
}

// counter counts bytes.
type counter struct{ atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}

func itoa(n int) string { return strconv.Itoa(n) }

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:])
}
