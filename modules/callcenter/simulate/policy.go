package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Policy is a policy to be simulated.
type Policy struct {
	Name     string
	Settings dispatch.Settings
	// New makes a policy built into sipd, one for each run.
	New func() (dispatch.Policy, error)
	// Start starts one in a process of its own, one for each run, in place of
	// New.
	Start func() (Outside, error)
}

// Outside is a policy in another process. Virtual time stands still while it
// thinks.
type Outside interface {
	Decide(seq uint64, d dispatch.Delta) (dispatch.Decision, error)
	Close()
}

// Builtin is a policy by its name. The error of a wrong one lists the right
// ones.
func Builtin(name string, s dispatch.Settings) (Policy, error) {
	if _, err := dispatch.New(name, s); err != nil {
		return Policy{}, err
	}
	return Policy{Name: name, Settings: s, New: func() (dispatch.Policy, error) { return dispatch.New(name, s) }}, nil
}

// Title is name and settings: "look-ahead reserve=2".
func (p Policy) Title() string {
	parts := []string{p.Name}
	for _, k := range slices.Sorted(maps.Keys(p.Settings)) {
		parts = append(parts, fmt.Sprintf("%s=%s", k, p.Settings[k]))
	}
	return strings.Join(parts, " ")
}

// decider counts the decisions of a policy, and with a clock takes their time.
type decider struct {
	dispatch.Policy
	stopwatch *stopwatch
}

// Decide implements [dispatch.Policy].
func (d decider) Decide(v *dispatch.View) dispatch.Decision {
	defer d.stopwatch.start()()
	return d.Policy.Decide(v)
}

// watching is a decider whose policy is a [dispatch.Watcher].
type watching struct {
	decider
	dispatch.Watcher
}

var _ dispatch.Watcher = watching{}

func measured(p dispatch.Policy, s *stopwatch) dispatch.Policy {
	if w, ok := p.(dispatch.Watcher); ok {
		return watching{decider{p, s}, w}
	}
	return decider{p, s}
}

// stopwatch counts decisions. Without a clock it takes no time.
type stopwatch struct {
	clock func() time.Time // nil: do not
	n     int
	took  []time.Duration
}

func (s *stopwatch) start() (stop func()) {
	s.n++
	if s.clock == nil {
		return func() {}
	}
	begin := s.clock()
	return func() { s.took = append(s.took, s.clock().Sub(begin)) }
}
