package engine

import (
	"slices"
	"time"
)

// mediaServer is a media URI that failed lately. One that answers is forgotten.
type mediaServer struct {
	failures int // in a row
	pause    time.Duration
	out      time.Time // left out until then; zero: in use
}

// callerFaults are answers that a media server gives to one caller and not to
// the next: they say nothing about it.
var callerFaults = []int{415, 420, 481, 487, 488, 491, 606}

// mediaFailed counts a failure of a URI. After mediaTries in a row, whoever's
// calls they were, it is left out, so that callers need not wait for the
// time-out one after another.
func (e *Engine) mediaFailed(c *call, uri string, code int) {
	if slices.Contains(callerFaults, code) {
		return
	}
	s := e.media[uri]
	if s == nil {
		s = &mediaServer{}
		e.media[uri] = s
	}
	s.failures++
	if s.failures != mediaTries {
		return
	}
	s.pause = mediaBackoff
	s.out = e.now.Add(s.pause)
	e.raise(c, uri+" failed 3 times in a row: calls do without it until it answers; check the media server")
}

// mediaAnswered puts a URI back into use.
func (e *Engine) mediaAnswered(c *call, uri string) {
	s := e.media[uri]
	if s == nil {
		return
	}
	delete(e.media, uri)
	if !s.out.IsZero() {
		e.do(Alarm{Call: c.id, Flow: c.flow.cfg.ID, Text: uri + " answers again"})
	}
}

// mediaOut reports whether a URI is left out now.
func (e *Engine) mediaOut(uri string) bool {
	s := e.media[uri]
	return s != nil && e.now.Before(s.out)
}

// tryMedia reports whether a call may try a URI. When the time of one that is
// left out is over, one call tries it; the others do without it for twice that
// time, or until it has answered.
func (e *Engine) tryMedia(uri string) bool {
	s := e.media[uri]
	if s == nil || s.out.IsZero() {
		return true
	}
	if e.now.Before(s.out) {
		return false
	}
	s.pause = min(2*s.pause, mediaRetry)
	s.out = e.now.Add(s.pause)
	return true
}

// forgetMedia drops what was learnt about URIs that no flow uses any more.
func (e *Engine) forgetMedia() {
	used := map[string]bool{}
	for _, f := range e.flowList {
		used[f.cfg.Welcome], used[f.cfg.Queue], used[f.cfg.Dissuading] = true, true, true
	}
	for uri := range e.media {
		if !used[uri] {
			delete(e.media, uri)
		}
	}
}

// playMedia takes a caller to what a flow names for him.
func (e *Engine) playMedia(c *call, t Target, uri string) {
	e.connect(c, Connect{Target: t, URI: uri})
	c.legs.ring.media = uri
}

// playFallback lets a waiting caller hear something of our own while the
// queue's media is not to be had.
func (e *Engine) playFallback(c *call) {
	m := &c.queued.media
	if e.opt.Fallback == "" || c.legs.peer.attempt != 0 || e.now.Before(m.noFallback) {
		return
	}
	e.connect(c, Connect{Target: ToQueue, URI: e.opt.Fallback})
	c.legs.ring.fallback = true
}

// fallbackLost deals with a fallback that failed or hung up: the caller hears
// nothing then, until the queue's media comes back or some time has passed.
func (e *Engine) fallbackLost(c *call, lasted time.Duration) {
	if lasted < mediaWindow {
		c.queued.media.noFallback = e.now.Add(mediaRetry)
	}
	e.refresh(c)
	e.unserved = append(e.unserved, c)
}
