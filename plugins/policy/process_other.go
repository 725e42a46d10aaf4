//go:build !unix

package policy

import "os/exec"

// detach and killGroup: there are no process groups here.
func detach(*exec.Cmd) {}

func killGroup(int) {}
