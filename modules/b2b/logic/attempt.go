package logic

import "time"

// step is what an attempt waits for.
type step int

const (
	ringing    step = iota // the party's first final response
	offering               // the party's offer: a re-INVITE without SDP is out
	announcing             // the announcement's answer to that offer
	playing                // the end of the announcement
	joining                // the caller's answer to the party's offer
	asking                 // the caller's offer: a re-INVITE without SDP is out
	passing                // the party's answer to the caller's offer
	awaiting               // the ACK of the caller, with his answer
	undoing                // the end of the caller's cancelled re-INVITE
	rehearing              // the present party's offer, to join the caller again
	restoring              // the caller's answer to that
)

// attempt is one Connect on its way.
type attempt struct {
	Connect
	step     step
	deadline time.Time

	party    *leg
	announce *leg
	offer    string    // the party's, while its 2xx is held
	heldTill time.Time // when that must be acknowledged

	want      *leg // the leg to re-INVITE as soon as it is free
	wantSDP   string
	notBefore time.Time // after a 491

	moved   bool // the caller's media has left the present party
	mending bool // no Connect: after a restart caller and party are joined again
	code    int  // of the failure that is being undone
	reason  string
}

// progress takes an 18x of the party.
func (s *Session) progress(l *leg, ev Progress) {
	a := s.try
	if a == nil || l != a.party || a.step != ringing || l.phase != calling {
		return
	}
	if s.caller.phase == called {
		sdp := ""
		if ev.SDP != "" && l.offering {
			l.remote = ev.SDP
			sdp = s.caller.voice.say(fitAnswer(ev.SDP, s.caller.remote))
		}
		s.do(Provisional{Code: ev.Code, SDP: sdp})
	}
	s.do(Ringing{ID: a.ID, Code: ev.Code})
}

// advance takes a 2xx that the attempt waits for; it is held.
func (s *Session) advance(l *leg, sdp string) {
	a := s.try
	if a == nil || l != s.awaited() {
		s.ack(l, s.alone(l, sdp))
		return
	}
	if sdp == "" && !l.offering {
		s.ack(l, "")
		s.stuck(l, 488, "a 2xx without an offer")
		return
	}
	switch a.step {
	case ringing:
		s.partyAnswered(l, sdp)
	case offering:
		a.heldTill = s.after(holdTime)
		s.haveOffer(sdp)
	case announcing:
		s.ack(l, "")
		if s.answerOf(l, sdp) == "" {
			s.hangup(l, 0, "")
			s.announceDone()
			return
		}
		s.ack(a.party, sdp)
		s.do(Announcing{ID: a.ID})
		a.goTo(s, playing, playTime)
	case joining:
		s.ack(a.party, s.answerOf(l, sdp))
		s.ack(l, "")
		s.connected()
	case asking:
		a.goTo(s, passing, holdTime)
		a.ask(a.party, sdp)
	case passing:
		s.ack(l, "")
		if s.caller.phase == called {
			s.accept(s.caller, s.answerOf(l, sdp))
		} else {
			s.ack(s.caller, s.answerOf(l, sdp))
		}
		s.connected()
	case undoing: // the CANCEL came too late
		a.moved = true
		s.ack(l, s.alone(l, sdp))
		s.restore()
	case rehearing:
		a.goTo(s, restoring, holdTime)
		a.ask(s.caller, sdp)
	case restoring:
		s.ack(s.peer, s.answerOf(l, sdp))
		s.ack(l, "")
		s.undone()
	}
}

// awaited is the leg whose answer the attempt's step needs.
func (s *Session) awaited() *leg {
	switch a := s.try; a.step {
	case ringing, offering, passing:
		return a.party
	case announcing:
		return a.announce
	case rehearing:
		return s.peer
	}
	return s.caller
}

// answerOf is the answer in a 2xx. One without SDP repeats what the far end
// said before, which is better than to lose the call.
func (s *Session) answerOf(l *leg, sdp string) string {
	if sdp == "" {
		return l.remote
	}
	return sdp
}

// partyAnswered takes the party's first 2xx.
func (s *Session) partyAnswered(l *leg, sdp string) {
	a := s.try
	a.heldTill = s.after(holdTime)
	switch {
	case a.Announce && l.offering:
		s.ack(l, "")
		a.goTo(s, offering, holdTime)
		a.ask(l, "")
	case !l.offering:
		s.haveOffer(sdp)
	case s.caller.phase == called:
		if s.answerOf(l, sdp) == "" {
			s.fail(488, "a 2xx without an answer")
			return
		}
		s.ack(l, "")
		s.accept(s.caller, s.answerOf(l, sdp))
		s.connected()
	default:
		s.ack(l, "")
		s.toCaller()
	}
}

// haveOffer takes the party's offer: first to the announcement, then to the
// caller.
func (s *Session) haveOffer(sdp string) {
	a := s.try
	a.offer = sdp
	if a.Announce && a.announce == nil {
		a.goTo(s, announcing, announceTime)
		a.announce = s.invite(true, sdp)
		return
	}
	s.toCaller()
}

// toCaller joins the party, which is ready, to the caller.
func (s *Session) toCaller() {
	a, c := s.try, s.caller
	switch {
	case c.phase == called && !c.late:
		// Two offers meet, the caller's and perhaps the party's: the party's
		// is put on hold and it gets the caller's.
		if a.party.held {
			s.ack(a.party, hold(a.offer, ""))
		}
		a.goTo(s, passing, holdTime)
		a.ask(a.party, c.remote)
	case c.phase == called && a.party.held:
		a.goTo(s, awaiting, 0) // the leg's own 64*T1 bounds it
		s.accept(c, a.offer)
	case c.phase == called:
		a.goTo(s, offering, holdTime)
		a.ask(a.party, "")
	case a.party.held:
		a.goTo(s, joining, holdTime)
		a.ask(c, a.offer)
	case a.CallerOffer:
		a.goTo(s, asking, holdTime)
		a.ask(c, "")
	default:
		a.goTo(s, offering, holdTime)
		a.ask(a.party, "")
	}
}

// callerAcked takes the caller's answer to the party's offer.
func (s *Session) callerAcked(sdp string) {
	if sdp == "" {
		s.end(488, "the caller's ACK has no answer")
		return
	}
	s.ack(s.try.party, sdp)
	s.connected()
}

// connected ends an attempt well.
func (s *Session) connected() {
	a, old := s.try, s.peer
	s.try, s.peer, s.peerID = nil, a.party, a.ID
	s.hangup(old, 0, "")
	s.do(Connected{ID: a.ID})
}

// announceDone goes on to the caller after the announcement.
func (s *Session) announceDone() {
	s.do(AnnounceDone{ID: s.try.ID})
	s.toCaller()
}

// lostParty takes the end of a leg other than the caller and his party.
func (s *Session) lostParty(l *leg) {
	a := s.try
	switch {
	case a == nil:
	case l == a.announce && (a.step == playing || a.step == announcing):
		s.announceDone()
	case l == a.party:
		s.fail(480, "the party hung up")
	}
}
