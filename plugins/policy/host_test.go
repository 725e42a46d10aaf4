package policy

import (
	"errors"
	"io"
	"log/slog"
	"os"
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
