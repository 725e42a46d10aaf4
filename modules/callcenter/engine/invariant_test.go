package engine

import (
	"cmp"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

var (
	events = flag.Int("events", 100_000, "random events in TestRandomHistory, over all seeds")
	seed   = flag.Uint64("seed", 0, "run TestRandomHistory with this seed alone")
	from   = flag.Uint64("from", 1, "the first seed of TestRandomHistory")
)

const eventsPerSeed = 5_000

// TestRandomHistory drives the engine with random histories of a world that
// keeps the runner's promises: what is connected answers, fails or hangs up,
// callers come and go, agents log in and out, the configuration changes, ticks
// come early, late and at the instant, and events repeat and arrive too late.
// After each step the invariants of doc.go hold.
func TestRandomHistory(t *testing.T) {
	if *seed != 0 {
		newWorld(t, *seed).run(eventsPerSeed)
		return
	}
	reached := map[string]int{}
	for s := range uint64(max(*events/eventsPerSeed, 1)) {
		w := newWorld(t, *from+s)
		w.reached = reached
		w.run(eventsPerSeed)
	}
	t.Log(reached)
	if *events < 100_000 {
		return
	}
	for _, what := range []string{
		"welcome", "dissuading1", "dissuading2", "queued", "preagent", "toagent", "ended",
		"cdr -2", "cdr -1", "cdr 0", "cdr 1", "alarm", "race", "removed", "restart", "chats 3", "engine.ReleaseAgent", "engine.Assign", "engine.AgentLogin",
		"reload", "dispatching off", "assigned and answered",
		"dissuaded at once", "dissuaded while waiting", "question", "outside knows", "outside decides", "watched", "killed policy",
		"dissuaded chat", "restart in a call", "restart in a chat",
	} {
		if reached[what] < *events/10_000 {
			t.Errorf("the histories reached %q only %d times: they prove little", what, reached[what])
		}
	}
}

// step gives the engine an event, watches the dispatching, and looks at
// everything that came of it.
func (w *world) step(ev Event) {
	w.history = append(w.history, w.now, ev)
	_, w.releasing = ev.(ReleaseAgent)
	var out []Action
	if w.rnd.IntN(2) == 0 {
		out = w.eng.Step(w.now, ev)
	} else {
		out = w.slowStep(ev)
	}
	if w.isStale(ev) {
		w.checkNothingButTime(out)
	}
	for _, a := range out {
		w.history = append(w.history, a)
		w.act(a)
		if code, ok := a.(Answer); ok && code.Code == Done {
			w.reached[fmt.Sprintf("%T", ev)]++
			if ev, ok := ev.(Assign); ok {
				w.sessions[ev.Call].assigned = true
			}
		}
	}
	w.sweep(ev)
	w.check()
	w.race()
}

// slowStep is Step, with each round of dispatching compared with the plan of
// the rule book.
func (w *world) slowStep(ev Event) []Action {
	e := w.eng
	if w.now.After(e.now) {
		e.now = w.now
	}
	if e.expire() {
		w.settle()
	}
	e.handle(ev)
	w.settle()
	e.keepCalls()
	out := e.out
	e.out = nil
	return out
}

func (w *world) settle() {
	e := w.eng
	var want []dispatch.Assignment
	if p, inside := w.decides(); inside {
		want = dispatch.Plan(e.facts(), p)
		for i := range want {
			want[i].Reason = ""
		}
	}
	from := len(e.out)
	e.settle()
	var got []dispatch.Assignment
	for _, a := range e.out[from:] {
		if c, ok := a.(Connect); ok && c.Target == ToAgent {
			got = append(got, dispatch.Assignment{Call: string(c.Call), Agent: c.Agent})
		}
	}
	if !slices.Equal(got, want) {
		w.fail("dispatched %v, the plan is %v", got, want)
	}
}

// isStale reports whether an event is about a call that is not there.
func (w *world) isStale(ev Event) bool {
	switch ev := ev.(type) {
	case Connected:
		return w.sessions[ev.Call] == nil
	case ConnectFailed:
		return w.sessions[ev.Call] == nil
	case PeerGone:
		return w.sessions[ev.Call] == nil
	}
	return false
}

// checkNothingButTime allows only what falls due by itself.
func (w *world) checkNothingButTime(out []Action) {
	for _, a := range out {
		switch a.(type) {
		case WriteCDR, SaveCall, DeleteCall, Hangup, Answer:
			w.fail("a stale event did %T%+v", a, a)
		}
	}
}

// check looks at the engine from inside.
func (w *world) check() {
	e := w.eng
	if len(e.calls) != len(w.live) {
		w.fail("the engine has %d calls, the world %d", len(e.calls), len(w.live))
	}
	if seen, facts := e.center.Whole(), e.facts(); !reflect.DeepEqual(seen, facts) {
		w.fail("policies see\n%+v\nin truth\n%+v", seen, facts)
	}
	if p, inside := w.decides(); inside {
		if p := dispatch.Plan(e.facts(), p); len(p) > 0 {
			w.fail("left undone: %v", p)
		}
	}
	w.checkPolicy()
	w.checkAgents()
	w.checkGauges()
	w.checkQueue()
	for _, id := range w.live {
		c, s := e.calls[id], w.sessions[id]
		if c.legs.peer.attempt != s.peer || c.legs.ring.attempt != s.ring.Attempt {
			w.fail("call %s: hears %d and rings %d, in truth %d and %d", id, c.legs.peer.attempt, c.legs.ring.attempt, s.peer, s.ring.Attempt)
		}
		if s.peer == 0 && s.ring.Attempt == 0 && c.alarm.at.IsZero() && !e.awaits(c) {
			w.fail("call %s in state %s is forgotten", id, c.state)
		}
		if c.talking() != (s.agent != "") {
			w.fail("call %s talking %t, in truth to %q", id, c.talking(), s.agent)
		}
		if c.told == nil || c.told.state != c.state {
			w.fail("call %s: state %s was not told", id, c.state)
		}
	}
}

// checkAgents: what agents have is what calls have, and never too much.
func (w *world) checkAgents() {
	audio, chats := map[*agent]int{}, map[*agent]int{}
	for _, c := range w.eng.calls {
		if (c.agent != nil) != (c.state == StatePreAgent || c.state == StateToAgent) {
			w.fail("call %s in state %s has agent %q", c.id, c.state, c.agentID())
		}
		if c.agent == nil {
			continue
		}
		if w.eng.agents[c.agent.cfg.ID] != c.agent {
			w.fail("call %s has an agent nobody knows", c.id)
		}
		if c.media == MSRP {
			chats[c.agent]++
		} else {
			audio[c.agent]++
		}
	}
	for _, a := range w.eng.agentList {
		has := 0
		if a.audio {
			has = 1
		}
		if audio[a] != has || chats[a] != a.chats {
			w.fail("agent %s: audio %d, counted %d; chats %d, counted %d", a.cfg.ID, audio[a], has, chats[a], a.chats)
		}
		if a.audio && a.chats > 0 {
			w.fail("agent %s has a call and chats", a.cfg.ID)
		}
		if d := w.agents[a.cfg.ID]; d != nil {
			d.limit = a.cfg.MSRPSessions
			if d.state != a.state(w.eng.now) {
				w.fail("agent %s is %s, reported %s", a.cfg.ID, a.state(w.eng.now), d.state)
			}
		}
		if a.removed {
			w.reached["removed"]++
		}
		if a.removed && a.busy() == 0 {
			w.fail("agent %s was removed and is still here", a.cfg.ID)
		}
	}
}

// checkGauges: the gauges are what counting the calls gives.
func (w *world) checkGauges() {
	type sums struct{ onhold, chats, queued, calls int }
	byFlow := map[*flow]sums{}
	var total sums
	for _, c := range w.eng.calls {
		n := byFlow[c.flow]
		n.calls++
		if c.state != StateToAgent {
			n.onhold++
			total.onhold++
			if c.media == MSRP {
				n.chats++
				total.chats++
			}
		}
		if c.state == StateQueued {
			n.queued++
			total.queued++
		}
		byFlow[c.flow] = n
	}
	t := &w.eng.total
	if total != (sums{t.onhold, t.onholdChats, t.queued, 0}) {
		w.fail("gauges %+v, counted %+v", *t, total)
	}
	var counted tally
	for _, f := range w.eng.flowList {
		t := &f.stats
		if n := byFlow[f]; n != (sums{t.onhold, t.onholdChats, t.queued, f.calls}) {
			w.fail("flow %s: gauges %+v, counted %+v", f.cfg.ID, *t, n)
		}
		counted.incalls += t.incalls
		counted.distributed += t.distributed
		counted.answered += t.answered
		counted.answeredChats += t.answeredChats
		counted.abandoned += t.abandoned
	}
	counted.onhold, counted.onholdChats, counted.queued, counted.wait = t.onhold, t.onholdChats, t.queued, t.wait
	if !w.dropped && counted != *t {
		w.fail("flows add up to %+v, in all %+v", counted, *t)
	}
	if len(w.history)%8 == 0 {
		for _, st := range w.eng.Stats(w.now) {
			if st.Value < 0 {
				w.fail("%s is %d", st.Name(), st.Value)
			}
		}
	}
}

// checkQueue: exactly the waiting calls, by priority, refused ones first, then
// in the order of joining.
func (w *world) checkQueue() {
	var want []CallID
	for _, id := range w.live {
		if w.eng.calls[id].state == StateQueued {
			want = append(want, id)
		}
	}
	slices.SortFunc(want, func(a, b CallID) int {
		ca, cb, sa, sb := w.eng.calls[a], w.eng.calls[b], w.sessions[a], w.sessions[b]
		if n := cmp.Compare(ca.flow.cfg.Priority, cb.flow.cfg.Priority); n != 0 {
			return n
		}
		if sa.refused != sb.refused {
			if sa.refused {
				return -1
			}
			return 1
		}
		return cmp.Compare(sa.join, sb.join)
	})
	var got []CallID
	for i, q := range w.eng.Queue(w.now) {
		got = append(got, q.ID)
		if n := w.eng.queue.ahead(w.eng.calls[q.ID]); n != i {
			w.fail("%d calls are before %s, which is at %d", n, q.ID, i)
		}
	}
	if !slices.Equal(got, want) {
		w.fail("queue %v, want %v", got, want)
	}
}

// facts are what policies may see, read off calls and agents themselves.
func (e *Engine) facts() dispatch.Delta {
	s := dispatch.Delta{Now: e.center.Now(), Reset: true}
	for _, c := range e.queue.list() {
		if c.ready() {
			s.Calls = append(s.Calls, c.waitingAs())
		}
	}
	for _, a := range e.agentList {
		if a.present() {
			s.Agents = append(s.Agents, e.atDesk(a))
		}
	}
	slices.SortFunc(s.Agents, func(a, b dispatch.Agent) int { return strings.Compare(a.ID, b.ID) })
	return s
}
