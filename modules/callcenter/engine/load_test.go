package engine

import (
	"testing"
	"time"
)

// TestReloadDissuading: a waiting caller hears the dissuading message when the
// rows that are loaded now say, not those of his arrival.
func TestReloadDissuading(t *testing.T) {
	flow := FlowConfig{ID: "f", Skill: "s", Queue: "sip:q", Dissuading: "sip:d", DissuadingOnHold: time.Minute}
	e := New(Options{InternalDispatching: true})
	load := func() { e.Step(t0, Load{Flows: []FlowConfig{flow}}) }
	load()
	e.Step(t0, CallArrived{Call: "c", Flow: "f", Media: RTP})
	wake := func(want time.Duration) {
		t.Helper()
		if at, ok := e.Wake(); ok != (want > 0) || ok && at.Sub(t0) != want {
			t.Errorf("wakes at %v, %t; want %v", at.Sub(t0), ok, want)
		}
	}
	wake(time.Minute)
	flow.DissuadingOnHold = 30 * time.Second
	load()
	wake(30 * time.Second)
	flow.Dissuading = ""
	load()
	wake(0)
	flow.Dissuading = "sip:other"
	load()
	wake(30 * time.Second)
}
