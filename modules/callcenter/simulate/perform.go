package simulate

import (
	"fmt"
	"strconv"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// step lets the engine take an event, and does what it wants. A policy outside
// is asked until there is nothing more to ask.
func (w *world) step(ev engine.Event) {
	for ev != nil && w.err == nil {
		w.book.advance(w.now)
		ev = w.perform(w.eng.Step(epoch.Add(w.now), ev))
		w.book.judge()
	}
}

// perform does the actions and returns the answer to a question, or nil.
func (w *world) perform(actions []engine.Action) (answer engine.Event) {
	for _, a := range actions {
		switch a := a.(type) {
		case engine.Connect:
			if a.Target == engine.ToAgent {
				w.ring(a)
			}
		case engine.ReportCall:
			w.report(a)
		case engine.ReportAgent:
			w.book.shift(w.ids[a.Agent], a)
		case engine.AskPolicy:
			answer = w.ask(a)
		case engine.ReportPolicy:
			if !a.Active && w.outside != nil && w.now > 0 {
				w.err = fmt.Errorf("policy %s is out: %s", a.Policy, a.Reason)
			}
		case engine.KillPolicy:
			w.err = fmt.Errorf("the policy is of no use: %s", a.Reason)
		case engine.Answer:
			if a.Code != engine.Done {
				w.err = fmt.Errorf("the engine refused %q: code %d", a.Call, a.Code)
			}
		}
	}
	return answer
}

func (w *world) ask(q engine.AskPolicy) engine.Event {
	stop := w.watch.start()
	d, err := w.outside.Decide(q.Seq, q.Delta)
	stop()
	if err != nil {
		w.err = err
		return nil
	}
	return engine.Proposal{Seq: q.Seq, Decision: d}
}

// ring lets the agent's phone ring.
func (w *world) ring(a engine.Connect) {
	n := contactOf(a.Call)
	c := &w.contacts[n]
	ring, refused := c.offer(&w.sc.Classes[c.class], w.book.fates[n].offers)
	e := entry{at: w.now + ring, what: picksUp, contact: n, attempt: a.Attempt}
	if refused {
		e.what = refuses
	}
	w.agenda.add(e)
	w.book.offer(n, w.ids[a.Agent], a.Attempt)
}

func (w *world) report(a engine.ReportCall) {
	n := contactOf(a.Call)
	switch a.What {
	case engine.HappenAnswered:
		w.book.answer(n)
		w.begin(n)
	case engine.HappenRejected:
		w.book.reject(n)
	case engine.HappenAbandoned:
		w.book.abandon(n)
	case engine.HappenEnded:
		w.book.end(n, a.Type == engine.CDRError)
		w.finish(n)
	}
}

func contactOf(id engine.CallID) int {
	n, _ := strconv.Atoi(string(id)) // we made it
	return n
}
