package transaction

import (
	"sync"
	"time"
)

// serial is the lock of a transaction and the queue of its callbacks. What
// changes the transaction holds the lock and pushes callbacks; unlock runs
// them without the lock, one at a time, in order.
type serial struct {
	mu      sync.Mutex
	pending []func()
	running bool // a goroutine is in unlock's loop and will run what is pushed
}

func (s *serial) push(f func()) { s.pending = append(s.pending, f) }

func (s *serial) unlock() {
	defer s.mu.Unlock()
	if s.running {
		return
	}
	s.running = true
	defer func() { s.running = false }()
	for len(s.pending) > 0 {
		f := s.pending[0]
		s.pending = s.pending[1:]
		s.call(f)
	}
	s.pending = nil
}

// call leaves the lock as it was even when f panics, so that a server that
// recovers does not lose the transaction.
func (s *serial) call(f func()) {
	s.mu.Unlock()
	defer s.mu.Lock()
	f()
}

// unlockLater is unlock for the calls of an owner, who may hold a lock that
// his callback wants: the callbacks run in a goroutine of their own.
func (s *serial) unlockLater() {
	if len(s.pending) > 0 && !s.running {
		time.AfterFunc(0, func() { s.mu.Lock(); s.unlock() })
	}
	s.mu.Unlock()
}

// timer runs a function with the lock of its transaction held. A timer that
// was stopped or started anew does not fire, even if it was about to.
type timer struct {
	t   *time.Timer
	gen uint
}

func (t *timer) start(s *serial, d time.Duration, f func()) {
	t.stop()
	gen := t.gen
	t.t = time.AfterFunc(d, func() { t.fire(s, gen, f) })
}

func (t *timer) fire(s *serial, gen uint, f func()) {
	s.mu.Lock()
	defer s.unlock()
	if t.gen == gen {
		f()
	}
}

func (t *timer) stop() {
	t.gen++
	if t.t != nil {
		t.t.Stop()
		t.t = nil
	}
}
