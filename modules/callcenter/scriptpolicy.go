package callcenter

import (
	"errors"
	"fmt"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// callbacks are the functions that the module takes from the script.
func (m *module) callbacks() []core.Callback {
	return []core.Callback{{
		Name: "cc.policy", Args: "view",
		Doc: "the dispatch policy lua: the function is called when calls or agents have changed, and proposes who gets which call",
		Set: func(f core.Function) { m.SetScriptPolicy(&scripted{function: f, deadline: &m.params.policy.deadline}) },
	}}
}

// scripted is a policy that is a function of the route script.
type scripted struct {
	function core.Function
	deadline *time.Duration

	asked time.Time     // the time of the question under way
	spent time.Duration // what its decisions have taken
}

// limit is how long the function may still run for a question, to which several
// decisions may belong: less than the deadline, so that operators hear which line
// was running, and not only that it was late.
func (s *scripted) limit(question time.Time) time.Duration {
	if !question.Equal(s.asked) {
		s.asked, s.spent = question, 0
	}
	return max(*s.deadline*4/5-s.spent, time.Millisecond)
}

// Decide implements [dispatch.Policy]. It panics with a [dispatch.Fault] when
// the function fails.
func (s *scripted) Decide(v *dispatch.View) dispatch.Decision {
	view := &scriptView{Draft: v.Draft()}
	defer view.Undo()
	limit, began := s.limit(v.Now()), time.Now()
	defer func() { s.spent += time.Since(began) }()
	if err := s.function.Call(limit, core.Object{Class: &viewClass, Self: view}); err != nil {
		panic(dispatch.Fault{Reason: err.Error()})
	}
	return view.decision
}

// scriptView is the view of one decision.
type scriptView struct {
	*dispatch.Draft
	decision dispatch.Decision
}

// scriptCall and scriptAgent are calls and agents in it.
type (
	scriptCall struct {
		*dispatch.Call
		view *scriptView
	}
	scriptAgent struct {
		*dispatch.Agent
		view *scriptView
	}
)

// call is a call for the script, nil for nil.
func (v *scriptView) call(c *dispatch.Call) any {
	if c == nil {
		return nil
	}
	return core.Object{Class: &callClass, Self: scriptCall{c, v}}
}

func (v *scriptView) agent(a *dispatch.Agent) any {
	if a == nil {
		return nil
	}
	return core.Object{Class: &agentClass, Self: scriptAgent{a, v}}
}

// since is how many seconds ago t was, 0 for no time at all.
func (v *scriptView) since(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return max(v.Now().Sub(t), 0).Seconds()
}

// assign proposes an assignment. What is not possible is no error of the
// script: it is told so.
func (v *scriptView) assign(c *dispatch.Call, a *dispatch.Agent, reason string) []any {
	assignment := dispatch.Assignment{Call: c.ID, Agent: a.ID, Reason: short(reason)}
	if err := v.Assign(assignment); err != nil {
		return []any{false, err.Error()}
	}
	v.decision.Assign = append(v.decision.Assign, assignment)
	return []any{true}
}

// maxReason bounds what a script says to operators, in bytes.
const maxReason = 200

func short(text string) string {
	if len(text) > maxReason {
		return text[:maxReason]
	}
	return text
}

func (v *scriptView) hold(c *dispatch.Call, reason string) error {
	if reason == "" {
		return errors.New("say why the call is held: operators see it")
	}
	v.decision.Hold = append(v.decision.Hold, dispatch.Hold{Call: c.ID, Reason: short(reason)})
	return nil
}

// maxAgain bounds view:again, in seconds.
const maxAgain = 86400

func (v *scriptView) again(seconds float64) error {
	if !(seconds >= 0.01 && seconds <= maxAgain) {
		return fmt.Errorf("want seconds from 0.01 to %d, got %v", maxAgain, seconds)
	}
	d := time.Duration(seconds * float64(time.Second))
	if old := v.decision.Again; old == 0 || d < old {
		v.decision.Again = d
	}
	return nil
}
