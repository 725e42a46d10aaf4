package logic

// resume undoes what was under way when the process before ended, and joins
// caller and party again where a re-INVITE was open.
func (s *Session) resume() {
	s.orphans()
	s.refuseReInvites()
	if s.over {
		return
	}
	disturbed := s.unsettled(s.peer)
	if c := s.caller; c.client != idle || c.held {
		c.client, c.cancel, disturbed = attempted, false, true
		if c.held {
			c.client = idle
		}
	}
	a := s.try
	switch {
	case a == nil && !disturbed:
		return
	case a == nil:
		a = &attempt{party: s.leg(-1), mending: true}
		s.try = a
	}
	switch a.step {
	case joining, asking, passing, undoing, rehearing, restoring:
		disturbed = true
	}
	a.step, a.moved = ringing, a.moved || disturbed
	s.fail(503, "restart")
}

// unsettled acknowledges what the leg has open, and reports whether its far
// end may have heard something new.
func (s *Session) unsettled(l *leg) bool {
	if l == nil || l.client == idle && !l.held {
		return false
	}
	if l.held {
		s.ack(l, s.alone(l, l.remote))
	}
	if l.client != idle {
		l.client = adrift
	}
	return true
}

// refuseReInvites ends the re-INVITEs that wait for an answer: the leg to which
// they were relayed may have got them or not. Their dialogs stay as they were
// (RFC 3261 section 14.1).
func (s *Session) refuseReInvites() {
	for _, l := range s.legs {
		if l.server == pending && l.phase == up {
			s.reject(l, 500, "")
		}
	}
}

// orphans settles what legs have open for nobody: a leg that is neither the
// caller's, nor his party's, nor the attempt's is on its way out already.
func (s *Session) orphans() {
	for _, l := range s.legs {
		if l.phase == gone || !s.over && (l == s.caller || l == s.peer) {
			continue
		}
		if a := s.try; a != nil && (l == a.party || l == a.announce) {
			continue
		}
		if l.phase == leaving && l.client != idle {
			l.cancel, l.client = true, adrift
			s.do(Cancel{Leg: l.id}) // again
			continue
		}
		s.hangup(l, 0, "")
	}
}
