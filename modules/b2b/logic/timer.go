package logic

import "time"

// timer is the session timer of a leg (RFC 4028): the instants that were
// agreed, zero when there is none.
type timer struct {
	refresh time.Time // when we refresh the session
	expire  time.Time // when the leg is given up
	update  bool      // by UPDATE; else by a re-INVITE that changes nothing
}

// timed takes what an INVITE or UPDATE has agreed.
func (s *Session) timed(l *leg, ev Timed) {
	if s.over || l.phase != up {
		return
	}
	l.timer = timer{refresh: s.after(ev.Refresh), expire: s.after(ev.Expire), update: ev.Update}
}

// nextRefresh is when a tick refreshes the leg; zero while it cannot be.
func (l *leg) nextRefresh() time.Time {
	if !l.update && !l.free() {
		return time.Time{} // what frees it refreshes it
	}
	return l.refresh
}

// refreshes sends the refreshes that are due.
func (s *Session) refreshes() {
	for _, l := range s.legs {
		if l.phase != up || !s.due(l.nextRefresh()) {
			continue
		}
		l.refresh = time.Time{} // until the outcome sets it
		if l.update {
			s.do(Refresh{Leg: l.id})
			continue
		}
		l.client, l.cancel, l.offering = refreshing, false, l.voice.agreed != ""
		l.voice.sent = l.voice.agreed
		s.do(ReInvite{Leg: l.id, SDP: l.voice.agreed})
	}
}

// unrefreshed takes the refusal of a refresh. The session goes on until it
// expires, and it is tried again.
func (s *Session) unrefreshed(l *leg, code int) {
	switch {
	case code == 408 || code == 481:
		s.vanished(l)
		return
	case s.over || l.phase != up || !l.refresh.IsZero() || l.expire.IsZero():
		return
	case code == 491:
		l.refresh = s.now.Add(s.glare(l))
		return
	case l.update && (code == 405 || code == 501): // its Allow was wrong
		l.refresh = s.now
	default:
		l.refresh = s.now.Add(max(l.expire.Sub(s.now)/2, time.Second))
	}
	l.update = false
}
