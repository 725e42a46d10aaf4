package callcenter

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// message is one thing for the loop to do: an event, or a question.
type message struct {
	ev     engine.Event
	answer chan<- engine.Code              // of CallArrived, AgentLogin and Assign
	ask    func(*engine.Engine, time.Time) // runs in the loop; ev is nil then
	at     time.Time                       // of the post; zero: nobody waits
}

// runner owns the engine. Everything else posts.
type runner struct {
	eng     *engine.Engine
	decide  func(time.Time, engine.Event) []engine.Action // eng.Step
	box     *mailbox.Mailbox[message]
	perform func(engine.Action) // must not wait
	crashes crashes
	delays  delays // from a post to the end of what follows from it
	log     *slog.Logger
	leaving atomic.Bool // the calls go on without us
	done    chan struct{}
}

func newRunner(eng *engine.Engine, log *slog.Logger, perform func(engine.Action), fatal func(error)) *runner {
	return &runner{eng: eng, decide: eng.Step, box: mailbox.New[message](), perform: perform,
		crashes: crashes{fatal: fatal}, log: log, done: make(chan struct{})}
}

// post hands the engine an event.
func (r *runner) post(ev engine.Event) { r.box.Post(message{ev: ev, at: time.Now()}) }

// begin hands the engine its first event, which keeps nobody waiting.
func (r *runner) begin(ev engine.Event) { r.box.Post(message{ev: ev}) }

// request posts an event that has an answer and waits for it. It answers
// engine.Internal when the runner has stopped.
func (r *runner) request(ev engine.Event) engine.Code {
	answer := make(chan engine.Code, 1)
	if !r.box.Post(message{ev: ev, answer: answer, at: time.Now()}) {
		return engine.Internal
	}
	return <-answer // the loop answers whatever the mailbox has taken
}

// ask runs fn in the loop, where the engine may be read, and waits for it. It
// reports whether fn ran: not when the runner has stopped. A panic of fn is
// the caller's.
func (r *runner) ask(fn func(*engine.Engine, time.Time)) bool {
	ran := make(chan any, 1)
	ok := r.box.Post(message{at: time.Now(), ask: func(e *engine.Engine, now time.Time) {
		defer func() { ran <- recover() }()
		fn(e, now)
	}})
	if !ok {
		return false
	}
	if fault := <-ran; fault != nil {
		panic(fault)
	}
	return true
}

// run is the loop. When the mailbox is closed and empty it ends every call,
// so that none that came at the last moment is forgotten.
func (r *runner) run() {
	defer close(r.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r.arm(timer)
		select {
		case <-r.box.Ready():
		case <-timer.C:
			r.step(message{ev: engine.Tick{}, at: time.Now()})
		}
		msgs, open := r.box.Take()
		for _, m := range msgs {
			r.step(m)
		}
		if !open {
			if !r.leaving.Load() {
				r.step(message{ev: engine.HangUpAll{}})
			}
			return
		}
	}
}

// arm sets the one timer to the engine's next instant.
func (r *runner) arm(timer *time.Timer) {
	if at, ok := r.eng.Wake(); ok {
		timer.Reset(max(time.Until(at), 0))
		return
	}
	timer.Stop()
}

// step does one thing, and notes how long whoever posted it has waited.
func (r *runner) step(m message) {
	r.take(m)
	if _, reset := m.ev.(engine.ResetStats); reset {
		r.delays = delays{}
		return
	}
	if end := time.Now(); !m.at.IsZero() {
		r.delays.add(end.Sub(m.at), end)
	}
}

func (r *runner) take(m message) {
	now := time.Now()
	if m.ask != nil {
		m.ask(r.eng, now)
		return
	}
	if m.answer != nil {
		defer func() {
			if m.answer != nil {
				m.answer <- engine.Internal
			}
		}()
	}
	for _, a := range r.actions(now, m.ev) {
		r.do(a) // an Answer too: the session opens before the script goes on
		if got, ok := a.(engine.Answer); ok && m.answer != nil {
			m.answer <- got.Code
			m.answer = nil
		}
	}
}

// actions is what follows from an event. A fault of the engine costs the call
// that the event was about, not all others.
func (r *runner) actions(now time.Time, ev engine.Event) (out []engine.Action) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		r.log.Error("the engine crashed; its call is ended", "event", fmt.Sprintf("%T%+v", ev, ev),
			"panic", fault, "stack", string(debug.Stack()))
		if !r.crashes.bearable(now, fault) {
			return
		}
		defer func() {
			if again := recover(); again != nil {
				r.log.Error("the engine cannot be put in order", "panic", again, "stack", string(debug.Stack()))
				r.crashes.fatal(fmt.Errorf("the engine crashed twice: %v", again))
			}
		}()
		out = r.eng.Repair(now, ev)
	}()
	return r.decide(now, ev)
}

// do performs one action. Its panic must not keep the next one, which may be
// a CDR, from being done.
func (r *runner) do(a engine.Action) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		r.log.Error("an action crashed", "action", fmt.Sprintf("%T%+v", a, a), "panic", fault, "stack", string(debug.Stack()))
		switch a := a.(type) {
		case engine.Connect:
			r.post(engine.ConnectFailed{Call: a.Call, Attempt: a.Attempt, Code: 500})
		case engine.Answer: // its session may not run
			r.post(engine.CallLost{Call: a.Call, Reason: "internal error"})
		}
	}()
	r.perform(a)
}

// leave ends the loop, after what was posted, and waits for it. No call is
// ended.
func (r *runner) leave() {
	r.leaving.Store(true)
	r.close()
}

// close ends every call and the loop, after what was posted, and waits for
// it.
func (r *runner) close() {
	r.box.Close()
	<-r.done
}

// crashes counts faults of the engine. More than a few in a minute means that
// ending one call does not help.
type crashes struct {
	fatal  func(error)
	recent []time.Time
}

// The faults that are borne.
const (
	crashLimit  = 10
	crashWindow = time.Minute
)

// bearable notes a fault and reports whether to go on. If not, the server is
// told to stop.
func (c *crashes) bearable(now time.Time, fault any) bool {
	for len(c.recent) > 0 && now.Sub(c.recent[0]) > crashWindow {
		c.recent = c.recent[1:]
	}
	if len(c.recent) >= crashLimit {
		c.fatal(fmt.Errorf("the engine crashed %d times within a minute: %v", crashLimit, fault))
		return false
	}
	c.recent = append(c.recent, now)
	return true
}
