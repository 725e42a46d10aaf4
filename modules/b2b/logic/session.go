package logic

import "time"

// The bounds of an attempt that no parameter sets.
const (
	// holdTime is how long a party's 2xx may wait for its ACK: less than the
	// 64*T1 after which the party gives up.
	holdTime = 28 * time.Second
	// announceTime is how long an announcement may take to answer.
	announceTime = 8 * time.Second
	// playTime is how long an announcement may last.
	playTime = 2 * time.Minute
)

// Config is what a session obeys.
type Config struct {
	InitTimeout time.Duration // from the start to the caller's 2xx
	MaxDuration time.Duration // after the caller's 2xx; 0 for no bound
	RingTimeout time.Duration // of a Connect that names none
	Ping        time.Duration // how long a leg may be silent before it is asked for a sign of life; 0: it never is
	Silence     time.Duration // and before it is given up; longer than Ping
	// Rand returns a number from 0 to n-1. Required.
	Rand func(n int) int
}

// Session is the machine. Make one with [New]; it is not safe for concurrent
// use.
type Session struct {
	cfg  Config
	now  time.Time
	out  []Action
	legs []*leg // the index is the Leg
	over bool   // the call has ended; legs may still be leaving

	caller *leg
	peer   *leg // whom the caller hears, or nil
	peerID int

	try  *attempt // the running one, or nil
	next *Connect // waits for try to be undone
	life time.Time

	requests map[int]request // relayed and not answered yet
}

// New returns the session of a caller whose INVITE is unanswered. sdp is his
// offer, or "".
func New(now time.Time, cfg Config, sdp string) *Session {
	caller := &leg{id: Caller, phase: called, server: pending, remote: sdp, late: sdp == ""}
	s := &Session{cfg: cfg, now: now, legs: []*leg{caller}, caller: caller, requests: map[int]request{}}
	s.life = s.after(cfg.InitTimeout)
	return s
}

// Over reports whether the call has ended.
func (s *Session) Over() bool { return s.over }

// Done reports whether the call has ended and every leg with it.
func (s *Session) Done() bool {
	for _, l := range s.legs {
		if l.phase != gone {
			return false
		}
	}
	return s.over
}

// Wake returns the instant at which a Tick is due, if any.
func (s *Session) Wake() (at time.Time, ok bool) {
	if s.over {
		return at, false
	}
	at = s.life
	if a := s.try; a != nil {
		at = earlier(at, a.deadline)
		if a.want != nil && a.want.free() { // else what frees it settles it
			at = earlier(at, a.notBefore)
		}
	}
	for _, l := range s.legs {
		if l.phase == up {
			at = earlier(earlier(at, l.nextPing()), s.deadAt(l))
			at = earlier(earlier(at, l.nextRefresh()), l.expire)
		}
	}
	return at, !at.IsZero()
}

// earlier returns the earlier of two instants; the zero one is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (s *Session) do(a Action) { s.out = append(s.out, a) }

// after returns the instant d from now, or never for 0.
func (s *Session) after(d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return s.now.Add(d)
}

func (s *Session) due(at time.Time) bool { return !at.IsZero() && !s.now.Before(at) }

// Step takes one event and returns what is to be done, in order. An event
// that makes no sense in the present state changes nothing.
func (s *Session) Step(now time.Time, ev Event) []Action {
	s.now, s.out = now, nil
	switch ev := ev.(type) {
	case Connect:
		s.connect(ev)
	case Reply:
		s.reply(ev)
	case Terminate:
		s.finish(480, "")
	case Expire:
		s.end(ev.Code, ev.Reason)
	case Tick:
		s.tick()
	case Resume:
		s.resume()
	default:
		s.network(ev)
	}
	s.settle()
	return s.out
}

func (s *Session) reply(ev Reply) {
	switch {
	case s.over:
	case ev.Code >= 300:
		s.finish(ev.Code, ev.Reason)
	case ev.Code >= 200: // a 2xx without a party makes no sense
		s.finish(480, "")
	case ev.Code > 100 && s.caller.phase == called:
		s.do(Provisional{Code: ev.Code, Reason: ev.Reason})
	}
}

// finish ends every leg; code answers the caller if he has no answer yet.
func (s *Session) finish(code int, reason string) {
	if s.over {
		return
	}
	s.over, s.try, s.next, s.peer = true, nil, nil, nil
	for _, l := range s.legs { // first, so that nothing is answered twice
		l.source = nil
	}
	for i := len(s.legs) - 1; i >= 0; i-- {
		s.hangup(s.legs[i], code, reason)
	}
}

// end is finish for a reason the owner does not know yet.
func (s *Session) end(code int, reason string) {
	if s.over {
		return
	}
	s.finish(code, reason)
	s.do(Ended{Code: code, Reason: reason})
}

func (s *Session) tick() {
	if s.over {
		return
	}
	if s.due(s.life) {
		if s.caller.phase == called {
			s.end(408, "nobody answered in time")
		} else {
			s.end(408, "maximum duration")
		}
		return
	}
	if s.try != nil && s.due(s.try.deadline) {
		s.late()
	}
	s.watch()
}
