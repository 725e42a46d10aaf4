package engine

import (
	"fmt"
	"reflect"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// guest is a policy outside the engine, with what it was told.
type guest struct {
	there  bool // a process is there
	ask    AskPolicy
	asked  bool
	center *dispatch.Center
}

// policyEvent makes up what happens to who decides.
func (w *world) policyEvent() Event {
	g := w.guest
	switch n := w.rnd.IntN(20); {
	case g == nil || n == 0:
		return w.otherPolicy()
	case !g.there:
		g.there = true
		return PolicyReady{}
	case n == 1:
		g.there, g.asked = false, false
		return PolicyLost{"test"}
	case n == 2:
		return Proposal{Seq: g.ask.Seq + 1000, Decision: dispatch.Decision{Assign: []dispatch.Assignment{w.lie()}}}
	case g.asked:
		return w.answer()
	}
	return Tick{}
}

func (w *world) otherPolicy() Event {
	w.guest = nil
	switch w.rnd.IntN(4) {
	case 0:
		return SetPolicy{Name: "balancing", Policy: dispatch.Balancing}
	case 1:
		return SetPolicy{Name: "watching", Policy: &watching{w: w, center: dispatch.NewCenter()}}
	}
	w.guest = &guest{}
	return SetPolicy{Name: "outside"}
}

// answer is what the policy proposes: mostly the right thing, sometimes
// nothing, sometimes nonsense.
func (w *world) answer() Event {
	g := w.guest
	g.asked = false
	ev := Proposal{Seq: g.ask.Seq}
	switch w.rnd.IntN(12) {
	case 0: // it sleeps
	case 1:
		for range 1 + w.rnd.IntN(4) {
			ev.Decision.Assign = append(ev.Decision.Assign, w.lie())
			g.center.Assign(ev.Decision.Assign[len(ev.Decision.Assign)-1])
		}
	default:
		ev.Decision = dispatch.Run(dispatch.Balancing, g.center)
	}
	return ev
}

func (w *world) lie() dispatch.Assignment {
	a := dispatch.Assignment{Call: fmt.Sprintf("c%d", w.rnd.IntN(w.arrivals+2)), Agent: fmt.Sprintf("a%d", w.rnd.IntN(14))}
	if len(w.live) > 0 && w.rnd.IntN(2) == 0 {
		a.Call = string(w.live[w.rnd.IntN(len(w.live))])
	}
	return a
}

// asked takes a question.
func (w *world) asked(q AskPolicy) {
	g := w.guest
	if g == nil || !g.there {
		return // it went in this very step
	}
	if g.asked {
		w.fail("a question nobody can answer: %+v", q)
	}
	if q.Delta.Reset {
		g.center = dispatch.NewCenter()
	}
	if g.center == nil {
		w.fail("the first question is not the whole")
	}
	g.ask, g.asked = q, true
	g.center.Apply(q.Delta)
	w.reached["question"]++
}

// decides is the policy inside that decides now, nil: one outside does.
func (w *world) decides() (p dispatch.ChatPolicy, inside bool) {
	d := &w.eng.deciding
	if !w.eng.opt.InternalDispatching || d.outside != nil && d.outside.active {
		return "", false
	}
	if p, ok := d.policy.(dispatch.ChatPolicy); ok {
		return p, true
	}
	return dispatch.Balancing, true
}

// checkPolicy: who was told of changes knows everything.
func (w *world) checkPolicy() {
	e := w.eng
	if g := w.guest; g != nil && g.asked && !e.center.Pending() {
		if seen, truth := g.center.Whole(), e.center.Whole(); !reflect.DeepEqual(seen.Calls, truth.Calls) || !reflect.DeepEqual(seen.Agents, truth.Agents) {
			w.fail("the policy outside believes\n%+v\nin truth\n%+v", seen, truth)
		}
		w.reached["outside knows"]++
	}
	o := e.deciding.outside
	if o == nil {
		return
	}
	if o.asked && o.alarm.at.IsZero() {
		w.fail("nobody waits for the answer to question %d", o.seq)
	}
	if o.active {
		w.reached["outside decides"]++
	}
}

// watching is a policy that keeps its own account of what it was told, and
// compares it with what it sees.
type watching struct {
	w      *world
	center *dispatch.Center
}

func (p *watching) Watch(_ *dispatch.View, d dispatch.Delta) { p.center.Apply(d) }

func (p *watching) Decide(v *dispatch.View) dispatch.Decision {
	if told, seen := p.center.Whole(), v.Whole(); !reflect.DeepEqual(told.Calls, seen.Calls) || !reflect.DeepEqual(told.Agents, seen.Agents) {
		p.w.fail("a policy was told\n%+v\nand sees\n%+v", told, seen)
	}
	p.w.reached["watched"]++
	return dispatch.Balancing.Decide(v)
}
