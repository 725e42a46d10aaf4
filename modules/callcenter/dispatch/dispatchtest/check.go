package dispatchtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Rule is something that [Check] asks of a policy besides what it asks of all.
type Rule int

// The rules.
const (
	// InOrder: no call gets an agent while a call of the same skill and medium
	// that stands before it is left waiting.
	InOrder Rule = iota
	// Explains: the first call of each skill and medium that is left waiting
	// beside an agent with room was given a reason, at that time or before.
	Explains
)

// Check shows a policy n states of the random history of a seed. It asks that
//
//   - every assignment be legal when it is carried out, after those before it:
//     the call waits, the agent has its skill and room for it;
//   - no call be held that does not wait, and no time to be asked again lie in
//     the past;
//   - the policy come to an end, and propose something legal each time before.
//
// The first fault fails the test at once.
func Check(tb testing.TB, p dispatch.Policy, seed uint64, n int, rules ...Rule) {
	tb.Helper()
	c := checker{policy: p, history: NewHistory(seed), held: map[string]bool{}}
	for _, r := range rules {
		c.rules[r] = true
	}
	for i := range n {
		if err := c.step(); err != nil {
			tb.Fatalf("seed %d, state %d: %v\n%s", seed, i, err, show(c.before))
		}
	}
}

type checker struct {
	policy  dispatch.Policy
	history *History
	rules   [Explains + 1]bool
	held    map[string]bool // calls that were given a reason
	before  dispatch.Delta  // the state shown
}

// step shows the policy one state.
func (c *checker) step() error {
	d := c.history.Next()
	c.tell(d)
	c.before = c.history.Center.Whole()
	var given []dispatch.Call
	for range len(c.before.Calls) + 1 {
		made := c.policy.Decide(&c.history.Center.View)
		calls, err := c.carryOut(made)
		given = append(given, calls...)
		if err != nil {
			return err
		}
		if len(calls) == 0 {
			c.history.Center.Settled()
			return c.after(given)
		}
		c.tell(c.history.Center.Take())
	}
	return fmt.Errorf("it does not come to an end")
}

func (c *checker) tell(d dispatch.Delta) {
	if w, ok := c.policy.(dispatch.Watcher); ok && !d.Empty() {
		w.Watch(&c.history.Center.View, d)
	}
	for _, id := range d.Gone {
		delete(c.held, id)
	}
	if d.Reset {
		clear(c.held)
	}
}

// carryOut does what was proposed and returns the calls that got an agent.
func (c *checker) carryOut(made dispatch.Decision) (given []dispatch.Call, err error) {
	if made.Again < 0 {
		return nil, fmt.Errorf("it wants to be asked again in %s", made.Again)
	}
	for _, h := range made.Hold {
		if c.history.Center.Call(h.Call) == nil || h.Reason == "" {
			return nil, fmt.Errorf("it holds call %q for reason %q: want a waiting call and a reason", h.Call, h.Reason)
		}
		c.held[h.Call] = true
	}
	for _, a := range made.Assign {
		call := c.history.Center.Call(a.Call)
		if err := c.history.Center.Assign(a); err != nil {
			return given, fmt.Errorf("it gives call %q to agent %q: %w", a.Call, a.Agent, err)
		}
		given = append(given, *call)
	}
	return given, nil
}

// after looks at what is left.
func (c *checker) after(given []dispatch.Call) error {
	v := &c.history.Center.View
	for _, call := range given {
		first := v.First(call.Kind())
		if c.rules[InOrder] && first != nil && first.Before(call) {
			return fmt.Errorf("call %q got an agent, call %q before it did not", call.ID, first.ID)
		}
	}
	for k := range v.Kinds() {
		if first := v.First(k); c.rules[Explains] && v.CountWithRoom(k) > 0 && !c.held[first.ID] {
			return fmt.Errorf("call %q is left waiting beside %d agents with room, and no reason given", first.ID, v.CountWithRoom(k))
		}
	}
	return nil
}

// show is a state to be read.
func show(d dispatch.Delta) string {
	var b strings.Builder
	fmt.Fprintf(&b, "at %s:\n", d.Now)
	for _, c := range d.Calls {
		fmt.Fprintf(&b, "  call  %+v\n", c)
	}
	for _, a := range d.Agents {
		fmt.Fprintf(&b, "  agent %+v\n", a)
	}
	return b.String()
}
