package engine

import "time"

// party is one far side of the caller. The zero value is nobody.
type party struct {
	attempt int
	target  Target
	since   time.Time // invited; for the peer: heard
	picked  time.Time // an agent picked up: hears the announcement

	media    string // the flow's URI it is, "" for an agent and the fallback
	fallback bool
}

// legs are whom the caller hears and whom he is being connected to. One attempt
// is under way at a time.
type legs struct {
	attempts int   // made so far
	peer     party // heard now
	ring     party // being connected
	old      party // was being connected when ring took its place
	answered bool  // the caller heard somebody once: his INVITE is answered
}

// connect takes the caller to a new destination. d has no Call, Attempt and
// Display yet.
func (e *Engine) connect(c *call, d Connect) {
	c.times.last = e.now
	e.tell(c)
	e.touch(c)
	l := &c.legs
	l.attempts++
	l.old = l.ring
	l.ring = party{attempt: l.attempts, target: d.Target, since: e.now}
	if e.opt.DropOld && d.Announce == "" {
		l.peer, l.old = party{}, party{}
		e.refresh(c)
	}
	d.Call, d.Attempt, d.Display = c.id, l.attempts, c.shown()
	e.do(d)
}

// shown is the display name for the next leg. Until his INVITE is answered the
// caller is shown as he came, unless the flow has a prefix.
func (c *call) shown() string {
	if c.flow.cfg.PrependCID == "" && !c.legs.answered {
		return c.caller.display
	}
	return c.caller.name
}

func (e *Engine) connected(c *call, attempt int) {
	l := &c.legs
	switch attempt {
	case 0:
		return
	case l.ring.attempt:
		l.peer, l.ring, l.old = l.ring, party{}, party{}
	case l.old.attempt: // it answered before the runner heard of our next Connect
		l.peer, l.old = l.old, party{}
		if l.peer.target == ToAgent { // the call was taken from him
			l.peer = party{}
			e.refresh(c)
			return
		}
	default:
		return
	}
	e.touch(c)
	l.answered = true
	rang := l.peer.ringTime(e.now)
	l.peer.since = e.now
	c.times.last = e.now
	if l.peer.target == ToAgent {
		e.talk(c, rang)
		return
	}
	if l.peer.media != "" {
		e.mediaAnswered(c, l.peer.media)
	}
	e.refresh(c)
	if c.state == StateQueued { // it may be the fallback, and time for the queue's URI
		e.unserved = append(e.unserved, c)
	}
}

// ringTime is how long a phone rang until it was picked up, or until now.
func (p party) ringTime(now time.Time) time.Duration {
	if !p.picked.IsZero() {
		now = p.picked
	}
	return now.Sub(p.since)
}

func (e *Engine) announcing(c *call, attempt int) {
	if c.state == StatePreAgent && attempt == c.legs.ring.attempt && c.legs.ring.picked.IsZero() {
		c.legs.ring.picked = e.now
	}
}

func (e *Engine) announceDone(c *call, attempt int) {
	if c.state == StatePreAgent && attempt == c.legs.ring.attempt {
		e.announcing(c, attempt)
		e.setState(c, StateToAgent)
		e.tell(c)
	}
}

// connectFailed goes on when an attempt came to nothing. To the call the code
// does not matter: busy, declined, unreachable and silent all mean nobody is
// there.
func (e *Engine) connectFailed(c *call, attempt, code int) {
	l := &c.legs
	if attempt == 0 || attempt != l.ring.attempt {
		return
	}
	failed := l.ring
	l.ring, l.old = party{}, party{} // the runner has heard of it, so what it replaced is over
	if failed.target == ToAgent {
		e.refused(c, failed, code)
		return
	}
	if failed.media != "" {
		e.mediaFailed(c, failed.media, code)
	}
	e.over(c, failed, 0)
}

// peerGone goes on when what the caller heard hung up.
func (e *Engine) peerGone(c *call, attempt int) {
	l := &c.legs
	if attempt == 0 || attempt != l.peer.attempt {
		return
	}
	gone := l.peer
	l.peer = party{}
	switch {
	case gone.target == ToAgent:
		e.hangUp(c, CDRAnswered)
	case l.ring.attempt == 0: // otherwise he is being connected already, or waits for an agent's answer
		e.over(c, gone, e.now.Sub(gone.since))
	default:
		e.refresh(c)
	}
}

// over goes on when a message or the queue's media is over, played or not.
func (e *Engine) over(c *call, p party, lasted time.Duration) {
	switch {
	case c.state == StateWelcome:
		e.welcomed(c)
	case c.state == StateDissuading1 || c.state == StateDissuading2:
		e.dissuaded(c)
	case c.state == StateQueued && p.fallback:
		e.fallbackLost(c, lasted)
	case c.state == StateQueued:
		e.mediaLost(c, lasted)
	}
}
