package simulate

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// TestBooks checks a run of each scenario for what must add up.
func TestBooks(t *testing.T) {
	for _, sc := range Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			length := 4 * time.Hour
			if sc.Name == "large" {
				length = time.Hour
			}
			w, err := newWorld(sc, builtin(t, "balancing"), 5, span{time.Hour, time.Hour + length}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			m := w.measures()
			for i := range m.Classes {
				c := &m.Classes[i]
				if c.Arrived != c.Answered+c.Abandoned || c.Arrived == 0 {
					t.Errorf("%s: %g arrived, %g answered, %g gave up", c.Class, c.Arrived, c.Answered, c.Abandoned)
				}
				if c.SLb > c.SLa || c.SLb > c.SLc || c.SLb > c.SLd || c.SLd > 1 {
					t.Errorf("%s: service levels %+v", c.Class, c)
				}
				if w := c.Wait; w.P50 > w.P95 || w.P95 > w.P99 || w.P99 > w.Max {
					t.Errorf("%s: waits %+v", c.Class, w)
				}
			}
			w.checkBook(t)
			if sc.Outage.For > 0 && m.Audio.Lost+m.Chat.Lost == 0 {
				t.Error("the outage cost no talk")
			}
			if sc.Classes[0].Reject > 0 {
				offers := m.Refused + m.Audio.Answered + m.Chat.Answered
				if rate := m.Refused / offers; rate < 0.06 || rate > 0.1 {
					t.Errorf("%.3f of the offers are refused", rate)
				}
			}
			if len(sc.Path) > 0 && (m.AwayShare == 0 || m.PathCost == 0) {
				t.Error("nobody was served by another site")
			}
		})
	}
}

// checkBook compares the book with the engine.
func (w *world) checkBook(t *testing.T) {
	t.Helper()
	now := epoch.Add(w.now)
	waiting := 0
	for _, skills := range w.book.waiting {
		for _, n := range skills {
			waiting += n
		}
	}
	if waiting != 0 { // closed
		t.Errorf("%d wait in a closed book", waiting)
	}
	for _, a := range w.eng.Agents(now) {
		d := &w.book.desks[w.ids[a.ID]]
		if d.now.State != a.State || d.now.Chats != a.Chats {
			t.Errorf("%s is %+v, in the book %+v", a.ID, a, d.now)
		}
		if d.busy > d.present || d.present > w.book.window.to-w.book.window.from {
			t.Errorf("%s was busy for %s of %s", a.ID, d.busy, d.present)
		}
	}
}

// TestJudge looks at one step at a time.
func TestJudge(t *testing.T) {
	sc := &Scenario{Name: "one", Load: 1, Target: target, Trace: []Arrival{},
		Classes: []Class{
			{Name: "chat", Media: dispatch.MSRP, Priority: 3},
			{Name: "audio", Media: dispatch.RTP, Priority: 2},
			{Name: "vip", Media: dispatch.RTP, Priority: 1},
		},
		Groups: []Group{{Type: "mixed", N: 2, Phone: true, Chats: 2, Skills: [][]string{{"s"}}}}}
	const second = time.Second
	add := func(at time.Duration, class int) {
		sc.Trace = append(sc.Trace, Arrival{At: at, Class: class, Skill: "s", Talk: 100 * second})
	}
	add(1*second, 0)   // agent 1
	add(2*second, 0)   // agent 2: both are closed to calls
	add(3*second, 1)   // waits 98 s, for agent 1
	add(4*second, 2)   // waits, and passes
	add(5*second, 0)   // an inversion: a chat to who should get free
	add(200*second, 0) // nobody waits
	// A policy that gives each call to whom it finds, newest first: a priority
	// inversion as soon as two wait.
	p := Policy{Name: "worst", New: func() (dispatch.Policy, error) { return newestFirst{}, nil }}
	w, err := newWorld(sc, p, 1, span{0, time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := w.measures()
	if got := w.book.found; got.chats != 4 || got.inversions != 1 || got.priorityInversions != 1 {
		t.Errorf("found %+v", got)
	}
	for n, f := range w.book.fates {
		t.Log(n, f.arrived, f.answered, f.agent)
	}
	if m.Audio.LongestQueue == 0 || m.BlockedShare == 0 {
		t.Errorf("%+v", m)
	}
}

// newestFirst serves who came last.
type newestFirst struct{}

func (newestFirst) Decide(v *dispatch.View) dispatch.Decision {
	list := slices.Collect(v.Calls())
	slices.SortFunc(list, func(a, b *dispatch.Call) int { return int(a.Place.Turn) - int(b.Place.Turn) })
	for _, c := range list {
		if c.Media == dispatch.RTP && c.Place.Priority == 1 && len(list) > 1 {
			continue
		}
		if a := v.Idlest(c.Kind()); a != nil {
			return dispatch.Decision{Assign: []dispatch.Assignment{{Call: c.ID, Agent: a.ID}}}
		}
	}
	return dispatch.Decision{}
}

// TestSlowdown holds that chats last as long as what their agent does beside
// them says.
func TestSlowdown(t *testing.T) {
	sc := &Scenario{Name: "one", Load: 1, Target: target, Slowdown: 1,
		Classes: []Class{{Name: "chat", Media: dispatch.MSRP}},
		Groups:  []Group{{Type: "chatter", N: 1, Chats: 2, Skills: [][]string{{"s"}}}}}
	const second = time.Second
	for _, at := range []time.Duration{0, 50 * second} {
		sc.Trace = append(sc.Trace, Arrival{At: at, Skill: "s", Talk: 100 * second})
	}
	w, err := newWorld(sc, builtin(t, "balancing"), 1, span{0, time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Alone for 50 s, then both at half the speed until 150 s, then one alone.
	if a, b := w.book.fates[0].ended, w.book.fates[1].ended; a != 150*second || b != 200*second {
		t.Errorf("ended at %s and %s", a, b)
	}
	mixed := scenario(t, "mixed")
	mixed.Slowdown = 0.2
	r := run(t, Options{Scenario: mixed, Policies: []Policy{builtin(t, "full-load"), builtin(t, "balancing")}, Seeds: 2, Length: 4 * time.Hour})
	if a, b := r.Outcomes[0].Mean.Chat.AHT, r.Outcomes[1].Mean.Chat.AHT; a <= b || b <= 480 {
		t.Errorf("chats last %g s with full-load and %g s with balancing", a, b)
	}
}

// seat is a policy outside, as plugins/policy hosts one.
type seat struct {
	policy dispatch.Policy
	center *dispatch.Center
	asked  int
	fails  int // at this question
	closed *atomic.Int64
}

func (s *seat) Decide(_ uint64, d dispatch.Delta) (dispatch.Decision, error) {
	if s.asked++; s.asked == s.fails {
		return dispatch.Decision{}, errors.New("it crashed")
	}
	s.center.Apply(d)
	return dispatch.Run(s.policy, s.center), nil
}

func (s *seat) Close() { s.closed.Add(1) }

// TestOutside holds that a policy makes the same of a scenario outside the
// engine as in it, and that a fault of it is told.
func TestOutside(t *testing.T) {
	for _, name := range []string{"mixed", "reject"} {
		var closed atomic.Int64
		p := Policy{Name: "outside", Start: func() (Outside, error) {
			return &seat{policy: dispatch.FullLoad, center: dispatch.NewCenter(), closed: &closed}, nil
		}}
		r := run(t, Options{Scenario: scenario(t, name), Policies: []Policy{p, builtin(t, "full-load")}, Seeds: 3, Length: 3 * time.Hour, Base: "full-load"})
		for i := range r.Outcomes[0].Mean.Classes {
			a, b := r.Outcomes[0].Mean.Classes[i], r.Outcomes[1].Mean.Classes[i]
			if a != b {
				t.Errorf("%s outside: %+v\ninside: %+v", name, a, b)
			}
		}
		if closed.Load() != 3 {
			t.Errorf("closed %d times, want 3", closed.Load())
		}
	}
	var closed atomic.Int64
	p := Policy{Name: "broken", Start: func() (Outside, error) {
		return &seat{policy: dispatch.FullLoad, center: dispatch.NewCenter(), closed: &closed, fails: 50}, nil
	}}
	_, err := Run(t.Context(), Options{Scenario: scenario(t, "tiny"), Policies: []Policy{p}, Seeds: 1, Length: 5 * time.Hour})
	if err == nil || !strings.Contains(err.Error(), "policy broken, seed 0: it crashed") || closed.Load() != 1 {
		t.Errorf("error %v, closed %d times", err, closed.Load())
	}
}

// TestLiar holds that a policy whose proposals are impossible is told of.
func TestLiar(t *testing.T) {
	p := Policy{Name: "liar", Start: func() (Outside, error) { return liar{}, nil }}
	_, err := Run(t.Context(), Options{Scenario: scenario(t, "mixed"), Policies: []Policy{p}, Seeds: 1, Length: 5 * time.Hour})
	if err == nil || !strings.Contains(err.Error(), "impossible") {
		t.Errorf("error %v", err)
	}
}

type liar struct{}

func (liar) Close() {}
func (liar) Decide(uint64, dispatch.Delta) (dispatch.Decision, error) {
	return dispatch.Decision{Assign: []dispatch.Assignment{{Call: "nobody", Agent: "nobody"}}}, nil
}
