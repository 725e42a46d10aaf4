package callcenter

import (
	"time"

	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// message is one thing for the loop to do: an event, or a question.
type message struct {
	ev     engine.Event
	answer chan<- engine.Code              // of CallArrived and AgentLogin
	ask    func(*engine.Engine, time.Time) // runs in the loop; ev is nil then
}

// runner owns the engine. Everything else posts.
type runner struct {
	eng     *engine.Engine
	box     *mailbox.Mailbox[message]
	perform func(engine.Action) // must not wait
	done    chan struct{}
}

func newRunner(eng *engine.Engine, perform func(engine.Action)) *runner {
	return &runner{eng: eng, box: mailbox.New[message](), perform: perform, done: make(chan struct{})}
}

// post hands the engine an event.
func (r *runner) post(ev engine.Event) { r.box.Post(message{ev: ev}) }

// request posts an event that has an answer and waits for it. It answers
// engine.Internal when the runner has stopped.
func (r *runner) request(ev engine.Event) engine.Code {
	answer := make(chan engine.Code, 1)
	if !r.box.Post(message{ev: ev, answer: answer}) {
		return engine.Internal
	}
	select {
	case code := <-answer:
		return code
	case <-r.done:
		return engine.Internal
	}
}

// ask runs fn in the loop, where the engine may be read, and waits for it. It
// reports whether fn ran: not when the runner has stopped.
func (r *runner) ask(fn func(*engine.Engine, time.Time)) bool {
	ran := make(chan struct{})
	ok := r.box.Post(message{ask: func(e *engine.Engine, now time.Time) {
		fn(e, now)
		close(ran)
	}})
	if !ok {
		return false
	}
	select {
	case <-ran:
		return true
	case <-r.done:
		return false
	}
}

// run is the loop; it ends when the mailbox is closed and empty.
func (r *runner) run() {
	defer close(r.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r.arm(timer)
		select {
		case <-r.box.Ready():
		case <-timer.C:
			r.step(message{ev: engine.Tick{}})
		}
		msgs, open := r.box.Take()
		for _, m := range msgs {
			r.step(m)
		}
		if !open {
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

func (r *runner) step(m message) {
	now := time.Now()
	if m.ask != nil {
		m.ask(r.eng, now)
		return
	}
	for _, a := range r.eng.Step(now, m.ev) {
		if got, ok := a.(engine.Answer); ok && m.answer != nil {
			r.perform(a) // the session opens before the script goes on
			m.answer <- got.Code
			m.answer = nil
			continue
		}
		r.perform(a)
	}
	if m.answer != nil {
		m.answer <- engine.Internal
	}
}

// close ends the loop after what was posted and waits for it.
func (r *runner) close() {
	r.box.Close()
	<-r.done
}
