package policy

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

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
