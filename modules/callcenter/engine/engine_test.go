package engine

import (
	"slices"
	"testing"
	"time"
)

func TestExpectedWait(t *testing.T) {
	tests := []struct {
		name   string
		avg    float64
		queued int
		logged int
		want   int
		known  bool
	}{
		{"no agents", 60, 5, 0, 0, false},
		{"before the first call", 0, 5, 2, 0, true},
		{"nobody waits", 60, 0, 2, 0, true},
		{"truncated", 61, 5, 2, 152, true},
	}
	for _, tt := range tests {
		f := flow{talk: mean{n: 1, value: tt.avg}, stats: tally{queued: tt.queued}}
		if got, known := f.expectedWait(tt.logged); got != tt.want || known != tt.known {
			t.Errorf("%s: %d, %t, want %d, %t", tt.name, got, known, tt.want, tt.known)
		}
	}
}

func TestMeanAndLoad(t *testing.T) {
	var m mean
	for _, v := range []float64{10, 20, 7} {
		m.add(v)
	}
	if m.n != 3 || m.value < 12.3333 || m.value > 12.3334 {
		t.Errorf("mean of 10, 20 and 7: %+v", m)
	}
	tests := []struct{ onhold, logged, free, want int }{
		{0, 0, 0, 0}, {5, 0, 0, 0}, {0, 4, 4, 0}, {0, 4, 1, 75}, {8, 4, 0, 300}, {1, 3, 1, 100},
	}
	for _, tt := range tests {
		if got := load(tt.onhold, headcount{logged: tt.logged, free: tt.free}); got != tt.want {
			t.Errorf("load %+v: %d", tt, got)
		}
	}
}

func TestClockGoesForwardOnly(t *testing.T) {
	e := New(Options{InternalDispatching: true})
	e.Step(t0, Load{
		Flows:  []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q"}},
		Agents: []AgentConfig{{ID: "a", Location: "sip:a", Skills: []string{"s"}, LoggedIn: true}},
	})
	e.Step(t0.Add(time.Minute), CallArrived{Call: "c", Flow: "f", Media: RTP})
	for _, a := range e.Step(t0, CallerGone{"c"}) {
		if w, ok := a.(WriteCDR); ok && w.CDR.Wait != 0 {
			t.Errorf("wait %s", w.CDR.Wait)
		}
	}
	if at, ok := e.Wake(); ok {
		t.Errorf("wakes at %s with nothing to do", at)
	}
}

// TestAnswersOnce: whoever asks gets exactly one answer, whatever else falls
// due in the same step.
func TestAnswersOnce(t *testing.T) {
	for _, ev := range []Event{
		CallArrived{Call: "x", Flow: "f", Media: RTP}, CallArrived{Call: "x", Flow: "nowhere", Media: RTP},
		AgentLogin{"a", true}, AgentLogin{"nobody", true}, Assign{"x", "a"},
	} {
		e := New(Options{Wrapup: time.Second, InternalDispatching: true})
		e.Step(t0, Load{
			Flows:  []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q"}},
			Agents: []AgentConfig{{ID: "a", Location: "sip:a", Skills: []string{"s"}, LoggedIn: true}},
		})
		e.Step(t0, CallArrived{Call: "c", Flow: "f", Media: RTP})
		e.Step(t0, CallArrived{Call: "d", Flow: "f", Media: RTP})
		e.Step(t0, Connected{"c", 1})
		e.Step(t0, CallerGone{"c"})
		out := e.Step(t0.Add(time.Hour), ev)
		answers := slices.DeleteFunc(slices.Clone(out), func(a Action) bool { _, ok := a.(Answer); return !ok })
		if len(answers) != 1 {
			t.Errorf("%T: %v", ev, answers)
		}
	}
}

func TestRefusal(t *testing.T) {
	tests := []struct {
		code   Code
		media  Media
		status int
		text   string
	}{
		{Done, RTP, 0, ""},
		{DispatchesItself, RTP, 403, "Internal dispatching is enabled"},
		{AgentUnknown, RTP, 404, "Agent not found"},
		{AgentOffline, RTP, 404, "Agent not logged in"},
		{CallNotQueued, RTP, 404, "Call not found"},
		{AgentUnskilled, RTP, 488, "Agent has no skill for the call"},
		{AgentNotFree, RTP, 488, "Agent is not free/audio enabled"},
		{AgentNotFree, MSRP, 488, "Agent is not free/chat enabled"},
	}
	for _, tt := range tests {
		if status, text := tt.code.Refusal(tt.media); status != tt.status || text != tt.text {
			t.Errorf("%d: %d %q", tt.code, status, text)
		}
	}
}

func TestMediaNumbers(t *testing.T) {
	if RTP.Row() != 0 || MSRP.Row() != 1 {
		t.Error("cc_calls.media counts from 0")
	}
	if RTP.String() != "RTP" || MSRP.String() != "MSRP" || Media(0).String() != "--" {
		t.Error("cc_list_queue spells the media otherwise")
	}
}
