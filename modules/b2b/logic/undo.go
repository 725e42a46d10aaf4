package logic

import "time"

// late takes the end of the time that a step may last.
func (s *Session) late() {
	a := s.try
	switch a.step {
	case ringing:
		s.fail(408, "no answer")
	case announcing, playing:
		s.hangup(a.announce, 0, "")
		s.announceDone()
	case undoing:
		s.restore()
	case rehearing, restoring:
		s.giveUp()
	default:
		s.fail(408, "no answer to a re-INVITE")
	}
}

// stuck takes a refusal of an INVITE that the attempt waits for.
func (s *Session) stuck(l *leg, code int, reason string) {
	a := s.try
	switch {
	case a == nil, l != s.awaited():
	case code == 491 && l.phase == up && a.step != undoing:
		a.want, a.notBefore = l, s.now.Add(s.glare(l))
		// wantSDP is what was refused
	case l == a.announce:
		s.hangup(l, 0, "")
		s.announceDone()
	case a.step == undoing:
		s.restore()
	case a.step == rehearing, a.step == restoring:
		s.giveUp()
	default:
		s.fail(code, reason)
	}
}

// glare is the time to wait after a 491 (RFC 3261 section 14.1). We own the
// Call-ID of every leg but the caller's.
func (s *Session) glare(l *leg) time.Duration {
	const unit = 10 * time.Millisecond
	if l == s.caller {
		return time.Duration(s.cfg.Rand(201)) * unit
	}
	return 2100*time.Millisecond + time.Duration(s.cfg.Rand(191))*unit
}

// fail undoes the running attempt: its legs are ended, and the caller goes
// back to where he was. It is harmless twice.
func (s *Session) fail(code int, reason string) {
	a := s.try
	switch a.step {
	case undoing, rehearing, restoring:
		return
	}
	if s.caller.phase == up && a.step == awaiting {
		// The caller was answered with the offer of a party that is no more,
		// and has nobody else.
		s.end(code, reason)
		return
	}
	a.code, a.reason, a.want = code, reason, nil
	c := s.caller
	s.hangup(a.announce, 0, "")
	s.hangup(a.party, 0, "")
	switch {
	case c.client == attempted:
		a.goTo(s, undoing, holdTime)
		s.cancelInvite(c)
	case c.held && c.source == nil:
		a.moved = true
		s.ack(c, hold(c.remote, c.voice.sent))
		s.restore()
	default:
		s.restore()
	}
}

// restore joins the caller to the present party again, if he was moved.
func (s *Session) restore() {
	a := s.try
	if !a.moved || s.peer == nil {
		s.undone()
		return
	}
	a.goTo(s, rehearing, holdTime)
	a.ask(s.peer, "")
}

// giveUp ends an attempt whose undoing failed: the caller loses his party.
func (s *Session) giveUp() {
	peer := s.peer
	if s.try.mending && peer != nil { // the two may well hear each other as before
		if peer.held {
			s.ack(peer, peer.voice.sent)
		}
		s.undone()
		return
	}
	s.hangup(peer, 0, "")
	s.undone()
	if peer != nil {
		s.peer = nil
		s.do(PeerGone{ID: s.peerID})
	}
}

// undone ends an attempt badly. Nothing of it may be left on the caller's leg.
func (s *Session) undone() {
	a, c := s.try, s.caller
	s.try = nil
	if c.client == attempted {
		s.cancelInvite(c)
	}
	if c.held && c.source == nil {
		s.ack(c, hold(c.remote, c.voice.sent))
	}
	if !a.mending {
		s.do(ConnectFailed{ID: a.ID, Code: a.code, Reason: a.reason})
	}
}
