package logic

import "time"

// silence is the liveness of a leg: whether its far end is still there.
type silence struct {
	heard time.Time     // when the far end showed a sign of life last
	asked time.Time     // when it was asked last
	quiet time.Duration // how long it may say nothing before it is asked
}

// listen begins to watch a leg whose dialog was made just now. The legs of
// many calls are not asked in the same instant, even when all of them were
// made in one: a quarter of the time is left to chance.
func (s *Session) listen(l *leg) {
	if s.cfg.Ping <= 0 {
		return
	}
	spread := max(int(s.cfg.Ping/(4*time.Millisecond)), 1)
	l.silence = silence{heard: s.now, quiet: s.cfg.Ping - time.Duration(s.cfg.Rand(spread))*time.Millisecond}
}

// nextPing is when the far end is asked whether it is there; zero is never.
func (l *leg) nextPing() time.Time {
	if l.heard.IsZero() {
		return time.Time{}
	}
	if l.asked.After(l.heard) {
		return l.asked.Add(l.quiet)
	}
	return l.heard.Add(l.quiet)
}

// deadAt is when a leg of which nothing is heard is given up; zero is never.
func (s *Session) deadAt(l *leg) time.Time {
	if l.heard.IsZero() {
		return time.Time{}
	}
	return l.heard.Add(s.cfg.Silence)
}

// heard notes a sign of life.
func (s *Session) heard(l *leg) {
	if !l.heard.IsZero() {
		l.heard = s.now
	}
}

// watch gives up the legs that have been silent for too long, and asks those
// that may be.
func (s *Session) watch() {
	for _, l := range s.legs {
		switch {
		case l.phase != up:
		case s.due(s.deadAt(l)), s.due(l.expire):
			s.vanished(l)
		case s.due(l.nextPing()):
			l.asked = s.now
			s.do(Ping{Leg: l.id})
		}
	}
}

// vanished takes the end of a leg whose far end is not there any more, as if
// it had hung up. It gets a BYE all the same, in case it can hear.
func (s *Session) vanished(l *leg) {
	if s.over || l.phase != up {
		return
	}
	s.hangup(l, 0, "")
	s.lost(l)
}

// restartGrace is what a far end has, after a restart of ours, to repeat the
// refresh that it may have sent meanwhile: 64*T1.
const restartGrace = 32 * time.Second

// rewatch goes on watching a leg that a restart brought back.
func (s *Session) rewatch(l *leg, st LegState) {
	if l.phase != up {
		return
	}
	s.listen(l)
	l.timer = timer{refresh: st.Refresh, expire: st.Expire, update: st.Update}
	if grace := s.now.Add(restartGrace); !l.expire.IsZero() && l.expire.Before(grace) {
		l.expire = grace
	}
	if !l.expire.IsZero() && l.client == refreshing {
		l.refresh = s.now
	}
}
