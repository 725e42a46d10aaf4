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
	{"lying: busy agents", mode("busy"), mode("well"), false, "impossible proposals .* no (room|such call)"},
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

	named map[string]bool // faults that were the reason of a fallback
}

// TestFaultyPolicy holds that no fault of a policy costs a call: during 10,000
// calls it is killed, hangs, floods and lies. Each time the built-in rule takes
// over within two seconds, and hands back when the policy is well.
//
// The server has no race detector here, for the number of calls; and a deadline
// that a machine under load holds, so that each fallback has the reason it is
// to have.
func TestFaultyPolicy(t *testing.T) {
	w := &torture{t: t, named: map[string]bool{}, file: filepath.Join(t.TempDir(), "mode")}
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
	suffered := 0
	for ; suffered < len(faults) || c.begun.Load() < manyCalls; suffered++ {
		w.suffer(faults[suffered%len(faults)])
	}
	stop()
	t.Logf("%d faults, %d calls; the slowest waited %v", suffered, c.begun.Load(), c.slowest)
	for _, f := range faults {
		if !w.named[f.name] {
			t.Errorf("%s: no fallback had a reason like %q", f.name, f.reason)
		}
	}
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
	if reason := w.told("fallback"); regexp.MustCompile(f.reason).MatchString(reason) {
		w.named[f.name] = true
	} else { // a machine under load has found it late before
		w.t.Logf("%s: %s", f.name, reason)
	}
	took := time.Since(begin)
	if took > fallBack {
		w.t.Errorf("%s: the built-in rule took over after %v, want %v at most", f.name, took, fallBack)
	}
	if !f.lives {
		w.Until("the end of the process", func() bool { return w.pid() != before })
	}
	f.end(w)
	w.told("active")
	w.Until("the policy to decide", func() bool { return w.Stat("cc_policy_active") == 1 && w.pid() != 0 })
	w.t.Logf("%-28s fallback after %4d ms, hand-back after %5d ms", f.name, took.Milliseconds(), time.Since(begin).Milliseconds())
	if f.lives && w.pid() != before {
		w.t.Errorf("%s: process %d, before %d: want the same one", f.name, w.pid(), before)
	}
	if now := w.Stat("cc_policy_fallbacks"); now <= fallbacks {
		w.t.Errorf("%s: cc_policy_fallbacks = %d, before it was %d", f.name, now, fallbacks)
	}
	assigned := w.Stat("cc_policy_assigned")
	w.Until("the policy to be of use again", func() bool { return w.Stat("cc_policy_assigned") > assigned })
	w.reload()
}

// reload starts the policy anew, so that the pause before the next start is
// short again.
func (w *torture) reload() {
	w.t.Helper()
	w.Do("cc_reload_policy", nil, nil)
	w.told("active")
}

// told waits for the next event of the policy that says this state, and returns
// its reason.
func (w *torture) told(state string) (reason string) {
	w.t.Helper()
	w.Until("the policy to be "+state, func() bool {
		for events := w.Events("E_CALLCENTER_POLICY"); w.seen < len(events); {
			e := events[w.seen]
			if w.seen++; e["state"] == state {
				reason, _ = e["reason"].(string)
				return true
			}
		}
		return false
	})
	return reason
}

// pid is the process of the policy, 0 when there is none.
func (w *torture) pid() int {
	w.t.Helper()
	var list struct{ PID int }
	w.Do("cc_list_policies", nil, &list)
	return list.PID
}
