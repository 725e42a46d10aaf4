package simulate

import (
	"slices"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate/limits"
)

// mostStates is how many states the center may have whose optimum is computed.
const mostStates = 200_000

// leastCost is below what anybody would call a queue.
const leastCost = 1e-4

// Known are the limits of a scenario that formulas give, and the optimum where
// the center is small enough: that takes some seconds.
func Known(s *Scenario) (*Limits, error) {
	l := formulas(s)
	if t, ok := s.small(); ok {
		o, err := t.Solve(1e-4, nil)
		if err != nil {
			return nil, err
		}
		if o.High-o.Low > 1e-3*max(o.Cost, leastCost) {
			return l, nil // it was not found
		}
		l.OptimumCost = &o.Cost
		l.best = &optimal{o, s.Classes[0].Skills[0].Value}
	}
	return l, nil
}

// formulas are [Known] without the optimum.
func formulas(s *Scenario) *Limits {
	c := s.center()
	calls, chats := c.Pooled()
	capacity := c.Capacity()
	l := &Limits{Capacity: &capacity}
	if len(s.Trace) > 0 {
		return &Limits{}
	}
	if s.Outage.For == 0 { // it ends talks, which makes less work of them
		l.Audio, l.Chat = s.bound(calls), s.bound(chats)
	}
	if calls.Arrivals > 0 && chats.Arrivals > 0 && calls.Patience > 0 && s.steady() {
		f := c.Fluid(s.Target.Seconds())
		l.Fluid = &Bound{QueueTime: f.Wait, Queue: f.Wait * calls.Arrivals, AbandonRate: f.Abandoned, ServiceLevel: f.Level}
	}
	if calls.Arrivals+chats.Arrivals == 0 || s.Slowdown > 0 { // how many chats an agent gets through depends on the policy
		l.Capacity, l.Fluid = nil, nil
	}
	return l
}

// bound is the relaxed center of one medium, by Erlang's formulas.
func (s *Scenario) bound(l limits.Line) *Bound {
	if l.Arrivals == 0 || l.Agents == 0 || l.Patience == 0 && l.Load() >= float64(l.Agents) {
		return nil
	}
	r := l.Solve()
	return &Bound{QueueTime: r.Wait, Queue: r.Wait * l.Arrivals, AbandonRate: r.Abandoned,
		ServiceLevel: l.Level(s.Target.Seconds()).Fair, Exact: s.steady() && s.exponential()}
}

// steady reports whether the rate of arrivals is always the same.
func (s *Scenario) steady() bool {
	return s.Wave.Period == 0 && s.Burst.For == 0 && len(s.Trace) == 0
}

// exponential reports whether all times are, and nothing delays an answer.
func (s *Scenario) exponential() bool {
	if s.Slowdown > 0 {
		return false
	}
	var talk, patience [3]time.Duration
	if s.Slowdown > 0 {
		return false
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		if c.Talk.Law != Exponential || c.Patience.Law != Exponential || s.least(c) > 0 || c.Ring.Mean > 0 || c.Reject > 0 {
			return false
		}
		m := c.Media
		if talk[m] != 0 && (talk[m] != c.Talk.Mean || patience[m] != c.Patience.Mean) {
			return false
		}
		talk[m], patience[m] = c.Talk.Mean, c.Patience.Mean
	}
	return true
}

// least is the shortest wrap-up of anybody after a contact of a class.
func (s *Scenario) least(c *Class) time.Duration {
	d := c.Wrapup
	for _, p := range s.people() {
		d = min(d, s.pause(&p, c))
	}
	return d
}

// center is the scenario as formulas see it.
func (s *Scenario) center() limits.Center {
	var c limits.Center
	for _, p := range s.people() {
		i := slices.IndexFunc(c.Groups, func(g limits.Group) bool {
			return g.Phone == p.phone && g.Slots == p.chats && slices.Equal(g.Skills, p.skills)
		})
		if i < 0 {
			i = len(c.Groups)
			c.Groups = append(c.Groups, limits.Group{Phone: p.phone, Slots: p.chats, Skills: p.skills})
		}
		c.Groups[i].Agents++
	}
	for i := range s.Classes {
		k := &s.Classes[i]
		for _, skill := range k.Skills {
			c.Classes = append(c.Classes, limits.Class{Chat: k.Media == dispatch.MSRP, Skill: skill.Value, Arrivals: k.Rate * s.Load * skill.P,
				Service: (k.Talk.Mean + s.least(k)).Seconds(), Patience: k.Patience.Mean.Seconds()})
		}
	}
	return c
}

// small is the scenario as a center whose optimum can be computed, if it is
// one: one class of calls, one of chats, one skill, nothing but exponential
// times.
func (s *Scenario) small() (t limits.Tiny, ok bool) {
	if !s.steady() || !s.exponential() || s.Outage.For > 0 || len(s.Path) > 0 || len(s.Classes) != 2 {
		return t, false
	}
	t.Room = 24
	for i := range s.Classes {
		k := &s.Classes[i]
		if len(k.Skills) != 1 || k.Skills[0] != s.Classes[0].Skills[0] {
			return t, false
		}
		rate, talk, patience := k.Rate*s.Load*k.Skills[0].P, k.Talk.Mean.Seconds(), k.Patience.Mean.Seconds()
		if k.Media == dispatch.RTP {
			t.Calls, t.Talk, t.CallPatience, t.CallCost = rate, talk, patience, k.Weight
		} else {
			t.Chats, t.Chat, t.ChatPatience, t.ChatCost = rate, talk, patience, k.Weight
		}
	}
	for _, p := range s.people() {
		if !slices.Contains(p.skills, s.Classes[0].Skills[0].Value) || p.chats > 0 && t.Slots > 0 && p.chats != t.Slots {
			return t, false
		}
		t.Slots = max(t.Slots, p.chats)
		switch {
		case p.phone && p.chats > 0:
			t.Mixed++
		case p.phone:
			t.Callers++
		default:
			t.Chatters++
		}
	}
	// Beyond, the queues of the computed center would be cut off, and its cost
	// would not be that of the best policy.
	fits := t.Calls*t.CallPatience+t.Chats*t.ChatPatience < float64(t.Room)/2
	return t, fits && t.Check() == nil && t.States() <= mostStates
}

// relax replaces the strict bounds by those of the very contacts of the runs,
// where the formulas do not hold exactly.
func (o *Options) relax(s *Scenario, l *Limits) {
	calls, chats := s.center().Pooled()
	for _, m := range []struct {
		media dispatch.Media
		line  limits.Line
		at    **Bound
	}{{dispatch.RTP, calls, &l.Audio}, {dispatch.MSRP, chats, &l.Chat}} {
		if b := *m.at; b == nil || b.Exact {
			continue
		}
		sum := &Bound{}
		for i := range o.Seeds {
			r := limits.Relax(o.traffic(s, o.Seed+uint64(i), m.media), m.line.Agents, s.Target.Seconds())
			n := float64(o.Seeds)
			sum.QueueTime += r.Wait / n
			sum.Queue += r.Wait * float64(r.Counted) / o.Length.Seconds() / n
			sum.AbandonRate += share(float64(r.Abandoned), float64(r.Counted)) / n
			sum.ServiceLevel += r.Level / n
		}
		*m.at = sum
	}
}

// traffic are the contacts of a medium in a run.
func (o *Options) traffic(s *Scenario, seed uint64, m dispatch.Media) (list []limits.Contact) {
	pauses := make([]time.Duration, len(s.Classes))
	for i := range s.Classes {
		pauses[i] = s.least(&s.Classes[i])
	}
	for _, c := range s.stream(seed, o.Warmup, o.Warmup+o.Length) {
		if s.Classes[c.class].Media == m {
			list = append(list, limits.Contact{Arrival: c.at.Seconds(), Service: (c.talk + pauses[c.class]).Seconds(),
				Patience: c.patience.Seconds(), Warmup: c.at < o.Warmup})
		}
	}
	return list
}
