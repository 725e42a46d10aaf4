//go:build unix && !linux

package policy

import (
	"os/exec"
	"syscall"
)

// detach gives the process a group of its own, so that its children can be
// killed with it and a Ctrl-C in the terminal does not reach it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
