package policytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
)

// TestMain lets the test binary be a plugin: settings say which policy. Env is
// not passed on, but the name of the variable that says so is go-plugin's.
func TestMain(m *testing.M) {
	if os.Getenv("SIPD_POLICY_PLUGIN") != "" {
		policy.Serve(&named{})
	}
	goleak.VerifyTestMain(m)
}

// named is a policy chosen by a setting.
type named struct{ policy.Policy }

func (n *named) Configure(s policy.Settings) (err error) {
	if f, ok := faults[s["fault"]]; ok {
		n.Policy = f()
		return nil
	}
	n.Policy, err = dispatch.New(s["name"], nil)
	return err
}

func (n *named) Watch(v *policy.View, d policy.Delta) {
	if w, ok := n.Policy.(policy.Watcher); ok {
		w.Watch(v, d)
	}
}

// TestBuiltin holds that one suite is passed by each policy built in, in this
// process and in one of its own, and that both decide the same.
func TestBuiltin(t *testing.T) {
	for _, info := range dispatch.Builtin() {
		t.Run(info.Name, func(t *testing.T) {
			Run(t, func() policy.Policy { return made(t, info.Name) })
			RunBinary(t, self(t), policy.Settings{"name": info.Name})

			here := live(t, 99, func(cb policy.Callbacks) (*policy.Host, error) { return policy.Local(made(t, info.Name), cb), nil }, &Report{})
			there := live(t, 99, func(cb policy.Callbacks) (*policy.Host, error) {
				return policy.Load(policy.Config{Path: self(t), Settings: policy.Settings{"name": info.Name}}, cb)
			}, &Report{})
			if i := differ(here, there); i >= 0 {
				t.Errorf("question %d: here %s, in a process %s", i, at(here, i), at(there, i))
			}
		})
	}
}

func made(t *testing.T, name string) policy.Policy {
	p, err := dispatch.New(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func self(t *testing.T) string {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The race detector waits for a second at each exit, if it is not told to.
	script := filepath.Join(t.TempDir(), "plugin")
	text := fmt.Sprintf("#!/bin/sh\nGORACE=atexit_sleep_ms=0 exec %s\n", path)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// faulty is a policy that spoils the decisions of a good one.
type faulty func(v *policy.View, d *policy.Decision)

func (f faulty) Decide(v *policy.View) policy.Decision {
	d := dispatch.Balancing.Decide(v)
	f(v, &d)
	return d
}

var faults = map[string]func() policy.Policy{
	"without a reason": func() policy.Policy {
		return faulty(func(_ *policy.View, d *policy.Decision) {
			for i := range d.Assign {
				d.Assign[i].Reason = ""
			}
		})
	},
	"no such agent is at his desk": func() policy.Policy {
		return faulty(func(_ *policy.View, d *policy.Decision) {
			for i := range d.Assign {
				d.Assign[i].Agent = "nobody"
			}
		})
	},
	"no such call waits": func() policy.Policy {
		return faulty(func(_ *policy.View, d *policy.Decision) { d.Assign = append(d.Assign, d.Assign...) })
	},
	"is left waiting beside": func() policy.Policy {
		return faulty(func(_ *policy.View, d *policy.Decision) { d.Assign = nil })
	},
	"has not happened until a delta says so": func() policy.Policy {
		given := map[string]bool{}
		return faulty(func(_ *policy.View, d *policy.Decision) {
			if len(d.Assign) > 0 && given[d.Assign[0].Call] {
				d.Assign = nil
			} else if len(d.Assign) > 0 {
				given[d.Assign[0].Call] = true
			}
		})
	},
	"the decisions differ": func() policy.Policy {
		return faulty(func(_ *policy.View, d *policy.Decision) {
			for i := range d.Assign {
				d.Assign[i].Reason = "since " + time.Now().Format(time.StampNano)
			}
		})
	},
	"the policy panicked: runtime error: invalid memory address": func() policy.Policy {
		return faulty(func(v *policy.View, d *policy.Decision) {
			if len(d.Assign) > 0 {
				panic(v.Call("nobody").ID)
			}
		})
	},
}

// TestFaults holds that the suite finds what it is there to find.
func TestFaults(t *testing.T) {
	for want := range faults {
		t.Run(want, func(t *testing.T) {
			if _, err := Binary(self(t), policy.Settings{"fault": want}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("found %v", err)
			}
		})
	}
	if _, err := Binary(self(t), policy.Settings{"name": "none"}); err == nil || !strings.Contains(err.Error(), `its settings: no policy "none"`) {
		t.Errorf("a wrong setting: %v", err)
	}
}

// TestReport holds what a good plugin is told.
func TestReport(t *testing.T) {
	r, err := Binary(self(t), policy.Settings{"name": "balancing"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Assigned < 100 || !strings.Contains(r.String(), "at the 99th percentile") {
		t.Errorf("report %s", r)
	}
}
