package logic

import (
	"fmt"
	"time"
)

// State is everything of a [Session] that outlives a restart, for JSON. What
// was relayed and not answered is left out: its sender asks again.
type State struct {
	Count   int           `json:"count"` // of legs ever: the next one has this number
	Legs    []LegState    `json:"legs"`  // those that are not gone, in order
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
	Ref      int      `json:"ref,omitzero"` // of the INVITE in Server
	Late     bool     `json:"late,omitzero"`
	Remote   string   `json:"remote,omitzero"`
	Sent     string   `json:"sent,omitzero"`
	Origin   []string `json:"origin,omitempty"`
	Version  uint64   `json:"version,omitzero"`

	Refresh time.Time `json:"refresh,omitzero"`
	Expire  time.Time `json:"expire,omitzero"`
	Update  bool      `json:"update,omitzero"`
}

// AttemptState is the running attempt of a [State]: enough to undo it.
type AttemptState struct {
	ID       int  `json:"id"`
	Step     int  `json:"step"`
	Party    Leg  `json:"party"`
	Announce Leg  `json:"announce,omitzero"`
	Moved    bool `json:"moved,omitzero"`
	Mending  bool `json:"mending,omitzero"`
}

// State returns what a restart needs, now.
func (s *Session) State() State {
	st := State{Count: len(s.legs), PeerID: s.peerID, Life: s.life, Over: s.over}
	for _, l := range s.legs {
		if l.phase != gone {
			st.Legs = append(st.Legs, l.state())
		}
	}
	if s.peer != nil {
		st.Peer = s.peer.id
	}
	if a := s.try; a != nil {
		st.Attempt = &AttemptState{ID: a.ID, Step: int(a.step), Party: a.party.id, Moved: a.moved, Mending: a.mending}
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
		Refresh: l.refresh, Expire: l.expire, Update: l.update,
	}
	if l.server != none {
		st.Server, st.Ref = int(l.server), l.ref
	}
	if l.client == relayed { // for a re-INVITE that a restart refuses
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
	if st.Count < max(1, len(s.legs)) || st.Count > maxLegs {
		return nil, fmt.Errorf("%d legs make no sense", st.Count)
	}
	s.pad(st.Count)
	if s.legs[Caller].phase == gone && !s.over {
		return nil, fmt.Errorf("a session without its caller")
	}
	s.caller = s.legs[Caller]
	if p := s.leg(st.Peer); st.Peer != Caller && p.phase == up {
		s.peer = p
	}
	if a := st.Attempt; a != nil {
		s.try = &attempt{Connect: Connect{ID: a.ID}, step: step(a.Step), party: s.leg(a.Party), moved: a.Moved, mending: a.Mending}
		if a.Announce != Caller {
			s.try.announce = s.leg(a.Announce)
		}
	}
	return s, nil
}

// maxLegs bounds what a damaged State may allocate.
const maxLegs = 100_000

func (s *Session) restoreLeg(st LegState, lost bool) error {
	if int(st.ID) < len(s.legs) || st.ID >= maxLegs || st.Phase < 0 || st.Phase > int(gone) ||
		st.Client < 0 || st.Client > int(refreshing) || st.Server < 0 || st.Server > int(answered) {
		return fmt.Errorf("leg %d makes no sense", st.ID)
	}
	s.pad(int(st.ID))
	l := &leg{
		id: st.ID, phase: phase(st.Phase), client: purpose(st.Client), offering: st.Offering, held: st.Held, owed: st.Owed,
		cancel: st.Cancel, server: server(st.Server), ref: st.Ref, late: st.Late, remote: st.Remote,
		voice: voice{sent: st.Sent, agreed: st.Sent, origin: st.Origin, version: st.Version},
	}
	s.rewatch(l, st)
	if len(l.voice.origin) != 0 && len(l.voice.origin) != 6 {
		return fmt.Errorf("leg %d has an origin of %d fields", st.ID, len(l.voice.origin))
	}
	if lost && l.id != Caller {
		*l = leg{id: l.id, phase: gone}
	}
	s.legs = append(s.legs, l)
	return nil
}

// pad adds legs that are gone until there are n.
func (s *Session) pad(n int) {
	for len(s.legs) < n {
		s.legs = append(s.legs, &leg{id: Leg(len(s.legs)), phase: gone})
	}
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

// Serves reports whether the leg waits for the final response to its INVITE.
func (s *Session) Serves(l Leg) bool { return s.leg(l).server == pending }

// Sent returns what the leg was told last.
func (s *Session) Sent(l Leg) string { return s.leg(l).voice.sent }
