package engine

import "time"

// mustDissuade reports whether a call that is about to join the queue hears the
// dissuading message first. The size counts the calls of this flow: the
// threshold-th caller still waits, the next one is talked to.
func (e *Engine) mustDissuade(c *call) bool {
	f := &c.flow.cfg
	if f.Dissuading == "" {
		return false
	}
	long := f.DissuadingEWT > 0 && e.ewtOf(c) > int(f.DissuadingEWT/time.Second)
	full := f.DissuadingQueueSize > 0 && c.flow.stats.queued >= f.DissuadingQueueSize
	return long || full
}

// ewtOf is the expected wait of a call that is about to join: by now, not at
// arrival, when the welcome began. OpenSIPS's is that of arrival.
func (e *Engine) ewtOf(c *call) int {
	if e.opt.CompatETW {
		return c.eta
	}
	return e.ewt(c.flow, c.media)
}

// dissuadeAt is when a waiting call has waited too long, or zero.
func (c *call) dissuadeAt() time.Time {
	f := &c.flow.cfg
	if f.Dissuading == "" || f.DissuadingOnHold <= 0 {
		return time.Time{}
	}
	return c.queued.since.Add(f.DissuadingOnHold)
}

func (e *Engine) playDissuading(c *call) {
	s := StateDissuading1
	if c.flow.cfg.DissuadingHangup {
		s = StateDissuading2
	}
	e.setState(c, s)
	if !e.tryMedia(c.flow.cfg.Dissuading) {
		e.tell(c)
		e.dissuaded(c)
		return
	}
	e.playMedia(c, ToDissuading, c.flow.cfg.Dissuading)
}

// dissuaded goes on when the message is over or could not be played. A call
// that was in the queue gets its place back.
func (e *Engine) dissuaded(c *call) {
	if c.state == StateDissuading2 {
		e.hangUp(c, CDRDropped)
		return
	}
	e.join(c)
}
