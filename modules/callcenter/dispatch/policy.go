package dispatch

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Policy decides which waiting call gets which agent. It is used from one
// goroutine, and must give the same decisions for the same history: no clock
// but [View.Now], no randomness that is not seeded.
type Policy interface {
	// Decide proposes what to do now. Assignments that are legal are carried
	// out in their order, those that are not are dropped, and Decide is called
	// again until it proposes nothing more. So a policy may return one
	// assignment at a time, or all of them.
	Decide(v *View) Decision
}

// Watcher is a [Policy] that wants to know what has changed: to count arrivals,
// say. Watch comes before Decide, when the view shows the change already.
type Watcher interface {
	Watch(v *View, d Delta)
}

// Decision is what a policy wants.
type Decision struct {
	Assign []Assignment
	// Hold says why a call is left waiting although an agent could take it.
	// The reason is shown to operators until the call is assigned or held for
	// another. A call held needs no word in later decisions.
	Hold []Hold
	// Again asks for Decide after so long even if nothing changes; 0: no need.
	Again time.Duration
}

// Assignment proposes that the agent be given the call.
type Assignment struct {
	Call, Agent string
	Reason      string // for operators, in a few words: "longest idle"
}

// Hold leaves a call waiting.
type Hold struct{ Call, Reason string }

// Settings are what an operator sets of a policy, by name.
type Settings map[string]string

// Info says what a policy built into sipd is.
type Info struct {
	Name     string
	Doc      string            // one line
	Settings map[string]string // what each setting means; * in a name stands for anything
	make     func(Settings) (Policy, error)
}

// New makes a policy by its name. The error of a wrong name lists the right
// ones; that of a wrong setting says what is wanted.
func New(name string, s Settings) (Policy, error) {
	for _, i := range Builtin() {
		if i.Name != name {
			continue
		}
		for key := range s {
			if !i.takes(key) {
				return nil, fmt.Errorf("policy %s has no setting %q: %s", name, key, i.settings())
			}
		}
		p, err := i.make(s)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		return p, nil
	}
	var names []string
	for _, i := range Builtin() {
		names = append(names, i.Name)
	}
	return nil, fmt.Errorf("no policy %q: want one of %s, or plugin:/path/to/binary", name, strings.Join(names, ", "))
}

// takes reports whether a setting is one of the policy's.
func (i Info) takes(key string) bool {
	for name := range i.Settings {
		if ok, _ := path.Match(name, key); ok {
			return true
		}
	}
	return false
}

func (i Info) settings() string {
	if len(i.Settings) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(slices.Sorted(maps.Keys(i.Settings)), ", ")
}
