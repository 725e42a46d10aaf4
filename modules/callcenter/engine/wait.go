package engine

import "time"

// waiting is what a call in the queue needs to remember.
type waiting struct {
	joined   time.Time // the first time
	since    time.Time // the last time a message brought it here: the on-hold threshold counts from then
	position bool      // the media server is to be told the position
	told     int       // the position it was told last
	checked  time.Time // when that was last compared
	question uint64    // the first that tells a policy outside of it
	media    mediaFaults
}

// mediaFaults tells how the queue's media has treated a call.
type mediaFaults struct {
	recent []time.Time // failures within mediaWindow
	pause  time.Duration
	retry  time.Time // not before, zero: at once
	missed bool      // it was left out when the call joined

	noFallback time.Time // the fallback failed too: not before
}

// join puts a call into the queue from a message or from arrival.
func (e *Engine) join(c *call) {
	w := &c.queued
	if w.joined.IsZero() {
		w.joined = e.now
		c.place.Turn = e.turn()
		e.happens(c, HappenQueued)
	}
	w.since, w.position = e.now, true
	w.media.missed = e.mediaOut(c.flow.cfg.Queue)
	e.setState(c, StateQueued)
}

// enter writes a call into the queue's lists by what its flow says now.
func (e *Engine) enter(c *call) {
	c.place.Priority = c.flow.cfg.Priority
	e.queue.add(c, c.ready())
	if c.entry.ready {
		e.center.PutCall(c.waitingAs())
	}
	e.rearm(c)
}

// ready reports whether a waiting call may be given an agent. In a flow with an
// announcement the caller must hear the queue first, or he would hear nothing
// during the announcement; if the queue's media fails he need not.
func (c *call) ready() bool {
	m := &c.queued.media
	return c.flow.cfg.FlowID == "" || c.legs.peer.attempt != 0 || len(m.recent) > 0 || m.missed
}

// refresh enters a waiting call anew when it has become ready.
func (e *Engine) refresh(c *call) {
	if c.state == StateQueued && c.ready() != c.entry.ready {
		e.leave(c)
		e.enter(c)
	}
}

// entertain ends a step: those who must wait on hear the queue.
func (e *Engine) entertain() {
	waiting := e.unserved[:0]
	for _, c := range e.unserved {
		if c.state != StateQueued {
			continue
		}
		e.tell(c)
		switch {
		case e.awaits(c): // the policy may give it an agent at once
			waiting = append(waiting, c)
		case c.withdrawn():
			e.playQueue(c)
		case !c.lacksMedia():
		case !e.now.Before(c.queued.media.retry):
			e.playQueue(c)
		default:
			e.playFallback(c)
		}
		e.rearm(c)
	}
	clear(e.unserved[len(waiting):])
	e.unserved = waiting
}

// lacksMedia reports whether a waiting call neither hears the queue's media nor
// is being connected to it.
func (c *call) lacksMedia() bool {
	l := &c.legs
	return l.ring.attempt == 0 && (l.peer.attempt == 0 || l.peer.fallback)
}

// playQueue connects the queue's media. Only a call that joins is told its
// position, as in OpenSIPS, unless positions are refreshed.
func (e *Engine) playQueue(c *call) {
	uri := c.flow.cfg.Queue
	if c.ready() && !c.withdrawn() && !e.tryMedia(uri) {
		c.queued.media.retry = e.media[uri].out
		e.playFallback(c)
		return
	}
	if e.opt.QueuePosParam != "" && (c.queued.position || e.opt.PosRefresh > 0) {
		c.queued.told = e.queue.ahead(c)
		uri = withParam(uri, e.opt.QueuePosParam, c.queued.told)
	}
	c.queued.position = false
	c.queued.media.retry = time.Time{}
	e.connect(c, Connect{Target: ToQueue, URI: uri})
	c.legs.ring.media = c.flow.cfg.Queue
}

// mediaLost deals with a queue leg that failed or hung up. A call waits on and
// may be dispatched whatever its media does; but the media server is not
// called in a tight loop.
func (e *Engine) mediaLost(c *call, lasted time.Duration) {
	m := &c.queued.media
	if lasted >= mediaWindow {
		*m = mediaFaults{}
	}
	recent := m.recent[:0]
	for _, at := range m.recent {
		if e.now.Sub(at) < mediaWindow {
			recent = append(recent, at)
		}
	}
	m.recent = append(recent, e.now)
	switch {
	case m.pause > 0:
		m.pause = min(2*m.pause, mediaRetry)
	case len(m.recent) >= mediaTries:
		m.pause = mediaBackoff
		if e.mediaOut(c.flow.cfg.Queue) {
			break // the alarm was raised
		}
		e.raise(c, "message_queue "+c.flow.cfg.Queue+" failed 3 times within 10 seconds: check the media server")
	}
	if m.pause > 0 {
		m.retry = e.now.Add(m.pause)
	}
	e.refresh(c)
	e.unserved = append(e.unserved, c)
}

// rearm sets the alarm of a waiting call: for the queue's media, or for the
// dissuading message.
func (e *Engine) rearm(c *call) {
	var at time.Time
	if c.lacksMedia() && !e.awaits(c) {
		at = c.queued.media.retry
	}
	for _, d := range [...]time.Time{c.dissuadeAt(), e.positionAt(c)} {
		if !d.IsZero() && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	e.clock.set(&c.alarm, at)
}

// positionAt is when a call that hears the queue may be told a new position, or
// zero.
func (e *Engine) positionAt(c *call) time.Time {
	l := &c.legs
	if e.opt.PosRefresh <= 0 || e.opt.QueuePosParam == "" || l.ring.attempt != 0 || l.peer.media == "" {
		return time.Time{}
	}
	return latest(l.peer.since, c.queued.checked).Add(e.opt.PosRefresh)
}

// tellPosition connects the queue anew when the position has changed.
func (e *Engine) tellPosition(c *call) {
	c.queued.checked = e.now
	if e.queue.ahead(c) != c.queued.told {
		e.playQueue(c)
	}
}

// callDue is the alarm of a waiting call.
func (e *Engine) callDue(c *call) {
	if d := c.dissuadeAt(); !d.IsZero() && !e.now.Before(d) {
		e.playDissuading(c)
		return
	}
	if at := e.positionAt(c); !at.IsZero() && !e.now.Before(at) {
		e.tellPosition(c)
	}
	e.unserved = append(e.unserved, c)
}
