package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// deciding is who decides, and what he knows.
type deciding struct {
	name    string
	policy  dispatch.Policy
	watcher dispatch.Watcher // policy, if it wants to be told of changes
	fresh   bool             // it knows nothing yet
	broken  string           // why policy stands in for the one that name says, or ""
	again   alarm            // it wants to be asked then
	outside *outside         // nil: policy decides; else it stands in
	counts  PolicyCounts
	since   time.Time // when who decides changed last
}

func newDeciding(o Options) deciding {
	d := deciding{name: o.PolicyName, policy: o.Policy, again: alarm{what: againAlarm}}
	if d.policy == nil {
		d.policy = o.chatPolicy()
	}
	if d.name == "" {
		d.name = string(o.chatPolicy())
	}
	d.watcher, _ = d.policy.(dispatch.Watcher)
	d.fresh = d.watcher != nil
	return d
}

// policyAnew lets the policy know that nothing is as it was.
func (e *Engine) policyAnew() {
	d := &e.deciding
	d.again = alarm{what: againAlarm}
	d.fresh = d.watcher != nil
	e.center.Record(d.watcher != nil || d.outside != nil)
	if o := d.outside; o != nil {
		o.alarm, o.whole = alarm{what: policyAlarm}, true
		if o.asked {
			e.clock.set(&o.alarm, o.askedAt.Add(e.opt.deadline()))
		}
	}
}

// dispatch gives agents to waiting calls by the policy, on the event that made
// it possible.
func (e *Engine) dispatch() {
	if o := e.deciding.outside; o != nil && !o.there {
		e.center.Record(true) // it is told everything when it is back
	}
	if !e.opt.InternalDispatching {
		e.center.Settled()
		e.unwatched()
		return
	}
	e.center.At(e.now)
	if o := e.deciding.outside; o == nil || !o.active {
		e.decide()
	}
	e.ask()
}

// unwatched drops what there would be to tell, which has no bound while nobody
// is asked: whoever decides is told everything then.
func (e *Engine) unwatched() {
	d := &e.deciding
	if o := d.outside; o != nil {
		if o.asked {
			return
		}
		o.whole = true
	}
	d.fresh = d.watcher != nil
	e.center.Record(d.watcher != nil || d.outside != nil)
}

// decide asks the policy inside until it has nothing more to propose.
func (e *Engine) decide() {
	d := &e.deciding
	for {
		made := e.wanted()
		e.clock.set(&d.again, e.later(made.Again))
		e.hold(made.Hold)
		done := true
		for _, a := range made.Assign {
			if e.carryOut(a) == nil {
				done = false
			} else {
				d.counts.Impossible++
			}
		}
		if done {
			e.center.Settled()
			return
		}
	}
}

// wanted is what the policy inside wants. One that panics is replaced by
// OpenSIPS's rule: its fault must cost no call.
func (e *Engine) wanted() (made dispatch.Decision) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		d := &e.deciding
		d.policy, d.watcher, d.since = e.opt.chatPolicy(), nil, e.now
		d.broken = shorten(fmt.Sprint("it panicked: ", fault))
		d.counts.Fallbacks++
		e.center.Record(false)
		e.center.Rethink()
		e.reportPolicy()
		made = d.policy.Decide(&e.center.View)
	}()
	e.tellPolicy()
	return e.deciding.policy.Decide(&e.center.View)
}

// tellPolicy lets a policy that watches know of changes.
func (e *Engine) tellPolicy() {
	d := &e.deciding
	switch {
	case d.watcher == nil:
	case d.fresh:
		d.fresh = false
		e.center.Take()
		d.watcher.Watch(&e.center.View, e.center.Whole())
	case e.center.Pending():
		d.watcher.Watch(&e.center.View, e.center.Take())
	}
}

func (e *Engine) later(after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	return e.now.Add(max(after, shortestAgain))
}

// carryOut does what a policy proposes, if it is legal at this moment.
func (e *Engine) carryOut(a dispatch.Assignment) error {
	if err := e.center.Legal(a); err != nil {
		return err
	}
	e.deciding.counts.Assigned++
	e.assign(e.calls[CallID(a.Call)], e.agents[a.Agent], a.Reason)
	return nil
}

// hold notes why calls are left waiting.
func (e *Engine) hold(list []dispatch.Hold) {
	for _, h := range list {
		if c := e.calls[CallID(h.Call)]; c != nil && c.state == StateQueued {
			c.held = shorten(h.Reason)
		}
	}
}

// unhold forgets why calls were left waiting: who said it decides no more.
func (e *Engine) unhold() {
	for _, c := range e.calls {
		c.held = ""
	}
}

// setPolicy changes who decides. What he knew before is forgotten, and what
// this step wanted of him is withdrawn.
func (e *Engine) setPolicy(ev SetPolicy) {
	e.out = slices.DeleteFunc(e.out, func(a Action) bool {
		switch a.(type) {
		case AskPolicy, KillPolicy:
			return true
		}
		return false
	})
	d := &e.deciding
	e.clock.set(&d.again, time.Time{})
	if d.outside != nil {
		e.clock.set(&d.outside.alarm, time.Time{})
	}
	*d = deciding{name: ev.Name, policy: ev.Policy, again: d.again, counts: d.counts, since: e.now}
	if ev.Policy == nil {
		d.policy = e.opt.chatPolicy()
		d.outside = &outside{alarm: alarm{what: policyAlarm}, reason: "it is not there yet"}
	}
	d.watcher, _ = d.policy.(dispatch.Watcher)
	d.fresh = d.watcher != nil
	e.center.Record(d.watcher != nil || d.outside != nil)
	e.center.Rethink()
	e.unhold()
	if d.outside == nil { // else its first answer is what counts
		e.reportPolicy()
	}
}

// assignByHand is cc_dispatch_call_to_agent. The checks are OpenSIPS's, in its
// order.
func (e *Engine) assignByHand(ev Assign) {
	c, a := e.calls[ev.Call], e.agents[ev.Agent]
	code := e.mayAssign(c, a)
	e.do(Answer{Code: code})
	if code == Done {
		e.dispatcherWorks()
		e.assign(c, a, "by cc_dispatch_call_to_agent")
	}
}

func (e *Engine) mayAssign(c *call, a *agent) Code {
	switch {
	case e.opt.InternalDispatching:
		return DispatchesItself
	case a == nil || a.removed:
		return AgentUnknown
	case !a.present():
		return AgentOffline
	case c == nil || c.state != StateQueued || !c.ready():
		return CallNotQueued
	case !a.can(c.flow.cfg.Skill):
		return AgentUnskilled
	case a.room(c.media, e.now) == 0:
		return AgentNotFree
	}
	return Done
}
