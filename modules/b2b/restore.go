package b2b

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// maxLegs bounds what a damaged state may allocate.
const maxLegs = 100_000

// Restored says what a kept session holds.
type Restored struct {
	Key      Key
	Over     bool   // its call has ended, and only its legs have to be: open it, and hear no event
	Answered bool   // the caller's INVITE has its 2xx
	Peer     int    // Dest.ID of the party that the caller hears; 0: nobody, or not any more
	Role     string // of that party
	Last     int    // greatest Dest.ID ever used: new ones must be greater
}

// errKept is wrapped by the errors of [Module.Restore].
var errKept = errors.New("the kept session cannot be used")

// Restore makes a session from what [SessionOptions].Keep was given by an
// earlier process. Nothing goes on the wire and no event is told before
// [Module.Open]; then an attempt that was under way is undone. The options
// replace those of before, except Ctx.
func (m *Module) Restore(state []byte, o SessionOptions) (Restored, error) {
	var k kept
	if err := json.Unmarshal(state, &k); err != nil {
		return Restored{}, fmt.Errorf("%w: %w", errKept, err)
	}
	if k.Version != keptVersion {
		return Restored{}, fmt.Errorf("%w: it has version %d, this sipd reads %d", errKept, k.Version, keptVersion)
	}
	s, err := m.restored(&k)
	if err != nil {
		return Restored{}, fmt.Errorf("%w: %w", errKept, err)
	}
	s.observer, s.keeper = o.Observer, m.keeper(o)
	m.mu.Lock()
	_, twice := m.sessions[s.key]
	if !twice {
		m.sessions[s.key] = s
	}
	m.mu.Unlock()
	if twice {
		return Restored{}, fmt.Errorf("%w: there is a session %s", errKept, s.key)
	}
	for _, l := range s.legs {
		l.takeUp()
	}
	r := Restored{Key: s.key, Over: s.logic.Over(), Answered: s.logic.Answered(), Last: k.Last}
	if id, l := s.logic.Peer(); id != 0 {
		r.Peer, r.Role = id, s.legs[l].role
	}
	return r, nil
}

func (m *Module) restored(k *kept) (*session, error) {
	s := &session{
		m: m, key: k.Key, box: mailbox.New[func()](), done: make(chan struct{}), dests: map[int]Dest{}, ctx: maps.Clone(k.Ctx), state: k.State, lastDest: k.Last,
		call:     call{hops: k.Hops, passed: k.Passed},
		outgoing: outgoing{served: map[int]*served{}, replies: map[int]*sip.Response{}},
		resumed:  true,
	}
	s.log = m.log.With("session", string(s.key), "call_id", k.Caller.CallID)
	var p parser
	from := p.address(k.Caller.From)
	s.snap = snapshot{from: from, sender: p.uri(cmp.Or(k.Caller.Sender, from.URI.String())), to: p.address(k.Caller.To), uri: p.uri(k.Caller.URI),
		callID: k.Caller.CallID, source: k.Caller.Source, socket: m.socket(k.Caller.Socket)}
	var err error
	s.logic, err = logic.Restore(time.Now(), m.logicConfig(), k.Logic, func(id logic.Leg) bool { return m.lost(k, id) })
	if err != nil {
		return nil, err
	}
	for _, l := range k.Legs {
		s.restoreLeg(l, &p)
	}
	if len(s.legs) > k.Logic.Count {
		return nil, fmt.Errorf("%d legs, want at most %d", len(s.legs), k.Logic.Count)
	}
	s.pad(k.Logic.Count)
	for _, st := range k.Logic.Legs {
		l := s.legs[st.ID]
		switch lost := m.lost(k, st.ID); {
		case lost:
			l.over = true
		case l.over:
			return nil, fmt.Errorf("leg %d has ended, and has not", st.ID)
		case l.client == nil && (st.Held || st.Client != 0):
			return nil, fmt.Errorf("leg %d has no INVITE", st.ID)
		}
		l.restoreServer(st)
	}
	return s, p.err
}

// pad adds legs that are over until there are n.
func (s *session) pad(n int) {
	for len(s.legs) < n {
		s.legs = append(s.legs, &leg{s: s, id: logic.Leg(len(s.legs)), born: time.Now(), over: true})
	}
}

// lost reports whether nobody is at the other end of a leg: it was in the
// process that ended (the built-in player), or was never invited.
func (m *Module) lost(k *kept, id logic.Leg) bool {
	for _, l := range k.Legs {
		if u, err := sip.ParseURI(l.Target); l.ID == id && err == nil {
			return id != logic.Caller && m.host.IsMyself(u.Host, cmp.Or(u.Port, 5060))
		}
	}
	return true
}

func (s *session) restoreLeg(k keptLeg, p *parser) {
	if int(k.ID) < len(s.legs) || k.ID >= maxLegs || k.CSeq > maxCSeq {
		p.fail(fmt.Errorf("leg %d makes no sense", k.ID))
		return
	}
	s.pad(int(k.ID))
	l := &leg{s: s, id: k.ID, role: k.Role, born: k.Born, contact: k.Contact, socket: s.m.socket(k.Socket), timer: k.Timer, dlg: dialog{
		callID: k.CallID, local: p.address(k.Local), remote: p.address(k.Remote), target: p.uri(k.Target),
		routes: k.Routes, cseq: k.CSeq + cseqMargin, remoteCSeq: k.RemoteCSeq, tolerant: true,
	}}
	l.keptCSeq, l.keptRemoteCSeq = l.dlg.cseq, l.dlg.remoteCSeq
	l.leaving, l.over = k.Bye, k.Bye
	if k.Client != nil {
		l.restoreInvite(k.Client, p)
	}
	if r := k.Request; r != nil {
		l.request0 = &sip.Request{Method: sip.INVITE, URI: p.uri(r.URI), Headers: r.Headers, Socket: s.m.socket(r.Socket), Source: p.addr(r.Source)}
	}
	s.legs = append(s.legs, l)
}

// restoreInvite makes our last INVITE of a leg again.
func (l *leg) restoreInvite(k *keptInvite, p *parser) {
	i := &invitation{cseq: k.CSeq, first: k.First, offered: k.Offered, done: k.Done, tag: k.Tag, until: k.Until, uri: k.URI}
	if i.uri == "" {
		i.uri = l.dlg.target.String()
	}
	p.uri(i.uri)
	if k.Branch != "" {
		i.sent.Store(&sip.Sent{Branch: k.Branch, Socket: l.s.m.socket(k.Socket), Addr: p.addr(k.Addr)})
	}
	l.client = i
	if !k.Acked {
		return
	}
	answer := ""
	if k.Answer {
		answer = l.s.logic.Sent(l.id)
	}
	i.ack = l.makeACK(&l.dlg, i.cseq, answer)
}

// restoreServer prepares the transaction of the INVITE that the leg has open.
func (l *leg) restoreServer(st logic.LegState) {
	l.ref0 = st.Ref
	l.s.lastRef = max(l.s.lastRef, st.Ref)
	if st.Server == 0 || l.over {
		l.request0 = nil
	}
}

// socket finds a socket by its name. One that is no longer listened on is
// replaced by the first of its transport, or the first of all.
func (m *Module) socket(name string) *sip.Socket {
	all := m.host.Endpoint().Sockets()
	found := all[0]
	proto, _, _ := strings.Cut(name, ":")
	for _, s := range slices.Backward(all) {
		if s.Proto == proto {
			found = s
		}
	}
	for _, s := range all {
		if s.String() == name {
			found = s
		}
	}
	return found
}

// parser parses many things and keeps the first error.
type parser struct{ err error }

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) address(text string) sip.Address {
	a, err := sip.ParseAddress(text)
	if err != nil {
		p.fail(err)
	}
	return a
}

func (p *parser) uri(text string) sip.URI {
	u, err := sip.ParseURI(text)
	if err != nil {
		p.fail(err)
	}
	return u
}

func (p *parser) addr(text string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		p.fail(err)
	}
	return a
}
