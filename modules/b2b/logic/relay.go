package logic

// request is one that was relayed and has no response yet.
type request struct {
	from, to *leg
	offer    string // of an UPDATE
}

// partner returns the leg that l talks with, or nil.
func (s *Session) partner(l *leg) *leg {
	a := s.try
	var p *leg
	switch {
	case l == s.caller:
		p = s.peer
	case l == s.peer:
		p = s.caller
	case a != nil && a.step == playing && l == a.party:
		p = a.announce
	case a != nil && a.step == playing && l == a.announce:
		p = a.party
	}
	if p == nil || p.phase != up {
		return nil
	}
	return p
}

func (s *Session) respond(l *leg, ref, code int) {
	r := Respond{Leg: l.id, Ref: ref, Code: code, RetryAfter: -1}
	if code == 500 {
		r.RetryAfter = s.cfg.Rand(10)
	}
	s.do(r)
}

// offered takes a re-INVITE: it is relayed to the leg's partner, and answered
// here when there is none.
func (s *Session) offered(l *leg, ev Offered) {
	switch {
	case l.phase != up:
		s.respond(l, ev.Ref, 481)
		return
	case l.server == pending:
		s.respond(l, ev.Ref, 500) // RFC 3261 section 14.2
		return
	case l.server == answered, l.client != idle, l.held, s.updating(l, l):
		s.respond(l, ev.Ref, 491)
		return
	}
	to := s.partner(l)
	if to != nil && !to.free() {
		s.respond(l, ev.Ref, 491)
		return
	}
	l.server, l.ref, l.late = pending, ev.Ref, ev.SDP == ""
	if ev.SDP != "" {
		l.remote = ev.SDP
	}
	if to == nil {
		s.acceptAlone(l)
		return
	}
	to.source = l
	s.reinvite(to, relayed, ev.SDP)
}

// relayAnswered takes the 2xx to a re-INVITE that was relayed to l.
func (s *Session) relayAnswered(l *leg, sdp string) {
	from := l.source
	if from == nil || from.server != pending {
		s.ack(l, s.alone(l, sdp))
		return
	}
	if !from.late {
		s.ack(l, "")
		s.accept(from, s.answerOf(l, sdp))
		return
	}
	if sdp == "" {
		s.ack(l, "")
		s.reject(from, 488, "")
		return
	}
	s.accept(from, sdp) // its ACK brings the answer; l stays held
}

// relayRefused takes the refusal of a re-INVITE that was relayed to l. One
// that ends l's dialog must not end the other's as well.
func (s *Session) relayRefused(l *leg, code int, reason string) {
	if code == 408 || code == 481 {
		s.hangup(l, 0, "")
		s.lost(l)
		return
	}
	from := l.source
	l.source = nil
	if from != nil && from.server == pending {
		s.reject(from, code, reason)
	}
}

// requested takes a request inside the dialog other than INVITE, ACK, BYE and
// CANCEL.
func (s *Session) requested(l *leg, ev Requested) {
	if l.phase != up {
		s.respond(l, ev.Ref, 481)
		return
	}
	switch ev.Method {
	case "OPTIONS":
		s.respond(l, ev.Ref, 200)
	case "REFER":
		s.respond(l, ev.Ref, 603)
	case "INFO", "MESSAGE", "NOTIFY":
		s.relayRequest(l, ev)
	case "UPDATE":
		s.update(l, ev)
	default:
		s.respond(l, ev.Ref, 405)
	}
}

func (s *Session) relayRequest(l *leg, ev Requested) {
	to := s.partner(l)
	switch {
	case to != nil:
		s.requests[ev.Ref] = request{l, to, ev.SDP}
		if ev.SDP != "" {
			ev.SDP = to.voice.say(fitOffer(ev.SDP, to.voice.sent))
		}
		s.do(Relay{To: to.id, Ref: ev.Ref, SDP: ev.SDP})
	case ev.Method == "INFO": // a key pressed while nobody listens
		s.respond(l, ev.Ref, 200)
	default:
		s.respond(l, ev.Ref, 480)
	}
}

// update takes an UPDATE (RFC 3311): with an offer it obeys the same glare
// rules as a re-INVITE.
func (s *Session) update(l *leg, ev Requested) {
	to := s.partner(l)
	switch {
	case ev.SDP == "": // it refreshes this leg, and says nothing to the other
		s.respond(l, ev.Ref, 200)
	case l.client != idle || l.held || s.updating(nil, l):
		s.respond(l, ev.Ref, 491)
	case l.server != none || s.updating(l, nil):
		s.respond(l, ev.Ref, 500)
	case to != nil && (!to.free() || s.updating(to, nil)):
		s.respond(l, ev.Ref, 491)
	case to != nil:
		s.relayRequest(l, ev)
	default:
		l.remote = ev.SDP
		l.voice.agreed = l.voice.say(hold(ev.SDP, l.voice.sent))
		s.do(Respond{Leg: l.id, Ref: ev.Ref, Code: 200, RetryAfter: -1, SDP: l.voice.agreed})
	}
}

// updating reports whether an UPDATE with an offer is on its way from one leg,
// or to the other.
func (s *Session) updating(from, to *leg) bool {
	for _, r := range s.requests {
		if r.offer != "" && (r.from == from || r.to == to) {
			return true
		}
	}
	return false
}

// replied takes the response to a relayed request. One that would end the
// dialog it is passed to (RFC 5057) becomes a 480.
func (s *Session) replied(ev Replied) {
	r, ok := s.requests[ev.Ref]
	if !ok {
		return
	}
	delete(s.requests, ev.Ref)
	if ev.Code == 408 || ev.Code == 481 {
		s.respond(r.from, ev.Ref, 480)
		return
	}
	if r.offer != "" && ev.Code < 300 {
		r.from.remote = r.offer
		if ev.SDP != "" {
			r.to.remote = ev.SDP
			r.to.voice.agreed = r.to.voice.sent
			ev.SDP = r.from.voice.say(fitAnswer(ev.SDP, r.offer))
			r.from.voice.agreed = ev.SDP
		}
	}
	s.do(RelayReply{Ref: ev.Ref, SDP: ev.SDP})
}

// dropRequests answers what was relayed from or to a leg that ends.
func (s *Session) dropRequests(l *leg) {
	for len(s.requests) > 0 {
		ref := -1 // in order, so that equal histories give equal actions
		for n, r := range s.requests {
			if (r.from == l || r.to == l) && (ref < 0 || n < ref) {
				ref = n
			}
		}
		if ref < 0 {
			return
		}
		from := s.requests[ref].from
		delete(s.requests, ref)
		code := 480
		if from == l {
			code = 487
		}
		s.respond(from, ref, code)
	}
}
