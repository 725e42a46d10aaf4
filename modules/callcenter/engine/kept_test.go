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

// TestKeptAgentIsForgotten: what a row has overruled, what is over and who is
// gone must not come back at a later restart.
func TestKeptAgentIsForgotten(t *testing.T) {
	row := AgentConfig{ID: "a", Location: "sip:a", Skills: []string{"s"}, LoggedIn: true}
	for _, tt := range []struct {
		name  string
		kept  KeptAgent
		state AgentState
		gone  bool
	}{
		{"overruled", KeptAgent{ID: "a", LoggedIn: true}, Free, true},
		{"over", KeptAgent{ID: "a", LoggedIn: true, Row: true, Ends: t0}, Free, true},
		{"his row is gone", KeptAgent{ID: "b", LoggedIn: true}, Free, true},
		{"logged out", KeptAgent{ID: "a", Row: true}, Offline, false},
		{"in wrap-up", KeptAgent{ID: "a", LoggedIn: true, Row: true, Ends: t0.Add(time.Hour)}, Wrapup, false},
	} {
		e := New(Options{InternalDispatching: true})
		e.Step(t0, Load{Agents: []AgentConfig{row}, AtStart: true})
		out := e.Step(t0.Add(time.Minute), Restore{Agents: []KeptAgent{tt.kept}})
		gone := slices.ContainsFunc(out, func(a Action) bool {
			k, ok := a.(KeepAgent)
			return ok && k.Plain && k.Agent.ID == tt.kept.ID
		})
		if state := e.agents["a"].state(e.now); gone != tt.gone || state != tt.state {
			t.Errorf("%s: forgotten %t, %s", tt.name, gone, state)
		}
	}
}
