package dispatchtest_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/dispatch/dispatchtest"
)

var states = flag.Int("states", 1_000_000, "random states for all policies together")

// TestBuiltin holds every policy built in to the rules, with its defaults and
// with settings that make it hold more, or less.
func TestBuiltin(t *testing.T) {
	settings := map[string][]dispatch.Settings{
		"fewest-skills": {{"cost": "2", "cost.oslo.rome": "5"}},
		"look-ahead":    {{"reserve": "2", "max_hold": "30"}, {"z": "3", "floor": "0"}},
	}
	all := dispatch.Builtin()
	n := *states / len(all)
	for i, info := range all {
		list := append([]dispatch.Settings{nil}, settings[info.Name]...)
		for j, s := range list {
			t.Run(fmt.Sprintf("%s/%v", info.Name, s), func(t *testing.T) {
				t.Parallel()
				p, err := dispatch.New(info.Name, s)
				if err != nil {
					t.Fatal(err)
				}
				dispatchtest.Check(t, p, uint64(100*i+j), n/len(list), dispatchtest.InOrder, dispatchtest.Explains)
			})
		}
	}
}

// TestPlan holds that the policies of OpenSIPS decide as the plain reading of
// their rule does.
func TestPlan(t *testing.T) {
	for _, p := range []dispatch.ChatPolicy{dispatch.Balancing, dispatch.FullLoad} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			h := dispatchtest.NewHistory(1)
			for i := range *states / 20 {
				h.Next()
				want := dispatch.Plan(h.Center.Whole(), p)
				if got := dispatch.Run(p, h.Center).Assign; !slices.Equal(got, want) {
					t.Fatalf("state %d: Decide: %v, Plan: %v", i, got, want)
				}
			}
		})
	}
}

// TestSame holds that a policy decides the same on the same history.
func TestSame(t *testing.T) {
	for _, info := range dispatch.Builtin() {
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			one, two := replay(t, info.Name), replay(t, info.Name)
			if !slices.Equal(one, two) {
				t.Error("the same history gave other decisions")
			}
		})
	}
}

func replay(t *testing.T, name string) (log []string) {
	p, err := dispatch.New(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := dispatchtest.NewHistory(7)
	for range 2000 {
		d := h.Next()
		if w, ok := p.(dispatch.Watcher); ok {
			w.Watch(&h.Center.View, d)
		}
		log = append(log, fmt.Sprint(dispatch.Run(p, h.Center)))
	}
	return log
}

// TestHeldIsReleased holds that look-ahead holds no chat for longer than it may,
// and asks to be asked again in time.
func TestHeldIsReleased(t *testing.T) {
	const longest = 45 * time.Second
	p, err := dispatch.New("look-ahead", dispatch.Settings{"reserve": "3", "max_hold": "45"})
	if err != nil {
		t.Fatal(err)
	}
	h, held := dispatchtest.NewHistory(3), 0
	for i := range 100_000 {
		d := h.Next()
		v := &h.Center.View
		p.(dispatch.Watcher).Watch(v, d)
		again := dispatch.Run(p, h.Center).Again
		for k := range v.Kinds() {
			if v.CountWithRoom(k) == 0 {
				continue
			}
			held++
			if left := v.First(k).Joined.Add(longest).Sub(v.Now()); left <= 0 || again <= 0 || again > left {
				t.Fatalf("state %d: call %s may be held for %s more, and it asks to be asked again in %s", i, v.First(k).ID, left, again)
			}
		}
	}
	if held < 1000 {
		t.Errorf("only %d calls were held: the test shows nothing", held)
	}
}

// bad policies, each with the fault that Check has to find.
type bad func(v *dispatch.View) dispatch.Decision

func (b bad) Decide(v *dispatch.View) dispatch.Decision { return b(v) }

// pairs proposes every waiting call and agent with room that fit.
func pairs(v *dispatch.View) (list []dispatch.Assignment) {
	for c := range v.Calls() {
		for a := range v.WithRoom(c.Kind()) {
			list = append(list, dispatch.Assignment{Call: c.ID, Agent: a.ID})
		}
	}
	return list
}

func first(list []dispatch.Assignment) dispatch.Decision {
	return dispatch.Decision{Assign: list[:min(1, len(list))]}
}

func TestFaultsAreFound(t *testing.T) {
	faults := map[string]struct {
		policy bad
		want   string
	}{
		"unknown call": {func(v *dispatch.View) dispatch.Decision {
			return dispatch.Decision{Assign: []dispatch.Assignment{{Call: "nobody", Agent: "agent1"}}}
		}, "no such call waits"},
		"an agent for all": {func(v *dispatch.View) dispatch.Decision {
			return dispatch.Decision{Assign: pairs(v)}
		}, "it gives call"},
		"last first": {func(v *dispatch.View) dispatch.Decision {
			list := pairs(v)
			slices.Reverse(list)
			return first(list)
		}, "before it did not"},
		"does nothing":      {func(*dispatch.View) dispatch.Decision { return dispatch.Decision{} }, "no reason given"},
		"again in the past": {func(*dispatch.View) dispatch.Decision { return dispatch.Decision{Again: -1} }, "asked again"},
		"holds without a word": {func(v *dispatch.View) dispatch.Decision {
			for c := range v.Calls() {
				return dispatch.Decision{Hold: []dispatch.Hold{{Call: c.ID}}}
			}
			return dispatch.Decision{}
		}, "want a waiting call and a reason"},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			func() {
				defer func() { recover() }()
				dispatchtest.Check(r, f.policy, 1, 10_000, dispatchtest.InOrder, dispatchtest.Explains)
			}()
			if !strings.Contains(r.text, f.want) {
				t.Errorf("Check says %q, want %q in it", r.text, f.want)
			}
		})
	}
}

// recorder keeps what a test would have failed with.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.text = fmt.Sprintf(format, args...)
	panic("failed")
}
