package policy

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// supervise keeps one worker running after the other.
func (h *Host) supervise(w worker) {
	defer close(h.done)
	b := backoff{limits: h.limit}
	for {
		began := time.Now()
		select {
		case <-w.ending():
		case <-h.closing.Done():
			h.retire(w)
			return
		}
		h.lost(w.reason())
		if !h.wait(w.done(), nil) {
			h.retire(w)
			return
		}
		if w = h.revive(&b, time.Since(began)); w == nil {
			return
		}
		h.restarts.Add(1)
		h.ready(w)
	}
}

// revive starts the policy until it works; nil: the host is being closed.
func (h *Host) revive(b *backoff, lived time.Duration) worker {
	for {
		pause := b.next(lived)
		h.log.Info("a dispatch policy is started anew", "in", pause)
		timer := time.NewTimer(pause)
		waited := h.wait(nil, timer.C)
		timer.Stop()
		if !waited {
			return nil
		}
		w, err := h.start(h.closing)
		if err == nil {
			return w
		}
		if h.closing.Err() != nil {
			return nil
		}
		h.lost(err.Error())
		lived = 0
	}
}

// wait reports whether one of the two came before the host was closed.
func (h *Host) wait(done <-chan struct{}, timer <-chan time.Time) bool {
	select {
	case <-done:
	case <-timer:
	case <-h.closing.Done():
		return false
	}
	return true
}

// retire ends the last worker. One that cannot be ended is left behind.
func (h *Host) retire(w worker) {
	h.mu.Lock()
	h.cur = nil
	h.mu.Unlock()
	w.leave()
	timer := time.NewTimer(h.limit.abandon)
	defer timer.Stop()
	select {
	case <-w.done():
	case <-timer.C:
		h.log.Warn("a dispatch policy does not end: it is left behind", "pid", w.pid())
	}
	h.say.Lock() // the last callback has returned
	defer h.say.Unlock()
}

func (h *Host) ready(w worker) {
	h.mu.Lock()
	h.cur, h.knows = w, false
	h.mu.Unlock()
	h.log.Info("a dispatch policy is ready", "pid", w.pid())
	h.say.Lock()
	defer h.say.Unlock()
	h.cb.Ready()
}

func (h *Host) lost(reason string) {
	h.mu.Lock()
	h.cur = nil
	h.mu.Unlock()
	h.log.Warn("a dispatch policy is lost", "reason", reason)
	h.say.Lock()
	defer h.say.Unlock()
	h.cb.Lost(reason)
}

// decided passes an answer on, if it comes from the worker that is asked.
func (h *Host) decided(w worker, seq uint64, d dispatch.Decision, resync bool) {
	tidy(&d)
	h.say.Lock()
	defer h.say.Unlock()
	h.mu.Lock()
	current := h.cur == w && h.closing.Err() == nil
	if current && resync {
		h.knows = false
	}
	h.mu.Unlock()
	if !current {
		return
	}
	h.cb.Decided(seq, d)
	if resync {
		h.cb.Lost("the policy has lost track of the center")
		h.cb.Ready()
	}
}
