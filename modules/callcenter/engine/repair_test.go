package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// TestRepairBuildsEverythingAnew spoils what follows from calls and agents in
// the middle of random histories. After Repair the invariants hold again, and
// nobody has noticed.
func TestRepairBuildsEverythingAnew(t *testing.T) {
	for seed := uint64(1); seed <= 10; seed++ {
		w := newWorld(t, seed)
		w.load(true)
		for i := range 1000 {
			w.pass()
			w.step(w.event())
			if i%20 != 0 {
				continue
			}
			w.spoil()
			out := w.eng.Repair(w.now, Tick{})
			for _, a := range out {
				if q, ok := a.(AskPolicy); ok { // who was told of what is no more must be told all
					w.asked(q)
					out = out[:len(out)-1]
				}
			}
			if len(out) > 0 {
				w.fail("a repair of derived state did %+v", out)
			}
			w.check()
		}
		w.step(HangUpAll{})
		if len(w.eng.calls) > 0 {
			w.fail("calls after HangUpAll")
		}
	}
}

// spoil damages derived state, as a panic half-way through a step would.
func (w *world) spoil() {
	e := w.eng
	e.queue, e.heads, e.center = newQueue(), newHeadcounts(), dispatch.NewCenter()
	e.unserved = append(e.unserved, e.callsByAge()...)
	e.total.onhold, e.total.queued = e.total.onhold+3, -1
	for _, f := range e.flowList {
		f.calls += 2
		f.stats.onholdChats--
	}
	for _, a := range e.agentList {
		a.audio, a.chats = !a.audio, a.chats+1
	}
}

// TestRepairEndsTheCall ends the call of the event, frees its agent, and lets
// the others go on.
func TestRepairEndsTheCall(t *testing.T) {
	for seed := uint64(1); seed <= 10; seed++ {
		w := newWorld(t, seed)
		w.load(true)
		for range 1000 {
			w.pass()
			w.step(w.event())
			if len(w.live) == 0 || w.rnd.IntN(20) > 0 {
				continue
			}
			id := w.live[w.rnd.IntN(len(w.live))]
			if w.rnd.IntN(2) == 0 {
				w.eng.calls[id].told = nil // whatever
			}
			out := w.eng.Repair(w.now, PeerGone{Call: id})
			for _, a := range out {
				w.history = append(w.history, a)
				w.act(a)
			}
			s := w.sessions[id]
			if s.finals != 1 || !s.deleted || !s.hungUp {
				w.fail("call %s: %d CDRs, deleted %t, hung up %t", id, s.finals, s.deleted, s.hungUp)
			}
			w.sweep(nil)
			w.check()
		}
	}
}

// TestRepairAfterPanic has real panics: of a call that has lost its flow, and
// of one whose agent is missing.
func TestRepairAfterPanic(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*call)
		ev    Event
		cdr   bool // one can be made
	}{
		{"no agent", func(c *call) { c.agent = nil }, PeerGone{"1", 1}, true},
		{"no flow", func(c *call) { c.flow = nil }, CallerGone{"1"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(Options{InternalDispatching: true})
			e.Step(t0, Load{Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q@q"}},
				Agents: []AgentConfig{{ID: "a", Location: "sip:a@a", Skills: []string{"s"}, LoggedIn: true}}})
			e.Step(t0, CallArrived{Call: "1", Flow: "f", Media: RTP})
			e.Step(t0, CallArrived{Call: "2", Flow: "f", Media: RTP})
			e.Step(t0, Connected{"1", 1})
			tt.spoil(e.calls["1"])
			func() {
				defer func() {
					if recover() == nil {
						t.Fatal("no panic: the test proves nothing")
					}
				}()
				e.Step(t0.Add(time.Second), tt.ev)
			}()
			out := e.Repair(t0.Add(time.Second), tt.ev)
			if !slices.Contains(out, Action(Hangup{"1"})) || !slices.Contains(out, Action(DeleteCall{"1"})) {
				t.Errorf("the call is not ended: %+v", out)
			}
			cdrs := 0
			for _, a := range out {
				if c, ok := a.(WriteCDR); ok && c.CDR.Call == "1" {
					cdrs++
				}
			}
			if (cdrs > 0) != tt.cdr {
				t.Errorf("%d CDRs of the call, want one: %t", cdrs, tt.cdr)
			}
			next := slices.IndexFunc(out, func(a Action) bool {
				c, ok := a.(Connect)
				return ok && c.Call == "2" && c.Agent == "a"
			})
			if next < 0 {
				t.Errorf("the agent was not given the next call: %+v", out)
			}
		})
	}
}

// TestRepairEndsStrandedCalls ends calls to which nothing would happen any
// more, in an event that was about no call.
func TestRepairEndsStrandedCalls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(*call, *agent)
		ending bool
	}{
		{"nothing", func(*call, *agent) {}, false},
		{"assigned and not connected", func(c *call, a *agent) { c.state, c.agent, c.legs.ring = StateToAgent, a, party{} }, true},
		{"given away and still waiting", func(c *call, a *agent) { c.agent = a }, true},
		{"an agent lost", func(c *call, _ *agent) { c.state = StatePreAgent }, true},
		{"a message that does not play", func(c *call, _ *agent) { c.state, c.legs = StateWelcome, legs{} }, true},
		{"ended and not forgotten", func(c *call, _ *agent) { c.state = StateEnded }, true},
		{"silence in the queue", func(c *call, _ *agent) { c.legs.ring = party{} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(Options{InternalDispatching: true})
			e.Step(t0, Load{Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q@q"}},
				Agents: []AgentConfig{{ID: "a", Location: "sip:a@a", Skills: []string{"x"}, LoggedIn: true}}})
			e.Step(t0, CallArrived{Call: "1", Flow: "f", Media: RTP})
			tt.spoil(e.calls["1"], e.agents["a"])
			out := e.Repair(t0, Tick{})
			if got := slices.Contains(out, Action(Hangup{"1"})); got != tt.ending {
				t.Errorf("hung up %t, want %t: %+v", got, tt.ending, out)
			}
			if e.agents["a"].busy() > 0 || len(e.calls) == 0 != tt.ending {
				t.Errorf("agent has %d, %d calls", e.agents["a"].busy(), len(e.calls))
			}
			if tt.name == "silence in the queue" && !slices.ContainsFunc(out, func(a Action) bool { c, ok := a.(Connect); return ok && c.Target == ToQueue }) {
				t.Errorf("the caller hears nothing: %+v", out)
			}
		})
	}
}
