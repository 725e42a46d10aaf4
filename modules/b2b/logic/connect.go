package logic

import "time"

// connect starts an attempt. One that runs is undone first.
func (s *Session) connect(c Connect) {
	if s.over {
		return
	}
	if s.try != nil {
		if s.next != nil {
			s.do(ConnectFailed{ID: s.next.ID, Code: 487, Reason: "replaced"})
		}
		s.next = &c
		if s.try.step != awaiting { // which ends by itself, and well
			s.fail(487, "replaced")
		}
		return
	}
	s.start(c)
}

func (s *Session) start(c Connect) {
	if c.RingTimeout <= 0 {
		c.RingTimeout = s.cfg.RingTimeout
	}
	s.try = &attempt{Connect: c, deadline: s.after(c.RingTimeout)}
	if c.DropOld && s.peer != nil {
		s.dropPeer()
	}
	offer := ""
	if !c.Announce && s.caller.phase == called || c.CallerOffer {
		offer = s.caller.remote
	}
	if s.caller.phase == called && s.caller.voice.sent != "" {
		s.caller.voice = voice{}
		s.do(Refork{})
	}
	s.try.party = s.invite(false, offer)
}

// dropPeer hangs up the present party; the owner knows.
func (s *Session) dropPeer() {
	old := s.peer
	s.peer = nil
	s.hangup(old, 0, "")
}

// goTo enters a step that may last d; 0 is for ever.
func (a *attempt) goTo(s *Session, next step, d time.Duration) {
	a.step, a.deadline = next, s.after(d)
	if a.party.held && d > 0 {
		a.deadline = earlier(a.deadline, a.heldTill)
	}
}

// ask has a leg re-INVITEd as soon as it is free.
func (a *attempt) ask(l *leg, sdp string) {
	a.want, a.wantSDP, a.notBefore = l, sdp, time.Time{}
}

// settle sends the re-INVITE that waited for its leg, and starts what waited
// for the attempt before it.
func (s *Session) settle() {
	if s.over {
		return
	}
	if a := s.try; a != nil && a.want != nil && a.want.free() && !s.now.Before(a.notBefore) {
		l := a.want
		a.want = nil
		s.reinvite(l, attempted, a.wantSDP)
	}
	s.refreshes()
	if s.try == nil && s.next != nil {
		c := *s.next
		s.next = nil
		s.start(c)
	}
}
