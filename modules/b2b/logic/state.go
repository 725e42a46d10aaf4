package logic

import (
	"fmt"
	"time"
)

// State is everything of a [Session] that outlives a restart, for JSON. What
// was relayed and not answered is left out: its sender asks again.
type State struct {
	Legs    []LegState    `json:"legs"` // those that are gone are left out
	Peer    Leg           `json:"peer,omitzero"`
	PeerID  int           `json:"peer_id,omitzero"`
	Life    time.Time     `json:"life,omitzero"`
	Over    bool          `json:"over,omitzero"`
	Attempt *AttemptState `json:"attempt,omitempty"`
}

// LegState is a leg of a [State].
type LegState struct {
	ID       Leg      `json:"id"`
	Phase    int      `json:"phase"`
	Client   int      `json:"client,omitzero"`
	Offering bool     `json:"offering,omitzero"`
	Held     bool     `json:"held,omitzero"`
	Owed     bool     `json:"owed,omitzero"`
	Cancel   bool     `json:"cancel,omitzero"`
	Server   int      `json:"server,omitzero"`
	Late     bool     `json:"late,omitzero"`
	Remote   string   `json:"remote,omitzero"`
	Sent     string   `json:"sent,omitzero"`
	Origin   []string `json:"origin,omitempty"`
	Version  uint64   `json:"version,omitzero"`
}

// AttemptState is the running attempt of a [State]: enough to undo it.
type AttemptState struct {
	ID       int  `json:"id"`
	Step     int  `json:"step"`
	Party    Leg  `json:"party"`
	Announce Leg  `json:"announce,omitzero"`
	Moved    bool `json:"moved,omitzero"`
}

// State returns what a restart needs, now.
func (s *Session) State() State {
	st := State{PeerID: s.peerID, Life: s.life, Over: s.over}
	for _, l := range s.legs {
		if l.phase != gone {
			st.Legs = append(st.Legs, l.state())
		}
	}
	if s.peer != nil {
		st.Peer = s.peer.id
	}
	if a := s.try; a != nil {
		st.Attempt = &AttemptState{ID: a.ID, Step: int(a.step), Party: a.party.id, Moved: a.moved}
		if a.announce != nil {
			st.Attempt.Announce = a.announce.id
		}
	}
	return st
}

func (l *leg) state() LegState {
	st := LegState{
		ID: l.id, Phase: int(l.phase), Client: int(l.client), Offering: l.offering, Held: l.held, Owed: l.owed,
		Cancel: l.cancel, Late: l.late, Remote: l.remote,
		Sent: l.voice.sent, Origin: l.voice.origin, Version: l.voice.version,
	}
	if l.ref == 0 { // the caller's first INVITE; a re-INVITE is sent again
		st.Server = int(l.server)
	}
	if l.client == relayed || l.source != nil {
		st.Client = int(adrift)
	}
	return st
}

// Restore makes the session of a State. Nothing of it may go on the wire
// before [Resume] was taken. Lost names the legs whose far end did not survive
// either. The error says what is wrong with the State.
func Restore(now time.Time, cfg Config, st State, lost func(Leg) bool) (*Session, error) {
	s := &Session{cfg: cfg, now: now, peerID: st.PeerID, life: st.Life, over: st.Over, requests: map[int]request{}}
	for _, l := range st.Legs {
		if err := s.restoreLeg(l, lost(l.ID)); err != nil {
			return nil, err
		}
	}
	if len(s.legs) == 0 {
		s.legs = []*leg{{phase: gone}}
	}
	if s.legs[Caller].phase == gone && !s.over {
		return nil, fmt.Errorf("a session without its caller")
	}
	s.caller = s.legs[Caller]
	if p := s.leg(st.Peer); st.Peer != Caller && p.phase == up {
		s.peer = p
	}
	if a := st.Attempt; a != nil {
		s.try = &attempt{Connect: Connect{ID: a.ID}, step: step(a.Step), party: s.leg(a.Party), moved: a.Moved}
		if a.Announce != Caller {
			s.try.announce = s.leg(a.Announce)
		}
	}
	return s, nil
}

// maxLegs bounds what a damaged State may allocate.
const maxLegs = 100_000

func (s *Session) restoreLeg(st LegState, lost bool) error {
	if int(st.ID) < len(s.legs) || st.ID > maxLegs || st.Phase < 0 || st.Phase > int(gone) ||
		st.Client < 0 || st.Client > int(adrift) || st.Server < 0 || st.Server > int(answered) {
		return fmt.Errorf("leg %d makes no sense", st.ID)
	}
	for len(s.legs) < int(st.ID) {
		s.legs = append(s.legs, &leg{id: Leg(len(s.legs)), phase: gone})
	}
	l := &leg{
		id: st.ID, phase: phase(st.Phase), client: purpose(st.Client), offering: st.Offering, held: st.Held, owed: st.Owed,
		cancel: st.Cancel, server: server(st.Server), late: st.Late, remote: st.Remote,
		voice: voice{sent: st.Sent, origin: st.Origin, version: st.Version},
	}
	if len(l.voice.origin) != 0 && len(l.voice.origin) != 6 {
		return fmt.Errorf("leg %d has an origin of %d fields", st.ID, len(l.voice.origin))
	}
	if lost && l.id != Caller {
		*l = leg{id: l.id, phase: gone}
	}
	s.legs = append(s.legs, l)
	return nil
}

// Peer returns the attempt whose party the caller hears, or 0.
func (s *Session) Peer() (id int, l Leg) {
	if s.peer == nil {
		return 0, Caller
	}
	return s.peerID, s.peer.id
}

// Answered reports whether the caller's INVITE has its 2xx.
func (s *Session) Answered() bool { return s.caller.phase != called }

// Sent returns what the leg was told last.
func (s *Session) Sent(l Leg) string { return s.leg(l).voice.sent }

// resume undoes what was under way when the process before ended, and joins
// caller and party again where a re-INVITE was open.
func (s *Session) resume() {
	s.orphans()
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
		a = &attempt{party: s.leg(-1)}
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
