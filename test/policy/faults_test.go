package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/test/rig"
)

const (
	manyCalls = 10_000
	fallBack  = 2 * time.Second // at most, from a fault until the built-in rule decides
)

// fault is one way in which a policy breaks.
type fault struct {
	name   string
	begin  func(*torture)
	end    func(*torture) // once the built-in rule has taken over
	lives  bool           // the same process goes on when the fault is over
	reason string         // of the fallback, a regular expression
}

// signal sends a signal to the policy.
func signal(sig syscall.Signal) func(*torture) {
	return func(w *torture) {
		if err := syscall.Kill(w.pid(), sig); err != nil {
			w.t.Errorf("signal %v: %v", sig, err)
		}
	}
}

// mode makes the policy misbehave.
func mode(name string) func(*torture) {
	return func(w *torture) { w.mode(name) }
}

func nothing(*torture) {}

var faults = []fault{
	{"killed", signal(syscall.SIGKILL), nothing, false, "signal: killed"},
	{"hung", signal(syscall.SIGSTOP), nothing, false, "no answer within"},
	{"hung for a moment", signal(syscall.SIGSTOP), signal(syscall.SIGCONT), true, "no answer within"},
	{"flooding", mode("flood"), mode("well"), false, "answer nothing that was asked|impossible proposals"},
	{"lying: busy agents", mode("busy"), mode("well"), false, "impossible proposals .* no room"},
	{"lying: unknown calls", mode("unknown"), mode("well"), false, "impossible proposals .* no such call"},
	{"lying: the same agent twice", mode("twice"), mode("well"), false, "impossible proposals .* no (room|such call)"},
	{"lying: no skill", mode("unskilled"), mode("well"), false, "impossible proposals .* skill"},
}

// torture is a server under load whose policy breaks again and again.
type torture struct {
	*rig.Server
	t    *testing.T
	file string // says how the policy behaves
	seen int    // events of the policy
}

// TestFaultyPolicy holds that no fault of a policy costs a call: during 10,000
// calls it is killed, hangs, floods and lies. Each time the built-in rule takes
// over within two seconds, and hands back when the policy is well.
//
// The server has no race detector here, for the number of calls; and a deadline
// that a machine under load holds, so that each fallback has the reason it is
// to have.
func TestFaultyPolicy(t *testing.T) {
	w := &torture{t: t, file: filepath.Join(t.TempDir(), "mode")}
	w.mode("well")
	w.Server = rig.New(t, rig.Options{
		Bin: build(t, "cmd/sipd"), Route: "testdata/route.lua", Lines: []string{`log_level "warn"`}, Params: map[string]string{
			"call_center.wrapup_time":              "0",
			"call_center.dispatch_policy":          strconv.Quote("plugin:" + build(t, "test/policy/faulty")),
			"call_center.dispatch_policy_param":    strconv.Quote("mode=" + w.file),
			"call_center.dispatch_policy_deadline": "1000",
		}})
	c := newCrowd(t, w.Server)
	w.Start()
	w.Until("the policy to decide", func() bool { return w.Stat("cc_policy_active") == 1 })
	w.seen = len(w.Events("E_CALLCENTER_POLICY")) // of the start
	enough, made := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(made)
		c.run(enough)
	}()
	stop := sync.OnceFunc(func() { close(enough); <-made })
	defer stop()
	rounds := 0
	for ; rounds == 0 || c.begun.Load() < manyCalls; rounds++ {
		for _, f := range faults {
			w.suffer(f)
		}
	}
	stop()
	t.Logf("%d rounds, %d calls; the slowest waited %v", rounds, c.begun.Load(), c.slowest)
	c.check()
}

// mode says how the policy is to behave, at once.
func (w *torture) mode(name string) {
	w.t.Helper()
	if err := os.WriteFile(w.file+".new", []byte(name), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(w.file+".new", w.file); err != nil {
		w.t.Fatal(err)
	}
}

// suffer lets one fault happen, and waits until the policy decides again.
func (w *torture) suffer(f fault) {
	w.t.Helper()
	before, fallbacks := w.pid(), w.Stat("cc_policy_fallbacks")
	begin := time.Now()
	f.begin(w)
	w.told("fallback", f.reason)
	took := time.Since(begin)
	if took > fallBack {
		w.t.Errorf("%s: the built-in rule took over after %v, want %v at most", f.name, took, fallBack)
	}
	f.end(w)
	w.told("active", "")
	w.t.Logf("%-28s fallback after %4d ms, hand-back after %5d ms", f.name, took.Milliseconds(), time.Since(begin).Milliseconds())
	if (w.pid() == before) != f.lives {
		w.t.Errorf("%s: process %d, before %d: want the same one: %t", f.name, w.pid(), before, f.lives)
	}
	w.Stats(map[string]int{"cc_policy_active": 1, "cc_policy_fallbacks": fallbacks + 1})
	assigned := w.Stat("cc_policy_assigned")
	w.Until("the policy to be of use again", func() bool { return w.Stat("cc_policy_assigned") > assigned })
	w.Do("cc_reload_policy", nil, nil) // the pause before the next start is short again
	w.told("active", "")
}

// told waits for the next event of the policy that says this state, and holds
// its reason against a regular expression.
func (w *torture) told(state, reason string) {
	w.t.Helper()
	var e rig.Object
	w.Until("the policy to be "+state, func() bool {
		for events := w.Events("E_CALLCENTER_POLICY"); w.seen < len(events); {
			e = events[w.seen]
			if w.seen++; e["state"] == state {
				return true
			}
		}
		return false
	})
	if text, _ := e["reason"].(string); !regexp.MustCompile(reason).MatchString(text) {
		w.t.Errorf("the policy is %s: %q, want a reason like %q", state, text, reason)
	}
}

// pid is the process of the policy.
func (w *torture) pid() (pid int) {
	w.t.Helper()
	w.Until("the policy's process", func() bool {
		var list struct{ PID int }
		w.Do("cc_list_policies", nil, &list)
		pid = list.PID
		return pid != 0
	})
	return pid
}
