package b2b

import (
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// linger is how long a session answers what still comes in after its call has
// ended: 64*T1, when the last transaction of the call is over.
const linger = 64 * t1

// session is the runner of one [logic.Session]. Everything that is not
// guarded otherwise belongs to its goroutine.
type session struct {
	m        *Module
	key      Key
	log      *slog.Logger
	msg      *core.Msg // the caller's request, for Release
	observer func(Event)
	keeper   func(Key, []byte) // see SessionOptions.Keep
	ctx      map[string]string
	open     bool       // guarded by Module.mu
	dialogs  []dialogID // guarded by Module.mu
	box      *mailbox.Mailbox[func()]
	done     chan struct{} // closed when its goroutine ends

	call     // what was taken from the caller's INVITE
	outgoing // what is under way

	logic *logic.Session
	legs  []*leg // the index is the logic.Leg
	dests map[int]Dest
	state string // $cc_state

	lastDest int  // greatest Dest.ID
	changed  bool // since the state was kept
	lastKept []byte
	resumed  bool // made by Restore
	retired  bool // the process ends, the call goes on

	ended   time.Time // when the call ended
	told    bool      // the owner has heard the last event
	closing bool      // the server stops: do not linger
	view    atomic.Pointer[view]
}

// call is what other legs need of the caller's INVITE.
type call struct {
	snap   snapshot
	offer  string      // SDP
	hops   int         // Max-Forwards of the other legs
	passed sip.Headers // of the allow-list
	reason sip.Headers // Reason of the caller's BYE or CANCEL
}

// outgoing is what is under way in a session.
type outgoing struct {
	served  map[int]*served // requests without a final response, by Ref
	lastRef int
	replies map[int]*sip.Response // of relayed requests, on their way back
	flying  int                   // client transactions without a final response
}

func (s *session) start() {
	s.logic = logic.New(time.Now(), s.m.logicConfig(), s.offer)
	s.changed = true
	s.show()
}

// run is the goroutine of the session.
func (s *session) run() {
	defer s.m.running.Done()
	defer close(s.done)
	defer s.close()
	defer s.recovered()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	if s.resumed {
		s.resume()
	}
	s.keep()
	for {
		s.arm(timer)
		select {
		case <-s.box.Ready():
		case <-timer.C:
		}
		work, more := s.box.Take()
		for _, f := range work {
			if f(); s.retired {
				break // what else came is left to the next process
			}
		}
		if !s.retired {
			s.timers()
		}
		s.keep()
		if !more || s.retired || s.finished() {
			return
		}
		s.show()
	}
}

// close forgets the session; what still comes in for it is answered by
// [Module.inDialog].
func (s *session) close() {
	s.box.Close()
	if !s.retired { // else what comes in is left to the next process
		s.m.forget(s)
	}
	if s.ended.IsZero() {
		s.m.stats.active.Add(-1)
	} else {
		s.m.stats.lingering.Add(-1)
	}
	for _, l := range s.legs {
		if l.client != nil && l.client.tx != nil {
			l.client.tx.Abandon()
		}
	}
	if s.retired {
		return
	}
	s.forget()
	late, _ := s.box.Take() // requests that came at the last moment
	for _, f := range late {
		func() {
			defer func() { _ = recover() }() // a crashed session may be in any state
			f()
		}()
	}
}

// recovered ends the session after a fault of our own, and only this one.
func (s *session) recovered() {
	fault := recover()
	if fault == nil {
		return
	}
	s.log.Error("the session crashed; its legs are ended", "panic", fault, "stack", string(debug.Stack()))
	s.m.stats.crashed.Add(1)
	defer func() {
		if again := recover(); again != nil {
			s.log.Error("ending a crashed session", "panic", again)
		}
	}()
	for i := len(s.legs) - 1; i >= 0; i-- {
		s.legs[i].abandon()
	}
	if !s.told && s.observer != nil {
		s.told = true
		s.observer(Ended{Key: s.key, Code: 500, Reason: "internal error"})
	}
}

// arm sets the timer to the next instant at which something is due.
func (s *session) arm(timer *time.Timer) {
	at, ok := s.logic.Wake()
	for _, l := range s.legs {
		if r := l.answer; r != nil && (!ok || r.next.Before(at)) {
			at, ok = r.next, true
		}
	}
	if !s.ended.IsZero() {
		if end := s.ended.Add(linger); !ok || end.Before(at) {
			at, ok = end, true
		}
	}
	if !ok {
		timer.Stop()
		return
	}
	timer.Reset(max(time.Until(at), 0))
}

// timers does what is due.
func (s *session) timers() {
	now := time.Now()
	for _, l := range s.legs {
		l.resend(now)
	}
	if at, ok := s.logic.Wake(); ok && !now.Before(at) {
		s.feed(logic.Tick{})
	}
}

// finished reports whether the goroutine may end.
func (s *session) finished() bool {
	switch {
	case s.ended.IsZero():
		return false
	case s.closing && s.logic.Done() && s.flying == 0:
		return true
	}
	return time.Since(s.ended) >= linger
}

// shutdown ends the session because the server stops, unless it is kept.
func (s *session) shutdown() {
	if s.retire(); s.retired {
		return
	}
	s.closing = true
	s.feed(logic.Terminate{})
}

// feed hands the machine an event and does what it answers.
func (s *session) feed(ev logic.Event) {
	actions := s.logic.Step(time.Now(), ev)
	for _, a := range actions {
		s.perform(a)
	}
	if _, heard := ev.(logic.Heard); !heard || len(actions) > 0 {
		s.changed = true
	}
	if s.ended.IsZero() && s.logic.Over() {
		s.ended = time.Now()
		s.m.stats.active.Add(-1)
		s.m.stats.lingering.Add(1)
		s.log.Info("session ended", "lasted", time.Since(s.legs[0].born))
	}
}

// tell hands the owner an event.
func (s *session) tell(e Event) {
	switch e.(type) {
	case CallerGone, Ended:
		s.told = true
	}
	s.log.Debug("event", "event", e)
	if s.observer != nil {
		s.observer(e)
	}
}

// awaitCancel has the session told of a CANCEL. Once it is left to the next
// process the CANCEL, which does not come again, is obeyed here.
func (s *session) awaitCancel(tx sip.ServerRequest, ref int) {
	tx.OnCancel(func(cancel *sip.Request) {
		if !s.box.Post(func() { s.cancelled(cancel, ref) }) {
			_ = tx.Respond(sip.NewResponse(tx.Request(), 487, "", "")) // it may have its answer
		}
	})
}

// cancelled takes a CANCEL of the INVITE that has the Ref.
func (s *session) cancelled(cancel *sip.Request, ref int) {
	if r := s.served[ref]; r != nil {
		s.keepReason(r.leg, cancel)
		s.feed(logic.Cancelled{Leg: r.leg.id})
	}
}

// keepReason has the other legs told why the caller went (RFC 3326).
func (s *session) keepReason(l *leg, req *sip.Request) {
	if l.id != logic.Caller || req == nil {
		return
	}
	for _, v := range req.Headers.Values("Reason") {
		s.reason.Add("Reason", v)
	}
}
