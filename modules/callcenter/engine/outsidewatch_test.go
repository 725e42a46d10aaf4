package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// TestOutsideBusy does not end a policy that always has some call under way: it takes 20 ms
// for an answer, and a call comes each 10 ms.
func TestOutsideBusy(t *testing.T) {
	o := &outsiders{t: t, eng: New(Options{InternalDispatching: true, RejectOnNoAgents: true}), now: t0}
	l := Load{Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh@media"}}, AtStart: true}
	for i := range 4000 {
		l.Agents = append(l.Agents, AgentConfig{ID: fmt.Sprintf("a%04d", i), Location: "sip:a@x", Skills: []string{"s"}, LoggedIn: true})
	}
	o.step(l)
	o.step(SetPolicy{Name: "mine"})
	o.step(PolicyReady{})
	o.answer()
	o.answer()
	p := o.eng.deciding.outside
	var askSeq uint64
	var pend []string // calls told in the outstanding ask
	next := 0
	look := func() {
		for _, a := range o.did {
			switch a := a.(type) {
			case AskPolicy:
				askSeq = a.Seq
				pend = nil
				for _, c := range a.Delta.Calls {
					pend = append(pend, c.ID)
				}
			case KillPolicy:
				t.Fatalf("killed at %v: %s; counts %+v", o.now.Sub(t0), a.Reason, o.eng.PolicyState())
			}
		}
	}
	for i := range 1500 {
		o.now = o.now.Add(10 * time.Millisecond)
		o.call(fmt.Sprint("c", i))
		look()
		if i%2 == 1 && p.asked {
			d := dispatch.Decision{}
			for _, c := range pend {
				d.Assign = append(d.Assign, dispatch.Assignment{Call: c, Agent: fmt.Sprintf("a%04d", next)})
				next++
			}
			o.step(Proposal{Seq: askSeq, Decision: d})
			look()
		}
	}
}

// TestOutsideHoldAtHandBack keeps what was said of a call in the answer that hands back.
func TestOutsideHoldAtHandBack(t *testing.T) {
	o := newOutsiders(t)
	o.call("x1")
	o.answer("x1 a1")
	o.answer()
	o.call("x2")
	o.answer("x2 a2")
	o.answer()
	o.call("c")
	o.answer()
	o.step(PolicyLost{"gone"})
	o.step(PolicyReady{})
	o.decide(dispatch.Decision{Hold: []dispatch.Hold{{Call: "c", Reason: "not before noon"}}})
	o.answer() // "a call held needs no word in later decisions"
	if w, _ := o.eng.Why(o.now, "c"); w.Held == "" {
		t.Errorf("hold lost")
	}
	o.step(CallerGone{Call: "x1"})
	o.answer()
	for range 40 {
		o.pass(500 * time.Millisecond)
		if o.eng.deciding.outside.asked {
			o.answer()
		}
		for _, a := range o.did {
			if k, ok := a.(KillPolicy); ok {
				t.Fatal(k.Reason)
			}
		}
	}
}

// TestOutsideHeldByAnother does not take the word of the policy before for that of this one.
func TestOutsideHeldByAnother(t *testing.T) {
	o := newOutsiders(t)
	o.call("x1")
	o.answer("x1 a1")
	o.answer()
	o.call("x2")
	o.answer("x2 a2")
	o.answer()
	o.call("c")
	o.decide(dispatch.Decision{Hold: []dispatch.Hold{{Call: "c", Reason: "old policy's word"}}})
	o.step(SetPolicy{Name: "other"})
	o.step(PolicyReady{})
	o.answer()
	o.answer()
	o.step(CallerGone{Call: "x1"})
	o.answer()
	killed := false
	for range 240 {
		o.pass(500 * time.Millisecond)
		if o.eng.deciding.outside.asked {
			o.answer()
		}
		for _, a := range o.did {
			if _, ok := a.(KillPolicy); ok {
				killed = true
			}
		}
	}
	if w, _ := o.eng.Why(o.now, "c"); !killed {
		t.Errorf("after 2 minutes beside free a1: %s", w.Reason)
	}
}

// TestOutsideDispatchingOn gives a policy its time once dispatching is on again.
func TestOutsideDispatchingOn(t *testing.T) {
	o := newOutsiders(t)
	o.step(SetDispatching{On: false})
	o.call("c")
	o.pass(9990 * time.Millisecond)
	o.step(SetDispatching{On: true})
	o.pass(15 * time.Millisecond)
	for _, a := range o.did {
		if k, ok := a.(KillPolicy); ok {
			t.Errorf("15 ms after the question: %s", k.Reason)
		}
	}
}

// TestOutsideAskedAfterOff asks again what was asked when dispatching was turned off.
func TestOutsideAskedAfterOff(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.step(SetDispatching{On: false})
	o.decide(dispatch.Decision{Again: time.Second})
	o.step(SetDispatching{On: true})
	if !o.eng.deciding.outside.asked {
		t.Errorf("not asked after dispatching is on again")
	}
}

// TestOutsideGoneBounded keeps nothing of calls that are over while nobody is told of them.
func TestOutsideGoneBounded(t *testing.T) {
	o := newOutsiders(t)
	o.step(PolicyLost{"binary is gone"})
	for i := range 1000 {
		o.call(fmt.Sprint("c", i))
		o.step(CallerGone{Call: CallID(fmt.Sprint("c", i))})
	}
	if d := o.eng.center.Take(); len(d.Gone) > 10 {
		t.Errorf("%d ids of calls that are over are kept", len(d.Gone))
	}
}

// TestWatcherOffBounded keeps nothing of them while dispatching is off.
func TestWatcherOffBounded(t *testing.T) {
	p, _ := dispatch.New("look-ahead", nil)
	o := &outsiders{t: t, eng: New(Options{InternalDispatching: false, Policy: p, PolicyName: "look-ahead"}), now: t0}
	o.step(Load{Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh@media"}}, AtStart: true,
		Agents: []AgentConfig{{ID: "a1", Location: "sip:a1@x", Skills: []string{"s"}, LoggedIn: true}}})
	for i := range 1000 {
		o.call(fmt.Sprint("c", i))
		o.step(CallerGone{Call: CallID(fmt.Sprint("c", i))})
	}
	if d := o.eng.center.Take(); len(d.Gone) > 10 {
		t.Errorf("%d ids of calls that are over are kept", len(d.Gone))
	}
}

// TestOutsideLostBeforeReady tells of a policy that was never there, and why it does not come back.
func TestOutsideLostBeforeReady(t *testing.T) {
	o := newOutsiders(t)
	o.step(SetPolicy{Name: "new"})
	o.step(PolicyLost{"exit status 1"})
	o.want("active false exit status 1")
	o.step(PolicyLost{"no such file: put it back"})
	o.want("")
	if r := o.eng.PolicyState().Reason; r != "no such file: put it back" {
		t.Error(r)
	}
}
