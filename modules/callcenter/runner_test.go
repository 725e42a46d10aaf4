package callcenter

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// noted is an action and when it was done.
type noted struct {
	action engine.Action
	at     time.Time
}

// bench runs an engine and notes what it does.
type bench struct {
	*runner
	log  bytes.Buffer
	hook func(engine.Action) // runs in the loop

	mu    sync.Mutex
	did   []noted
	fatal []error
}

func newBench(o engine.Options) *bench {
	b := &bench{}
	o.InternalDispatching = true
	b.runner = newRunner(engine.New(o), slog.New(slog.NewTextHandler(&b.log, nil)),
		func(a engine.Action) {
			switch a.(type) {
			case engine.KeepCall, engine.KeepAgent, engine.ForgetCall: // no order to hold
				return
			}
			b.mu.Lock()
			b.did = append(b.did, noted{a, time.Now()})
			b.mu.Unlock()
			if b.hook != nil {
				b.hook(a)
			}
		},
		func(err error) { b.fatal = append(b.fatal, err) })
	b.post(engine.Load{
		Flows:   []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh@m"}},
		Agents:  []engine.AgentConfig{{ID: "a", Location: "sip:a@a", Skills: []string{"s"}, LoggedIn: true}},
		AtStart: true,
	})
	return b
}

// at lists when the actions that fit were done.
func (b *bench) at(fits func(engine.Action) bool) (times []time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.did {
		if fits(n.action) {
			times = append(times, n.at)
		}
	}
	return times
}

func (b *bench) arrive(id string) engine.Code {
	return b.request(engine.CallArrived{Call: engine.CallID(id), Flow: "f", Media: engine.RTP})
}

// kinds spells the actions so far.
func (b *bench) kinds() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, n := range b.did {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", n.action), "engine."))
	}
	return strings.Join(names, " ")
}

func isReport(s engine.AgentState) func(engine.Action) bool {
	return func(a engine.Action) bool { r, ok := a.(engine.ReportAgent); return ok && r.State == s }
}

// TestRunnerTimer ends a wrap-up at its instant, without any event.
func TestRunnerTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(engine.Options{Wrapup: 1500 * time.Millisecond})
		go b.run()
		defer b.close()
		if got := b.arrive("1"); got != engine.Done {
			t.Fatalf("answer %d", got)
		}
		time.Sleep(700 * time.Millisecond) // virtual
		b.post(engine.Connected{Call: "1", Attempt: 1})
		b.post(engine.PeerGone{Call: "1", Attempt: 1})
		synctest.Wait()
		begun := time.Now()
		time.Sleep(time.Hour)
		free := b.at(isReport(engine.Free))
		if len(free) != 2 || !free[1].Equal(begun.Add(1500*time.Millisecond)) {
			t.Errorf("free at %v, want 1.5 s after %v", free, begun)
		}
	})
}

// TestRunnerOrder keeps the order of events and of what follows from them,
// and answers after the session was opened.
func TestRunnerOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(engine.Options{})
		opened := false
		b.hook = func(a engine.Action) {
			if _, ok := a.(engine.Answer); ok {
				opened = true
			}
		}
		go b.run()
		if b.arrive("1"); !opened {
			t.Error("the route went on before the session was opened")
		}
		b.post(engine.CallerGone{Call: "1"})
		b.close()
		want := "ReportAgent Answer ReportCall ReportAgent ReportCall SaveCall Trace Connect ReportCall WriteCDR ReportCall DeleteCall Trace ReportAgent"
		if got := b.kinds(); got != want {
			t.Errorf("did  %s\nwant %s", got, want)
		}
	})
}

// TestRunnerClose ends every call, also one that was posted at the last
// moment, and leaves nobody waiting.
func TestRunnerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(engine.Options{})
		b.hook = func(a engine.Action) {
			if s, ok := a.(engine.SaveCall); ok && s.Row.Call == "1" {
				b.box.Close() // the server stops right now
			}
		}
		codes := make(chan engine.Code, 2)
		for _, id := range []string{"1", "2"} {
			go func() { codes <- b.arrive(id) }()
			synctest.Wait() // both are posted before the loop begins
		}
		go b.run()
		b.close()
		for range 2 {
			if got := <-codes; got != engine.Done {
				t.Errorf("answer %d, want Done: the call was accepted", got)
			}
		}
		cdrs := b.at(func(a engine.Action) bool { _, ok := a.(engine.WriteCDR); return ok })
		hangups := b.at(func(a engine.Action) bool { _, ok := a.(engine.Hangup); return ok })
		if len(cdrs) != 2 || len(hangups) != 2 {
			t.Errorf("%d CDRs and %d Hangups of 2 calls: %s", len(cdrs), len(hangups), b.kinds())
		}
		if got := b.arrive("3"); got != engine.Internal {
			t.Errorf("a stopped runner answered %d, want Internal", got)
		}
		if b.ask(func(*engine.Engine, time.Time) { t.Error("asked a stopped runner") }) {
			t.Error("ask of a stopped runner says it ran")
		}
		b.close() // harmless twice
	})
}

// TestRunnerAskPanics gives the panic to who asked; the loop goes on.
func TestRunnerAskPanics(t *testing.T) {
	b := newBench(engine.Options{})
	go b.run()
	defer b.close()
	func() {
		defer func() {
			if got := recover(); got != "mine" {
				t.Errorf("recovered %v", got)
			}
		}()
		b.ask(func(*engine.Engine, time.Time) { panic("mine") })
	}()
	if got := b.arrive("1"); got != engine.Done {
		t.Errorf("answer %d after a panic", got)
	}
}

// TestRunnerActionPanics does the other actions, and tells the engine of a
// destination that could not be tried.
func TestRunnerActionPanics(t *testing.T) {
	b := newBench(engine.Options{})
	b.hook = func(a engine.Action) {
		switch a := a.(type) {
		case engine.Connect:
			if a.Target == engine.ToAgent {
				panic("no phone")
			}
		case engine.WriteCDR:
			panic("no paper")
		}
	}
	go b.run()
	if got := b.arrive("1"); got != engine.Done {
		t.Fatalf("answer %d", got)
	}
	b.ask(func(*engine.Engine, time.Time) {})   // ConnectFailed is posted
	b.ask(func(e *engine.Engine, _ time.Time) { // and was taken
		if q := e.Queue(time.Now()); len(q) != 1 {
			t.Errorf("%d calls wait, want the one whose agent could not be called", len(q))
		}
	})
	b.close()
	if got := b.kinds(); !strings.HasSuffix(got, "WriteCDR ReportCall DeleteCall Trace Hangup") {
		t.Errorf("did %s", got)
	}
	if !strings.Contains(b.log.String(), "no phone") {
		t.Errorf("log %s", b.log.String())
	}
}

// TestRunnerOpenPanics does not keep an agent for a call without a session.
func TestRunnerOpenPanics(t *testing.T) {
	b := newBench(engine.Options{})
	b.hook = func(a engine.Action) {
		if _, ok := a.(engine.Answer); ok {
			panic("no session")
		}
	}
	go b.run()
	defer b.close()
	b.arrive("1")
	b.ask(func(*engine.Engine, time.Time) {}) // CallLost is posted
	b.ask(func(e *engine.Engine, now time.Time) {
		if a := e.Agents(now)[0]; a.Ref != 0 || len(e.Calls(now)) > 0 {
			t.Errorf("agent %+v, calls %+v", a, e.Calls(now))
		}
	})
}

// TestRunnerEngineCrash ends the call of the event, and the loop goes on.
func TestRunnerEngineCrash(t *testing.T) {
	b := newBench(engine.Options{})
	b.decide = func(now time.Time, ev engine.Event) []engine.Action {
		out := b.eng.Step(now, ev)
		if c, ok := ev.(engine.Connected); ok && c.Call == "1" {
			panic("boom")
		}
		if _, ok := ev.(engine.AgentLogin); ok {
			panic("boom")
		}
		return out
	}
	go b.run()
	b.arrive("1")
	b.post(engine.Connected{Call: "1", Attempt: 1})
	if got := b.arrive("2"); got != engine.Done {
		t.Errorf("the next call is answered %d", got)
	}
	if got := b.request(engine.AgentLogin{Agent: "a"}); got != engine.Internal {
		t.Errorf("an event that crashed is answered %d, want Internal", got)
	}
	b.ask(func(e *engine.Engine, now time.Time) {
		if calls := e.Calls(now); len(calls) != 1 || calls[0].ID != "2" || calls[0].Agent != "a" {
			t.Errorf("calls %+v, want 2 with agent a", calls)
		}
	})
	b.close()
	hung := slices.ContainsFunc(b.did, func(n noted) bool { return n.action == engine.Action(engine.Hangup{Call: "1"}) })
	if !hung || len(b.fatal) > 0 {
		t.Errorf("hung up %t, fatal %v", hung, b.fatal)
	}
	if log := b.log.String(); !strings.Contains(log, "boom") || !strings.Contains(log, "engine.Connected{Call:1 Attempt:1}") {
		t.Errorf("log %s", b.log.String())
	}
}

// TestRunnerCrashesForEver gives up instead of spinning.
func TestRunnerCrashesForEver(t *testing.T) {
	b := newBench(engine.Options{})
	b.decide = func(time.Time, engine.Event) []engine.Action { panic("always") }
	go b.run()
	for range crashLimit + 5 {
		b.post(engine.Tick{})
	}
	b.close()
	if len(b.fatal) == 0 || !strings.Contains(b.fatal[0].Error(), "the engine crashed 10 times within a minute: always") {
		t.Errorf("fatal %v", b.fatal)
	}
}

func TestCrashesAreForgotten(t *testing.T) {
	c := crashes{fatal: func(err error) { t.Error(err) }}
	now := time.Now()
	for range 100 {
		now = now.Add(crashWindow/crashLimit + time.Millisecond)
		if !c.bearable(now, "x") {
			t.Fatal("ten crashes over more than a minute are too many")
		}
	}
}
