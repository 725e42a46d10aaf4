package engine

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// The times and bounds for policies outside the engine.
const (
	policyDeadline = 50 * time.Millisecond // unless Options.PolicyDeadline says otherwise
	policyHung     = 2 * time.Second       // without an answer for so long it is killed
	policyLies     = 10                    // so many impossible proposals within a minute, and it is killed
	shortestAgain  = 10 * time.Millisecond // or a policy would keep the server busy by itself
	longestReason  = 200                   // bytes of a policy's word for operators
)

type (
	// SetPolicy changes who decides. A nil Policy is outside the engine: it is
	// asked by [AskPolicy] and answers by [Proposal]. Until [PolicyReady], and
	// whenever it is late, wrong or gone, the rule of Options.ChatPolicy stands
	// in.
	SetPolicy struct {
		Name   string
		Policy dispatch.Policy
	}
	// PolicyReady says that the policy outside is there and knows nothing.
	PolicyReady struct{}
	// PolicyLost says that the policy outside is gone.
	PolicyLost struct{ Reason string }
	// Proposal is the answer to the [AskPolicy] with the same Seq.
	Proposal struct {
		Seq      uint64
		Decision dispatch.Decision
	}

	// AskPolicy asks the policy outside for its decision. It is answered by
	// one [Proposal], even if there is nothing to propose; before that no
	// other question is asked. Changes meanwhile are told in the next.
	AskPolicy struct {
		Seq   uint64
		Delta dispatch.Delta
	}
	// KillPolicy asks for a policy outside to be ended and started anew: it
	// does not answer, or answers nonsense. [PolicyReady] says that the new one
	// is there.
	KillPolicy struct{ Reason string }
	// ReportPolicy raises E_CALLCENTER_POLICY: the policy decides, or, not
	// Active, the built-in rule stands in for it.
	ReportPolicy struct {
		Policy string
		Active bool
		Reason string // why it does not; "" when it does
	}
)

func (SetPolicy) event()     {}
func (PolicyReady) event()   {}
func (PolicyLost) event()    {}
func (Proposal) event()      {}
func (AskPolicy) action()    {}
func (KillPolicy) action()   {}
func (ReportPolicy) action() {}

// PolicyCounts is what has been counted of policies since the start.
type PolicyCounts struct {
	Asked      int64 // questions to a policy outside
	Decided    int64 // its answers
	Assigned   int64 // proposals carried out, of any policy
	Stale      int64 // dropped: call or agent had changed since the question
	Impossible int64 // dropped: wrong when proposed
	Late       int64 // answers that did not come in time
	Fallbacks  int64 // times the built-in rule took over
}

// PolicyState says who decides.
type PolicyState struct {
	Name    string
	Outside bool
	Active  bool      // false: the built-in rule stands in
	Reason  string    // why it does
	Since   time.Time // when that changed last
	PolicyCounts
}

// PolicyState says who decides.
func (e *Engine) PolicyState() PolicyState {
	d := &e.deciding
	s := PolicyState{Name: d.name, Active: d.broken == "", Reason: d.broken, Since: d.since, PolicyCounts: d.counts}
	if d.outside != nil {
		s.Outside, s.Active, s.Reason = true, d.outside.active, d.outside.reason
	}
	return s
}

// outside is a policy outside the engine. One question is under way at a time,
// so that however slow it is, what it has still to be told is bounded by the
// size of the center.
type outside struct {
	there  bool   // connected
	active bool   // it decides
	reason string // why it does not
	told   bool   // that it does not

	whole    bool   // it must be told everything
	urge     bool   // it must be asked, even if nothing has changed
	seq      uint64 // of the last question
	asked    bool   // which has no answer yet
	askedAt  time.Time
	answered uint64
	alarm    alarm

	lies  int       // impossible proposals
	since time.Time // of the first of them
}

// ask puts the next question to a policy outside, if there is any.
func (e *Engine) ask() {
	o := e.deciding.outside
	if o == nil || !o.there || o.asked || !o.whole && !o.urge && !e.center.Pending() {
		return
	}
	q := AskPolicy{Delta: e.center.Take()}
	if o.whole {
		q.Delta = e.center.Whole()
	}
	o.seq = e.nextQuestion()
	q.Seq = o.seq
	o.asked, o.askedAt, o.whole, o.urge = true, e.now, false, false
	e.deciding.counts.Asked++
	e.clock.set(&e.deciding.again, time.Time{})
	e.clock.set(&o.alarm, e.now.Add(e.opt.deadline()))
	e.center.Settled()
	e.do(q)
}

func (e *Engine) policyReady() {
	o := e.deciding.outside
	if o == nil || o.there {
		return
	}
	o.there, o.whole = true, true
	e.unhold() // what the one before said
}

func (e *Engine) policyLost(reason string) {
	o := e.deciding.outside
	if o == nil {
		return
	}
	o.there, o.asked = false, false
	e.clock.set(&o.alarm, time.Time{})
	e.fallBack(reason)
}

// proposal does what a policy outside wants. Late, it is not trusted with a
// state that others have changed meanwhile; its next answer counts.
func (e *Engine) proposal(ev Proposal) {
	o := e.deciding.outside
	if o == nil || !o.asked || ev.Seq != o.seq {
		e.deciding.counts.Stale += int64(len(ev.Decision.Assign))
		return
	}
	o.asked, o.answered = false, ev.Seq
	e.clock.set(&o.alarm, time.Time{})
	e.deciding.counts.Decided++
	inTime := e.now.Sub(o.askedAt) <= e.opt.deadline()
	switch {
	case !e.opt.InternalDispatching: // turned off since the question
		e.dropAll(ev.Decision.Assign)
	case o.active:
		e.clock.set(&e.deciding.again, e.later(ev.Decision.Again))
		e.hold(ev.Decision.Hold)
		e.carryOutAll(ev.Decision.Assign)
	default:
		e.hold(ev.Decision.Hold) // it need not say it again
		e.dropAll(ev.Decision.Assign)
		o.urge = true
		if inTime {
			e.handBack()
		}
	}
}

// dropAll carries nothing out, and corrects the policy.
func (e *Engine) dropAll(list []dispatch.Assignment) {
	e.deciding.counts.Stale += int64(len(list))
	for _, a := range list {
		e.center.Restate(a)
	}
}

// carryOutAll does what is legal of the proposals, and corrects the policy
// about the rest.
func (e *Engine) carryOutAll(list []dispatch.Assignment) {
	touched := make([]bool, len(list))
	for i, a := range list {
		touched[i] = e.center.Touched(a) // before the first of them changes anything
	}
	lies, first := 0, ""
	for i, a := range list {
		err := e.carryOut(a)
		switch {
		case err == nil:
			continue
		case touched[i]:
			e.deciding.counts.Stale++
		default:
			e.deciding.counts.Impossible++
			lies++
			if first == "" {
				first = fmt.Sprintf("it wants call %q for agent %q, but %v", shorten(a.Call), shorten(a.Agent), err)
			}
		}
		e.center.Restate(a)
	}
	if lies > 0 {
		e.lied(lies, first)
	}
}

// lied counts impossible proposals, and ends a policy that makes too many.
func (e *Engine) lied(n int, example string) {
	o := e.deciding.outside
	if e.now.Sub(o.since) > time.Minute {
		o.lies, o.since = 0, e.now
	}
	if o.lies += n; o.lies >= policyLies {
		o.lies = 0
		e.kill(fmt.Sprintf("%d impossible proposals within a minute: %s", policyLies, example))
	}
}

// policyDue is the alarm of a question without answer: first the built-in rule
// takes over, then the policy is ended.
func (e *Engine) policyDue() {
	o := e.deciding.outside
	if o == nil || !o.asked {
		return
	}
	if waits := e.now.Sub(o.askedAt); waits >= policyHung {
		e.kill(fmt.Sprintf("no answer within %s", policyHung))
		return
	}
	e.deciding.counts.Late++
	e.fallBack(fmt.Sprintf("no answer within %s", e.opt.deadline()))
	e.clock.set(&o.alarm, o.askedAt.Add(policyHung))
}

// policyAgain is the alarm of [dispatch.Decision.Again].
func (e *Engine) policyAgain() {
	e.center.Rethink()
	if o := e.deciding.outside; o != nil {
		o.urge = true
	}
}

func (e *Engine) kill(reason string) {
	o := e.deciding.outside
	o.there, o.asked = false, false
	e.clock.set(&o.alarm, time.Time{})
	e.do(KillPolicy{Reason: reason})
	e.fallBack(reason)
}

// fallBack lets the built-in rule decide.
func (e *Engine) fallBack(reason string) {
	o := e.deciding.outside
	o.reason = reason
	if o.told {
		return
	}
	if o.active {
		e.deciding.counts.Fallbacks++
	}
	o.active, o.told = false, true
	e.deciding.since = e.now
	e.clock.set(&e.deciding.again, time.Time{})
	e.center.Rethink()
	e.reportPolicy()
}

// handBack lets the policy outside decide: it is well, and up to date.
func (e *Engine) handBack() {
	o := e.deciding.outside
	o.active, o.told, o.reason = true, false, ""
	e.deciding.since = e.now
	e.reportPolicy()
}

func (e *Engine) reportPolicy() {
	s := e.PolicyState()
	e.do(ReportPolicy{Policy: s.Name, Active: s.Active, Reason: s.Reason})
}

// awaits reports whether a call that has just joined may still be given an
// agent by the question under way, before anything is played to it.
func (e *Engine) awaits(c *call) bool {
	o := e.deciding.outside
	return o != nil && o.active && e.opt.InternalDispatching && c.entry.ready && c.queued.question > o.answered && !c.withdrawn()
}

// joinsQuestion notes which question will tell of a call.
func (e *Engine) joinsQuestion(c *call) {
	if e.deciding.outside != nil {
		c.queued.question = e.nextQuestion()
	}
}

// nextQuestion numbers questions, over all policies there ever were.
func (e *Engine) nextQuestion() uint64 { return uint64(e.deciding.counts.Asked) + 1 }

// shorten bounds a text that comes from a policy.
func shorten(s string) string {
	if len(s) > longestReason {
		return s[:longestReason]
	}
	return s
}
