//go:build linux

package policy

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestByHand holds what the binary says to who starts it in a shell.
func TestByHand(t *testing.T) {
	cmd := exec.Command(testConfig(t, "good").Path)
	cmd.Env = []string{character + "=good", "SIPD_POLICY_TEST_HAND=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"This is a dispatch policy for sipd", "version 1 of the protocol",
		`modparam("call_center", "dispatch_policy", "plugin:` + cmd.Path + `")`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it says\n%s\nwant %q in it", out, want)
		}
	}
}

// TestHostDies holds that a plugin does not outlive its host, even one that
// hangs.
func TestHostDies(t *testing.T) {
	for _, stop := range []bool{false, true} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := testConfig(t, "")
		cmd := exec.Command(cfg.Path)
		cmd.Env = []string{"TMPDIR=" + cfg.Dir, "SIPD_POLICY_TEST_HOST=1", character + "=holding", "SIPD_POLICY_TEST_FILE=" + fifo}
		cmd.Stderr = t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(fifo)
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(f)
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		if stop {
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = r.ReadByte() // it holds the other end as long as it lives
		}()
		within(t, ended, "end of the plugin")
		_ = f.Close()
	}
}

// beHost loads the test binary as a plugin and waits to be killed.
func beHost() {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	_, err = Load(Config{Path: path, Env: []string{character, "SIPD_POLICY_TEST_FILE"}}, newWitness(nil).callbacks())
	if err != nil {
		panic(err)
	}
	select {}
}
