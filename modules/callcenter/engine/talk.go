package engine

import "time"

// assign reserves an agent for a waiting call and connects them.
func (e *Engine) assign(c *call, a *agent, reason string) {
	c.agent, c.chosen = a, shorten(reason)
	c.times.distributed, c.times.reserved = true, e.now
	c.queued.position = false
	e.both(c.flow, func(t *tally) { t.distributed++ })
	a.stats.distributed++
	d := Connect{Target: ToAgent, URI: a.uri(c.media), Agent: a.cfg.ID, Announce: c.flow.cfg.FlowID}
	if d.Announce != "" {
		e.setState(c, StatePreAgent)
	} else {
		e.setState(c, StateToAgent)
	}
	e.shift(a, func() { a.take(c.media, c.flow.cfg.ID) })
	e.offered(c)
	e.connect(c, d)
}

// talk begins: caller and agent hear each other.
func (e *Engine) talk(c *call, rang time.Duration) {
	c.times.answered, c.times.rang = e.now, rang
	e.learnWait(c, false)
	c.agent.reach.failures = 0
	e.setState(c, StateToAgent) // from preagent, if AnnounceDone was lost
	e.tell(c)
	e.happens(c, HappenAnswered)
}

// refused puts a call back that its agent did not take: to the head of its
// priority, with the wait it has. The agent pauses.
func (e *Engine) refused(c *call, failed party, code int) {
	a := c.agent
	e.do(WriteCDR{c.cdr(CDRRejected, e.now.Sub(c.arrived), failed.ringTime(e.now), 0)})
	e.rejectedBy(c, code)
	a.stats.refused++
	c.rejections++
	c.agent = nil
	c.place.Refused = true
	lost := false
	e.freeAgent(c, a, func() {
		a.refuse(c.media, a.pauseAfter(c.flow, e.opt.Wrapup), e.now)
		lost = a.missed(code, &e.opt, e.now)
	})
	if lost {
		e.lostAlarm(c, a)
	}
	e.setState(c, StateQueued)
}

// freeAgent takes a call from its agent and saves his wrap-up.
func (e *Engine) freeAgent(c *call, a *agent, change func()) {
	before := a.wrapup.ends
	e.shift(a, change)
	if !a.wrapup.ends.Equal(before) {
		e.do(SaveWrapup{Agent: a.cfg.ID, Ends: a.wrapup.ends})
	}
	if a.removed {
		e.sweep()
	}
}

// callerGone is the caller's BYE or CANCEL. An answered call is one however
// short it was.
func (e *Engine) callerGone(c *call) {
	if c.talking() {
		e.finish(c, CDRAnswered)
		return
	}
	e.both(c.flow, func(t *tally) { t.abandoned++ })
	e.learnWait(c, true)
	e.happens(c, HappenAbandoned)
	e.finish(c, CDRDropped, StatAbandoned)
}

// hangUp ends a call from our side.
func (e *Engine) hangUp(c *call, t CDRType) {
	e.finish(c, t)
	e.do(Hangup{c.id})
}

// finish ends a call with its last CDR; bits are added to its statistics bits.
// Talk time counts in averages for answered calls only, as in OpenSIPS; a call
// that broke down keeps its talk time in the CDR.
func (e *Engine) finish(c *call, t CDRType, bits ...int) {
	wait, talk := e.now.Sub(c.arrived), time.Duration(0)
	if c.talking() {
		wait, talk = c.times.answered.Sub(c.arrived), e.now.Sub(c.times.answered)
	}
	if t == CDRAnswered {
		e.countAnswered(c, talk)
		bits = append(bits, StatAnswered)
	}
	e.both(c.flow, func(t *tally) { t.wait.add(wait.Seconds()) })
	cdr := c.cdr(t, wait, c.times.rang, talk, bits...)
	e.do(WriteCDR{cdr})
	e.ended(cdr)
	e.do(DeleteCall{c.id})
	e.do(ForgetCall{c.id})
	e.setState(c, StateEnded)
	e.do(Trace{Call: c.id, State: StateEnded, Flow: c.flow.cfg.ID, Agent: c.agentID()})
	delete(e.calls, c.id)
	c.flow.calls--
	if a := c.agent; a != nil {
		w := time.Duration(0)
		if c.talking() {
			w = a.pauseAfter(c.flow, e.opt.Wrapup)
			e.learnHeld(c, w)
		}
		e.freeAgent(c, a, func() { a.release(c.media, w, e.now) })
	}
	if c.flow.removed {
		e.sweep()
	}
}

func (e *Engine) hangUpAll() {
	for _, c := range e.callsByAge() {
		if c.talking() {
			e.hangUp(c, CDRAnswered)
		} else {
			e.hangUp(c, CDRError)
		}
	}
}
