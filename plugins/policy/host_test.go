package policy

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// witness collects what a host tells.
type witness struct {
	ready chan struct{}
	lost  chan string
	said  chan answered
}

type answered struct {
	seq uint64
	d   dispatch.Decision
}

func newWitness(testing.TB) *witness {
	return &witness{ready: make(chan struct{}, 100), lost: make(chan string, 100), said: make(chan answered, 1000)}
}

func (w *witness) callbacks() Callbacks {
	return Callbacks{
		Ready:   func() { w.ready <- struct{}{} },
		Lost:    func(reason string) { w.lost <- reason },
		Decided: func(seq uint64, d dispatch.Decision) { w.said <- answered{seq, d} },
	}
}

// within waits for a value, as long as a slow machine may need.
func within[T any](t testing.TB, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s within 20 seconds", what)
	}
	return v
}

// testConfig is that of the test binary as a plugin of a character.
func testConfig(t testing.TB, name string) Config {
	t.Helper()
	t.Setenv(character, name)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // it would not leave within the grace
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "p") // that of the test is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var w io.Writer = t.Output()
	if !testing.Verbose() {
		w = io.Discard
	}
	return Config{Path: path, Env: []string{character, "GORACE"}, Dir: dir, Log: slog.New(slog.NewTextHandler(w, nil))}
}

// quick are limits for tests: what is broken comes back at once.
func quick() limits {
	l := standard
	l.backoffMin, l.backoffMax = time.Millisecond, time.Millisecond
	return l
}

func start(t *testing.T, cfg Config, limit limits) (*Host, *witness) {
	t.Helper()
	w := newWitness(t)
	h, err := load(cfg, w.callbacks(), limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pid := h.Pid()
		h.Close()
		mustBeGone(t, pid)
		if left, _ := os.ReadDir(cfg.Dir); len(left) > 0 {
			t.Errorf("left in the folder of sockets: %v", left)
		}
	})
	select {
	case <-w.ready:
	default:
		t.Fatal("Ready did not come before Load returned")
	}
	return h, w
}

// mustBeGone holds that a process has ended and is no zombie.
func mustBeGone(t testing.TB, pid int) {
	t.Helper()
	if pid != 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		t.Errorf("process %d is still there", pid)
	}
}

// mustHaveDied holds that a process that is nobody's child here runs no more.
func mustHaveDied(t testing.TB, pid string) {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("process %s still runs: %s", pid, stat)
	}
}

// center is one call and one agent who can take it.
func center() dispatch.Delta {
	return dispatch.Delta{Now: time.Unix(1000, 0), Reset: true,
		Calls:  []dispatch.Call{{ID: "c", Media: dispatch.RTP, Skill: "s", Place: dispatch.Place{Turn: 1}}},
		Agents: []dispatch.Agent{{ID: "a", Skills: []string{"s"}, Audio: true, Phone: true}},
	}
}

func TestGood(t *testing.T) {
	for _, mtls := range []bool{false, true} {
		cfg := testConfig(t, "good")
		cfg.MTLS = mtls
		cfg.Settings = Settings{"speed": "fast"}
		h, w := start(t, cfg, standard)
		if parts := strings.Split(h.cur.(*session).proc.line, "|"); mtls != (len(parts[5]) > 50) {
			t.Errorf("mtls %t: the handshake was %q", mtls, parts)
		}
		h.Ask(1, dispatch.Delta{}) // before it was told everything: dropped
		for seq := range uint64(3) {
			h.Ask(7+seq, center())
			got := within(t, w.said, "decision")
			if got.seq != 7+seq || len(got.d.Assign) != 1 || got.d.Assign[0] != (dispatch.Assignment{Call: "c", Agent: "a", Reason: "longest idle"}) {
				t.Errorf("decided %+v", got)
			}
		}
		if h.Restarts() != 0 {
			t.Errorf("restarts: %d", h.Restarts())
		}
	}
}

// TestSumOfDeltas holds that a plugin's view is what it was told, whatever it
// proposed: an assignment that did not come about is proposed again.
func TestSumOfDeltas(t *testing.T) {
	h, w := start(t, testConfig(t, "good"), standard)
	h.Ask(1, center())
	first := within(t, w.said, "decision").d
	h.Ask(2, dispatch.Delta{Now: time.Unix(1001, 0)})
	if again := within(t, w.said, "decision").d; len(again.Assign) != 1 || again.Assign[0] != first.Assign[0] {
		t.Errorf("after nothing came of it: %+v", again)
	}
	h.Ask(3, dispatch.Delta{Now: time.Unix(1002, 0), Gone: []string{"c"}})
	if none := within(t, w.said, "decision").d; len(none.Assign) != 0 {
		t.Errorf("the call is gone: %+v", none)
	}
}

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

// TestWordy holds that an answer of too many proposals is dropped, and that
// reasons are made fit to be shown.
func TestWordy(t *testing.T) {
	h, w := start(t, testConfig(t, "wordy"), standard)
	h.Ask(1, center())
	if got := within(t, w.said, "answer"); got.seq != 1 || len(got.d.Assign) != 0 {
		t.Errorf("%d proposals were passed on", len(got.d.Assign))
	}
	h.Ask(2, center())
	got := within(t, w.said, "answer")
	if want := " " + strings.Repeat("é", 99); len(got.d.Assign) != 1 || got.d.Assign[0].Reason != want {
		t.Errorf("got %+v", got.d.Assign)
	}
}

// TestResync holds that a policy that has lost track is told everything anew.
func TestResync(t *testing.T) {
	h, w := start(t, testConfig(t, "lost"), standard)
	h.Ask(1, center())
	if got := within(t, w.said, "answer"); got.seq != 1 || got.d.Again != 0 {
		t.Errorf("answer %+v", got)
	}
	if got := within(t, w.lost, "Lost"); got != "the policy has lost track of the center" {
		t.Errorf("lost: %q", got)
	}
	within(t, w.ready, "Ready")
	h.Ask(2, dispatch.Delta{}) // not everything: dropped
	h.Ask(3, center())
	if got := within(t, w.said, "answer"); got.seq != 3 {
		t.Errorf("answer %+v", got)
	}
	if h.Restarts() != 0 {
		t.Errorf("restarts: %d", h.Restarts())
	}
}

// TestEnvironment holds that a plugin sees the variables that were named, and
// those of the handshake.
func TestEnvironment(t *testing.T) {
	t.Setenv("SIPD_POLICY_TEST_SECRET", "secret")
	cfg := testConfig(t, "telling")
	cfg.Env = append(cfg.Env, "SIPD_POLICY_TEST_NONE")
	saw := seen(t, cfg)
	for _, v := range strings.Fields(saw) {
		name, _, _ := strings.Cut(v, "=")
		if name != character && name != "GORACE" && name != handshake.MagicCookieKey && !strings.HasPrefix(name, "PLUGIN_") {
			t.Errorf("it sees %s", v)
		}
	}
	if !strings.Contains(saw, character) {
		t.Errorf("it does not see %s: %q", character, saw)
	}
}

func seen(t *testing.T, cfg Config) string {
	h, w := start(t, cfg, standard)
	// The reason is cut for operators: look at the environment itself.
	env, err := os.ReadFile("/proc/" + itoa(h.Pid()) + "/environ")
	if err != nil {
		t.Fatal(err)
	}
	h.Ask(1, center())
	if d := within(t, w.said, "answer").d; len(d.Hold) != 2 || len(d.Hold[0].Reason) > maxReason {
		t.Errorf("answer %+v", d)
	}
	return strings.ReplaceAll(string(env), "\x00", "\n")
}

// TestPrivate holds that nobody else can reach the socket, and that it is gone
// once the host is connected.
func TestPrivate(t *testing.T) {
	_, err := Load(testConfig(t, "looking"), newWitness(t).callbacks())
	if err == nil || !strings.Contains(err.Error(), "its settings: the folder is drwx------, with 2 entries") {
		t.Errorf("seen from inside: %v", err)
	}
	cfg := testConfig(t, "good")
	start(t, cfg, standard)
	if list, err := os.ReadDir(cfg.Dir); err != nil || len(list) > 0 {
		t.Errorf("once it is connected: %v, %v", list, err)
	}
}

// TestChecksumAtRestart holds that the checksum is looked at before each start.
func TestChecksumAtRestart(t *testing.T) {
	cfg := testConfig(t, "good")
	text, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg.Path, cfg.SHA256 = path, sum(text)
	h, w := start(t, cfg, quick())
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, 'x'), 0o700); err != nil {
		t.Fatal(err)
	}
	h.Kill("to see the new one")
	within(t, w.lost, "Lost")
	if got := within(t, w.lost, "second Lost"); !strings.Contains(got, "its SHA-256 is ") {
		t.Errorf("lost: %q", got)
	}
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	within(t, w.ready, "Ready with the old file")
}

// TestChatty holds that what a plugin prints neither bloats the log nor stops
// the plugin.
func TestChatty(t *testing.T) {
	cfg := testConfig(t, "chatty")
	var n counter
	cfg.Log = slog.New(slog.NewTextHandler(&n, nil))
	h, w := start(t, cfg, standard)
	began := time.Now()
	h.Ask(1, center())
	got := within(t, w.said, "answer")
	if got.d.Again != time.Second {
		t.Errorf("answer %+v", got)
	}
	// 3 MB at 1 MB a second, and 50 lines of 512 bytes in each.
	if seconds := int64(time.Since(began)/time.Second) + 2; n.Load() > seconds*linesASec*(longestLine+500) {
		t.Errorf("%d bytes in the log after %d seconds", n.Load(), seconds)
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
