package engine

import (
	"slices"
	"testing"
	"time"
)

// TestKeptAfterRepair: a call that a crashed step had changed is kept, then and
// later.
func TestKeptAfterRepair(t *testing.T) {
	e := New(Options{InternalDispatching: true})
	e.Step(t0, Load{Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q"}}, AtStart: true})
	e.Step(t0, CallArrived{Call: "c", Flow: "f", Media: RTP})
	func() { // a step that changes c and panics
		defer func() { _ = recover() }()
		e.begin(t0)
		e.handle(Connected{"c", 1})
		panic("boom")
	}()
	for _, step := range []struct {
		name string
		out  []Action
	}{
		{"repair", e.Repair(t0, Tick{})},
		{"afterwards", e.Step(t0.Add(time.Minute), PeerGone{"c", 1})},
	} {
		if !slices.ContainsFunc(step.out, func(a Action) bool { _, ok := a.(KeepCall); return ok }) {
			t.Errorf("%s: not kept: %v", step.name, step.out)
		}
	}
}
