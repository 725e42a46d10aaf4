package policy

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestEnds holds that a policy that ends, however it does, is lost with a reason
// and comes back.
func TestEnds(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"crashing", "its process ended (exit status 7): I have had enough"},
		{"panicking", "the policy panicked: runtime error: invalid memory address or nil pointer dereference, at "},
		{"throwing", "its process ended (exit status 2): panic: far from home"},
		{"parent", "its process ended"},
		{"flooding", "101 of its messages answer nothing that was asked"},
		{"huge", "it sent a message of more than 4194304 bytes"},
		{"leaving", "it has ended the stream"},
		{"failing", "no idea"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pidFile := filepath.Join(t.TempDir(), "pid")
			t.Setenv("SIPD_POLICY_TEST_FILE", pidFile)
			cfg := testConfig(t, tt.name)
			cfg.Env = append(cfg.Env, "SIPD_POLICY_TEST_FILE")
			h, w := start(t, cfg, quick())
			pid := h.Pid()
			h.Ask(1, center())
			if got := within(t, w.lost, "Lost"); !strings.Contains(got, tt.want) {
				t.Errorf("lost: %q, want %q", got, tt.want)
			}
			within(t, w.ready, "Ready after the restart")
			mustBeGone(t, pid)
			if n := h.Restarts(); n < 1 {
				t.Errorf("restarts: %d", n)
			}
			if child, err := os.ReadFile(pidFile); err == nil {
				mustHaveDied(t, string(child))
			}
		})
	}
}

// TestKill holds that what hangs is killed at once, however it hangs, and that
// asking it meanwhile does not wait.
func TestKill(t *testing.T) {
	for _, name := range []string{"hanging", "spinning", "stopped", "deaf", "dumb"} {
		t.Run(name, func(t *testing.T) {
			as := name
			if name == "stopped" {
				as = "good"
			}
			h, w := start(t, testConfig(t, as), quick())
			pid := h.Pid()
			if name == "stopped" {
				if err := signal(h, syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			big := center()
			for i := range 50_000 {
				big.Gone = append(big.Gone, strings.Repeat("x", i%100))
			}
			h.Ask(1, big)
			h.Kill("it hangs")
			if got := within(t, w.lost, "Lost"); got != "it hangs" {
				t.Errorf("lost: %q", got)
			}
			within(t, w.ready, "Ready after the restart")
			mustBeGone(t, pid)
		})
	}
}

// TestHealth holds that a process that hangs is found though nothing is asked.
func TestHealth(t *testing.T) {
	limit := quick()
	limit.healthEvery, limit.healthTimeout = time.Millisecond, 50*time.Millisecond
	h, w := start(t, testConfig(t, "good"), limit)
	if err := signal(h, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if got := within(t, w.lost, "Lost"); !strings.Contains(got, "did not answer two questions for its health") {
		t.Errorf("lost: %q", got)
	}
	within(t, w.ready, "Ready after the restart")
}

// TestUnanswered holds that questions do not pile up.
func TestUnanswered(t *testing.T) {
	h, w := start(t, testConfig(t, "deaf"), quick())
	for seq := range uint64(1000) {
		h.Ask(seq, center())
	}
	if got := within(t, w.lost, "Lost"); got != "64 questions have no answer" {
		t.Errorf("lost: %q", got)
	}
}

// TestCloseWhile holds that Close ends a host in any state.
func TestCloseWhile(t *testing.T) {
	t.Run("waiting for the next start", func(t *testing.T) {
		h, w := start(t, testConfig(t, "crashing"), standard)
		h.Ask(1, center())
		within(t, w.lost, "Lost")
		h.Close()
		h.Close()
		h.Ask(2, center())
		h.Kill("nobody")
	})
	t.Run("it is stopped", func(t *testing.T) {
		h, _ := start(t, testConfig(t, "good"), standard)
		if err := signal(h, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		h.Close()
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("Close took %s", took)
		}
	})
	t.Run("it starts", func(t *testing.T) {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("SIPD_POLICY_TEST_FILE", fifo)
		cfg := testConfig(t, "crashing")
		cfg.Env = append(cfg.Env, "SIPD_POLICY_TEST_FILE")
		h, w := start(t, cfg, quick())
		t.Setenv(character, "silent")
		h.Ask(1, center())
		within(t, w.lost, "Lost")
		if _, err := os.ReadFile(fifo); err != nil { // once it runs
			t.Fatal(err)
		}
		began := time.Now()
		h.Close()
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("Close took %s", took)
		}
	})
}
