package logic

// phase is where a leg is in its life.
type phase int

const (
	called  phase = iota // the caller's INVITE has no final response
	calling              // our first INVITE has no final response
	up                   // a dialog
	leaving              // ended by us, but the wire does not allow the BYE yet
	gone
)

// purpose says what our open INVITE on a leg is for.
type purpose int

const (
	idle       purpose = iota
	attempted          // the running attempt
	relayed            // a re-INVITE of the leg in source
	adrift             // nothing any more: only its end is awaited
	refreshing         // the session timer (timer.go)
)

// server is the state of the INVITE that a leg sent us.
type server int

const (
	none     server = iota
	pending         // no final response yet
	answered        // 2xx sent, no ACK yet
)

// leg is one dialog, as far as offers and answers go.
type leg struct {
	id    Leg
	phase phase

	client   purpose // our INVITE without a final response
	offering bool    // our last INVITE carried an offer
	held     bool    // its 2xx waits for our ACK
	owed     bool    // which must carry the answer to the offer in the 2xx
	cancel   bool    // it was cancelled

	server server
	ref    int  // of the INVITE in server; 0 is the first one
	late   bool // that INVITE had no offer: ours is in the 2xx

	source *leg   // whose re-INVITE client (or held) is for
	remote string // the last description from the leg
	voice  voice  // what we say to it

	silence
	timer
}

// free reports whether a new INVITE may be sent to the leg.
func (l *leg) free() bool {
	return l.phase == up && l.client == idle && !l.held && l.server == none
}

// invite sends the first INVITE of a leg.
func (s *Session) invite(announce bool, sdp string) *leg {
	l := &leg{id: Leg(len(s.legs)), phase: calling, client: attempted, offering: sdp != ""}
	s.legs = append(s.legs, l)
	s.do(Invite{Leg: l.id, ID: s.try.ID, Announce: announce, SDP: l.voice.say(sdp)})
	return l
}

// reinvite sends a re-INVITE; the leg must be free.
func (s *Session) reinvite(l *leg, p purpose, sdp string) {
	l.client, l.cancel, l.offering = p, false, sdp != ""
	if sdp != "" {
		before := l.voice.sent
		if before == "" {
			before = l.remote
		}
		sdp = l.voice.say(fitOffer(sdp, before))
	}
	s.do(ReInvite{Leg: l.id, SDP: sdp})
}

// ack acknowledges the 2xx that is held. answer is left out when the offer
// was ours.
func (s *Session) ack(l *leg, answer string) {
	l.held, l.source = false, nil
	switch {
	case !l.owed:
		answer = ""
	case answer == "": // somebody broke the rules; we do not
		answer = hold(l.remote, l.voice.sent)
		fallthrough
	default:
		answer = l.voice.say(fitAnswer(answer, l.remote))
		l.voice.agreed = answer
	}
	s.do(Ack{Leg: l.id, SDP: answer})
}

// accept answers the INVITE that the leg has open: with an answer, or with an
// offer when the INVITE had none.
func (s *Session) accept(l *leg, sdp string) {
	if l.late {
		sdp = fitOffer(sdp, l.voice.sent)
	} else {
		sdp = fitAnswer(sdp, l.remote)
	}
	l.server = answered
	if l.phase == called {
		l.phase = up
		s.life = s.after(s.cfg.MaxDuration)
		s.listen(l)
	}
	l.voice.agreed = l.voice.say(sdp)
	s.do(Answer{Leg: l.id, Ref: l.ref, SDP: l.voice.agreed})
}

// reject refuses the INVITE that the leg has open.
func (s *Session) reject(l *leg, code int, reason string) {
	l.server = none
	s.do(Reject{Leg: l.id, Ref: l.ref, Code: code, Reason: reason})
}

// cancelInvite cancels our open INVITE, once.
func (s *Session) cancelInvite(l *leg) {
	if l.client == idle || l.cancel {
		return
	}
	l.cancel, l.client, l.source = true, adrift, nil
	s.do(Cancel{Leg: l.id})
}

// hangup ends a leg, whatever its state; a second time is harmless.
func (s *Session) hangup(l *leg, code int, reason string) {
	if l == nil || l.phase == gone || l.phase == leaving {
		return
	}
	s.unbind(l)
	switch l.phase {
	case called:
		l.phase = gone
		s.reject(l, code, reason)
	case calling:
		l.phase = leaving
		s.cancelInvite(l)
	default:
		s.close(l)
	}
}

// close ends a dialog. A BYE may not overtake the ACK of the 2xx that made
// the dialog (RFC 3261 section 15); then it follows the ACK.
func (s *Session) close(l *leg) {
	if l.server == pending {
		s.reject(l, 487, "")
	}
	if l.held {
		s.ack(l, refuse(l.remote))
	}
	if l.client != idle {
		l.client = adrift
	}
	if l.server == answered && l.ref == 0 {
		l.phase = leaving
		return
	}
	l.phase = gone
	s.do(HangUp{Leg: l.id})
}

// left notes that the far end has ended the leg. What it has open is settled.
func (s *Session) left(l *leg) {
	s.unbind(l)
	if l.server == pending {
		s.reject(l, 487, "")
	}
	if l.held {
		s.ack(l, refuse(l.remote))
	}
	if l.client != idle {
		l.client = adrift
	}
	l.server, l.phase = none, gone
}

// unbind settles what other legs have open on behalf of l, and what l has
// open on behalf of another.
func (s *Session) unbind(l *leg) {
	s.dropRequests(l)
	for _, o := range s.legs {
		if o.source != l {
			continue
		}
		if o.held {
			s.ack(o, hold(o.remote, o.voice.sent))
		}
		s.cancelInvite(o)
		o.source = nil
	}
	if from := l.source; from != nil {
		l.source = nil
		if from.server == pending {
			s.acceptAlone(from)
		}
	}
}

// acceptAlone answers a re-INVITE when there is nobody to ask: the offer is
// put on hold; without an offer, ours is what the leg heard last.
func (s *Session) acceptAlone(l *leg) {
	sdp := l.voice.sent
	if !l.late {
		sdp = hold(l.remote, l.voice.sent)
	}
	if sdp == "" {
		s.reject(l, 488, "")
		return
	}
	s.accept(l, sdp)
}
