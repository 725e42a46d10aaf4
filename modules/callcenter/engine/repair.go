package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Repair puts the engine in order after a Step has panicked. What was decided
// before the panic is still returned. The call of the event, and every call
// that was left half-way to somebody, is ended with a CDR of type -1; all
// others go on. Queue, center, clock and gauges are built anew from the calls
// and agents themselves, so that no agent stays held by a call that is gone.
// Counters keep what they have.
func (e *Engine) Repair(now time.Time, ev Event) []Action {
	if now.After(e.now) {
		e.now = now
	}
	culprit := e.calls[subject(ev)]
	for _, c := range e.callsByAge() {
		if c == culprit || c.stranded() {
			e.lose(c)
		}
	}
	e.recount()
	for _, a := range e.agentList {
		e.heads.add(a, e)
		e.seat(a)
		e.clock.set(&a.alarm, a.wake(e.now))
		e.report(a)
	}
	e.sweep()
	e.center.Rethink()
	e.settle()
	e.keepCalls()
	out := e.out
	e.out = nil
	return out
}

// stranded reports whether nothing will ever happen to a call: it is neither
// heard, nor rung for, nor waiting, or its agent is not the one it is with.
func (c *call) stranded() bool {
	l := &c.legs
	switch c.state {
	case StateQueued:
		return c.flow == nil || c.agent != nil
	case StatePreAgent, StateToAgent:
		return c.agent == nil || l.ring.target != ToAgent && l.peer.target != ToAgent
	case StateEnded, StateNone:
		return true
	}
	return l.peer.attempt == 0 && l.ring.attempt == 0
}

// lose ends a call of which nothing may be right any more.
func (e *Engine) lose(c *call) {
	delete(e.calls, c.id)
	if cdr, ok := lastCDR(c, e.now); ok && !e.filed(c.id) {
		e.do(WriteCDR{cdr})
		e.ended(cdr)
	}
	e.do(DeleteCall{c.id})
	e.do(ForgetCall{c.id})
	e.do(Hangup{c.id})
}

// filed reports whether the last CDR of a call was decided before the panic.
func (e *Engine) filed(id CallID) bool {
	for _, a := range e.out {
		if w, ok := a.(WriteCDR); ok && w.CDR.Call == id && w.CDR.Type != CDRRejected {
			return true
		}
	}
	return false
}

// lastCDR is the CDR of a call that breaks down, if one can be made of it.
func lastCDR(c *call, now time.Time) (cdr CDR, ok bool) {
	defer func() { ok = recover() == nil }()
	wait, talk := now.Sub(c.arrived), time.Duration(0)
	if c.talking() {
		wait, talk = c.times.answered.Sub(c.arrived), now.Sub(c.times.answered)
	}
	return c.cdr(CDRError, wait, c.times.rang, talk), true
}

// recount builds everything anew that follows from the calls.
func (e *Engine) recount() {
	e.queue, e.heads, e.clock = newQueue(), newHeadcounts(), newClock()
	e.watch = alarm{what: dispatcherAlarm}
	e.center = dispatch.NewCenter()
	e.policyAnew()
	e.unserved = nil
	e.total.clearGauges()
	for _, f := range e.flowList {
		f.calls = 0
		f.stats.clearGauges()
	}
	for _, a := range e.agentList {
		a.audio, a.chats = false, 0
		a.counted, a.alarm = counted{}, alarm{agent: a}
	}
	for _, c := range e.callsByAge() {
		e.admitAgain(c)
	}
}

func (t *tally) clearGauges() { t.onhold, t.onholdChats, t.queued = 0, 0, 0 }

// admitAgain counts a call and enters it where it waits.
func (e *Engine) admitAgain(c *call) {
	c.flow.calls++
	c.entry, c.alarm = entry{}, alarm{call: c}
	if c.agent != nil {
		c.agent.take(c.media, c.agent.flow)
	}
	c.onHold = false
	e.setOnHold(c, c.state != StateToAgent)
	if c.state == StateQueued {
		e.both(c.flow, func(t *tally) { t.queued++ })
		e.enter(c)
		e.unserved = append(e.unserved, c)
	}
}

// subject is the call an event is about, or "".
func subject(ev Event) CallID {
	switch ev := ev.(type) {
	case CallArrived:
		return ev.Call
	case Connected:
		return ev.Call
	case Announcing:
		return ev.Call
	case AnnounceDone:
		return ev.Call
	case ConnectFailed:
		return ev.Call
	case PeerGone:
		return ev.Call
	case CallerGone:
		return ev.Call
	case CallLost:
		return ev.Call
	case Assign:
		return ev.Call
	}
	return ""
}
