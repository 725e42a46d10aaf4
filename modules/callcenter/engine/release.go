package engine

// ReleaseAgent frees an agent who hangs: his talks are ended, calls that ring
// at his phone go back to the head of the queue without being refused, and his
// wrap-up is over, and he counts as reachable. It is answered by one Answer with an empty Call: Done, also
// when he was free, or NoSuchAgent.
type ReleaseAgent struct {
	Agent  string
	Reason string // told in the alarm
}

func (ReleaseAgent) event() {}

func (e *Engine) releaseAgent(ev ReleaseAgent) {
	a := e.agents[ev.Agent]
	if a == nil || a.removed {
		e.do(Answer{Code: NoSuchAgent})
		return
	}
	e.do(Answer{Code: Done})
	for _, c := range e.callsByAge() {
		switch {
		case c.agent != a:
		case c.talking():
			e.hangUp(c, CDRAnswered)
		default:
			e.withdraw(c)
		}
	}
	if a.reach.lost {
		e.shift(a, func() { a.reach = reach{} })
	}
	if e.now.Before(a.wrapup.ends) {
		e.shift(a, func() { a.wrapup = wrapup{ends: e.now} })
		e.do(SaveWrapup{Agent: a.cfg.ID, Ends: a.wrapup.ends})
	}
	text := "agent " + a.cfg.ID + " was released"
	if ev.Reason != "" {
		text += ": " + ev.Reason
	}
	e.do(Alarm{Agent: a.cfg.ID, Text: text})
}

// withdraw takes a call from an agent whose phone rings, to the head of its
// priority. The attempt is replaced in this very step, by another agent's or
// the queue's; see Engine.entertain.
func (e *Engine) withdraw(c *call) {
	a := c.agent
	c.agent = nil
	c.place.Refused = true
	e.freeAgent(c, a, func() { a.release(c.media, 0, e.now) })
	e.setState(c, StateQueued)
}

// withdrawn reports whether a phone still rings for a call that was taken from
// its agent.
func (c *call) withdrawn() bool { return c.legs.ring.target == ToAgent && c.agent == nil }
