package logic

// network takes what came on the wire.
func (s *Session) network(ev Event) {
	switch ev := ev.(type) {
	case Progress:
		s.progress(s.leg(ev.Leg), ev)
	case Answered:
		s.answered(s.leg(ev.Leg), ev.SDP)
	case Refused:
		s.refused(s.leg(ev.Leg), ev.Code, ev.Reason)
	case Offered:
		s.offered(s.leg(ev.Leg), ev)
	case Acked:
		s.acked(s.leg(ev.Leg), ev.SDP)
	case AckTimeout:
		s.ackTimeout(s.leg(ev.Leg))
	case Bye:
		s.bye(s.leg(ev.Leg))
	case Cancelled:
		s.cancelled(s.leg(ev.Leg))
	case Requested:
		s.requested(s.leg(ev.Leg), ev)
	case Replied:
		s.replied(ev)
	case Heard:
		s.heard(s.leg(ev.Leg))
	case Vanished:
		s.vanished(s.leg(ev.Leg))
	case Timed:
		s.timed(s.leg(ev.Leg), ev)
	case Unrefreshed:
		s.unrefreshed(s.leg(ev.Leg), ev.Code)
	}
}

// leg returns the leg of that number; an unknown one is a leg that is gone.
func (s *Session) leg(id Leg) *leg {
	if id < 0 || int(id) >= len(s.legs) {
		return &leg{id: id, phase: gone}
	}
	return s.legs[id]
}

// answered takes the first 2xx to our INVITE.
func (s *Session) answered(l *leg, sdp string) {
	p := l.client
	if p == idle {
		return
	}
	l.client, l.owed = idle, !l.offering && sdp != ""
	if l.offering {
		l.voice.agreed = l.voice.sent
	}
	if sdp != "" {
		l.remote = sdp
	}
	switch l.phase {
	case calling:
		l.phase = up
		s.listen(l)
	case leaving: // it crossed our CANCEL, or our BYE waits for an ACK
		if l.server == none {
			s.ack(l, refuse(sdp))
			l.phase = gone
			s.do(HangUp{Leg: l.id})
			return
		}
	}
	if l.phase != up || p == refreshing || p == adrift && !s.undoes(l) {
		s.ack(l, s.alone(l, sdp))
		return
	}
	l.held = true
	if p == relayed {
		s.relayAnswered(l, sdp)
		return
	}
	s.advance(l, sdp)
}

// undoes reports whether the attempt waits for the end of l's cancelled INVITE.
func (s *Session) undoes(l *leg) bool {
	return l == s.caller && s.try != nil && s.try.step == undoing
}

// alone is the answer to an offer that nobody wants any more.
func (s *Session) alone(l *leg, offer string) string {
	if l.phase == up {
		return hold(offer, l.voice.sent)
	}
	return refuse(offer)
}

// refused takes another final response to our INVITE.
func (s *Session) refused(l *leg, code int, reason string) {
	p := l.client
	if p == idle {
		return
	}
	l.client = idle
	first := l.phase == calling || l.phase == leaving && l.server == none
	if first {
		l.phase = gone
	}
	switch {
	case s.over || l.phase == leaving:
	case p == refreshing:
		s.unrefreshed(l, code)
	case l == s.caller && (code == 408 || code == 481):
		s.end(code, "the caller's re-INVITE failed")
	case p == relayed:
		s.relayRefused(l, code, reason)
	case p == attempted || s.undoes(l):
		s.stuck(l, code, reason)
	}
}

// bye takes a BYE, which has its 200.
func (s *Session) bye(l *leg) {
	switch l.phase {
	case gone:
		return
	case calling: // its 2xx is lost or late; CANCEL, or ACK and BYE, end it
		s.hangup(l, 0, "")
	case leaving:
		if l.client == idle {
			l.phase, l.server = gone, none
		}
		return
	case called, up:
		s.left(l)
	}
	s.lost(l)
}

// lost tells the session that a leg has ended by the far end's doing.
func (s *Session) lost(l *leg) {
	switch {
	case s.over:
	case l == s.caller:
		s.finish(487, "")
		s.do(CallerGone{})
	case l == s.peer:
		s.lostPeer()
	default:
		s.lostParty(l)
	}
}

// lostPeer leaves the caller with nobody.
func (s *Session) lostPeer() {
	s.peer = nil
	s.do(PeerGone{ID: s.peerID})
	if a := s.try; a != nil && (a.step == rehearing || a.step == restoring) {
		s.undone() // there is nothing to restore any more
	}
}

// cancelled takes a CANCEL of the INVITE that the leg has open.
func (s *Session) cancelled(l *leg) {
	if l.phase == called {
		s.finish(487, "")
		s.do(CallerGone{Cancelled: true})
		return
	}
	if l.server != pending {
		return
	}
	for _, o := range s.legs {
		if o.source == l && !o.cancel { // its final response decides
			o.cancel = true
			s.do(Cancel{Leg: o.id})
		}
	}
}

// acked takes the ACK of our 2xx.
func (s *Session) acked(l *leg, sdp string) {
	if l.server != answered {
		return
	}
	l.server = none
	late := l.late
	if sdp != "" && late {
		l.remote = sdp
	}
	if l.phase == leaving {
		l.phase = gone
		s.do(HangUp{Leg: l.id})
		return
	}
	if !late || s.over {
		return
	}
	for _, o := range s.legs {
		if o.source == l && o.held {
			if sdp == "" {
				sdp = hold(o.remote, o.voice.sent)
			}
			s.ack(o, sdp)
		}
	}
	if a := s.try; a != nil && a.step == awaiting && l == s.caller {
		s.callerAcked(sdp)
	}
}

// ackTimeout ends a leg that never acknowledged our 2xx (RFC 3261 section
// 13.3.1.4).
func (s *Session) ackTimeout(l *leg) {
	if l.server != answered {
		return
	}
	l.server = none
	switch l.phase {
	case leaving:
		l.phase = gone
		s.do(HangUp{Leg: l.id})
	case up:
		if l == s.caller {
			s.end(408, "no ACK from the caller")
			return
		}
		s.hangup(l, 0, "")
		s.lost(l)
	}
}
