package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// outsiders is an engine with a policy outside, played by the test.
type outsiders struct {
	t   *testing.T
	eng *Engine
	now time.Time
	did []Action // of the last step
}

// newOutsiders has agents a1 and a2 free, and a policy that decides.
func newOutsiders(t *testing.T) *outsiders {
	o := &outsiders{t: t, eng: New(Options{InternalDispatching: true, RejectOnNoAgents: true}), now: t0}
	o.step(Load{
		Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh@media"}},
		Agents: []AgentConfig{
			{ID: "a1", Location: "sip:a1@x", Skills: []string{"s"}, LoggedIn: true},
			{ID: "a2", Location: "sip:a2@x", Skills: []string{"s"}, LoggedIn: true},
		},
		AtStart: true,
	})
	o.step(SetPolicy{Name: "mine"})
	o.step(PolicyReady{})
	o.answer()
	o.answer()
	if s := o.eng.PolicyState(); !s.Active || s.Name != "mine" || !s.Outside {
		t.Fatalf("the policy does not decide: %+v", s)
	}
	return o
}

func (o *outsiders) step(ev Event) { o.did = o.eng.Step(o.now, ev) }

func (o *outsiders) pass(d time.Duration) {
	o.now = o.now.Add(d)
	o.step(Tick{})
}

func (o *outsiders) call(id string) {
	o.step(CallArrived{Call: CallID(id), Flow: "f", Media: RTP, User: "bob"})
}

// answer gives the pending question an answer: "call agent" pairs.
func (o *outsiders) answer(pairs ...string) {
	o.t.Helper()
	d := dispatch.Decision{}
	for _, p := range pairs {
		call, agent, _ := strings.Cut(p, " ")
		d.Assign = append(d.Assign, dispatch.Assignment{Call: call, Agent: agent, Reason: "test"})
	}
	o.decide(d)
}

func (o *outsiders) decide(d dispatch.Decision) {
	o.t.Helper()
	p := o.eng.deciding.outside
	if !p.asked {
		o.t.Fatal("nothing was asked")
	}
	o.step(Proposal{Seq: p.seq, Decision: d})
}

// want compares what the last step did with whom and the policy.
func (o *outsiders) want(want string) {
	o.t.Helper()
	var did []string
	for _, a := range o.did {
		switch a := a.(type) {
		case Connect:
			did = append(did, fmt.Sprint(a.Call, "->", a.URI))
		case KillPolicy:
			did = append(did, "kill: "+a.Reason)
		case ReportPolicy:
			did = append(did, fmt.Sprint("active ", a.Active, " ", a.Reason))
		}
	}
	if got := strings.Join(did, "; "); got != want {
		o.t.Errorf("it did %q, want %q", got, want)
	}
}

func (o *outsiders) counts(want PolicyCounts) {
	o.t.Helper()
	got := o.eng.PolicyState().PolicyCounts
	got.Asked, got.Decided = 0, 0
	if got != want {
		o.t.Errorf("counts %+v, want %+v", got, want)
	}
}

// TestOutsideDirect gives a caller his agent before anything is played.
func TestOutsideDirect(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.want("")
	o.answer("c a2")
	o.want("c->sip:a2@x")
	for _, a := range o.did {
		if r, ok := a.(ReportCall); ok && r.What == HappenOffered && r.Reason != "test" {
			t.Errorf("offered without the reason: %+v", r)
		}
	}
	if w, _ := o.eng.Why(o.now, "c"); w.Chosen != "test" {
		t.Errorf("why %+v", w)
	}
	o.answer()
	o.counts(PolicyCounts{Assigned: 1})
}

// TestOutsideLeavesWaiting plays the queue to whom the policy gives nobody.
func TestOutsideLeavesWaiting(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.decide(dispatch.Decision{Hold: []dispatch.Hold{{Call: "c", Reason: "kept for later"}}, Again: time.Second})
	o.want("c->sip:moh@media")
	if w, _ := o.eng.Why(o.now, "c"); !strings.Contains(w.Reason, "held back by the policy mine: kept for later") {
		t.Errorf("why: %s", w.Reason)
	}
	o.pass(time.Second)
	o.answer("c a1") // it was asked again
	o.want("c->sip:a1@x")
}

// TestOutsideLate falls back at the deadline and hands back when it is well.
func TestOutsideLate(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.pass(49 * time.Millisecond)
	o.want("")
	o.pass(time.Millisecond)
	o.want("active false no answer within 50ms; c->sip:a1@x")
	o.pass(time.Second)
	o.answer("c a2") // too late
	o.want("")
	o.counts(PolicyCounts{Assigned: 1, Late: 1, Fallbacks: 1, Stale: 1})
	o.answer() // in time
	o.want("active true ")
}

// TestOutsideHung ends a policy that does not answer at all.
func TestOutsideHung(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.pass(50 * time.Millisecond)
	o.pass(policyHung - 50*time.Millisecond)
	o.want("kill: no answer within 2s")
	o.call("d")
	o.want("d->sip:a2@x")
	o.step(PolicyReady{})
	o.answer()
	o.want("active true ")
}

// TestOutsideLost falls back when the process is gone, and takes the new one.
func TestOutsideLost(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.step(PolicyLost{"exit status 1"})
	o.want("active false exit status 1; c->sip:a1@x")
	o.step(PolicyLost{"again"})
	o.want("")
	o.step(PolicyReady{})
	if q := o.did[0].(AskPolicy); !q.Delta.Reset || len(q.Delta.Agents) != 2 {
		t.Errorf("the new one is told %+v", q.Delta)
	}
}

// TestOutsideLies drops what is impossible, corrects the policy, and ends one
// that goes on.
func TestOutsideLies(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.answer("c a1", "c a2", "nobody a2", "d a1")
	o.want("c->sip:a1@x")
	o.counts(PolicyCounts{Assigned: 1, Impossible: 3})
	if d := o.eng.deciding.outside; !d.asked {
		t.Fatal("the policy was not corrected")
	}
	o.answer("nobody a2", "nobody a2", "nobody a2", "nobody a2", "nobody a2", "nobody a2")
	o.want("")
	o.answer("nobody a2")
	o.want(`kill: 10 impossible proposals within a minute: it wants call "nobody" for agent "a2", but no such call waits; ` +
		`active false 10 impossible proposals within a minute: it wants call "nobody" for agent "a2", but no such call waits`)
}

// TestOutsideStale does not blame it for what happened while it thought.
func TestOutsideStale(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.step(CallerGone{"c"})
	o.answer("c a1")
	o.want("")
	o.counts(PolicyCounts{Stale: 1})
	o.step(Proposal{Seq: 1000, Decision: dispatch.Decision{Assign: []dispatch.Assignment{{Call: "c", Agent: "a1"}}}})
	o.counts(PolicyCounts{Stale: 2})
}

// TestOutsideIdle ends a policy that leaves a call beside a free agent and does
// not say why.
func TestOutsideIdle(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.answer()
	o.want("c->sip:moh@media")
	o.pass(idleDispatcher)
	if len(o.did) == 0 || !strings.Contains(fmt.Sprint(o.did), "has not said why") || o.eng.PolicyState().Active {
		t.Errorf("it did %+v", o.did)
	}
	if c := o.eng.calls["c"]; c.state != StateToAgent {
		t.Errorf("call in state %s", c.state)
	}
}

// TestSetPolicy changes it with calls waiting.
func TestSetPolicy(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.step(SetPolicy{Name: "full-load", Policy: dispatch.FullLoad})
	o.want("active true ; c->sip:a1@x")
	o.step(PolicyReady{})
	o.step(PolicyLost{"the old one"})
	o.step(Proposal{Seq: 1})
	if s := o.eng.PolicyState(); s.Outside || !s.Active || s.Name != "full-load" {
		t.Errorf("%+v", s)
	}
}

// panics is a policy with a fault.
type panics struct{}

func (panics) Watch(*dispatch.View, dispatch.Delta) {}
func (panics) Decide(v *dispatch.View) dispatch.Decision {
	if v.CountCalls() > 0 {
		panic("no idea")
	}
	return dispatch.Decision{}
}

// TestPolicyPanics costs no call.
func TestPolicyPanics(t *testing.T) {
	o := newOutsiders(t)
	o.step(SetPolicy{Name: "faulty", Policy: panics{}})
	o.want("active true ")
	o.call("c")
	o.want("active false it panicked: no idea; c->sip:a1@x")
	if s := o.eng.PolicyState(); s.Active || s.Name != "faulty" || s.Fallbacks != 1 {
		t.Errorf("%+v", s)
	}
}

// TestOutsideLateAtFirst says so, although the built-in rule was in charge.
func TestOutsideLateAtFirst(t *testing.T) {
	o := newOutsiders(t)
	o.step(SetPolicy{Name: "slow"})
	o.want("")
	o.step(PolicyReady{})
	o.pass(policyDeadline)
	o.want("active false no answer within 50ms")
	o.pass(time.Millisecond)
	o.answer()
	o.want("")
	o.answer()
	o.want("active true ")
	o.counts(PolicyCounts{Late: 1})
}

// TestOutsideDispatchingOff does nothing that a policy wants once an external
// dispatcher is in charge.
func TestOutsideDispatchingOff(t *testing.T) {
	o := newOutsiders(t)
	o.call("c")
	o.step(SetDispatching{false})
	o.answer("c a1")
	o.want("")
	if c := o.eng.calls["c"]; c.state != StateQueued {
		t.Fatalf("call in state %s", c.state)
	}
	o.step(SetDispatching{true})
	o.answer("c a1")
	o.want("c->sip:a1@x")
}
