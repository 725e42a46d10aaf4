package b2b

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// keptVersion is the form of what Keep is given.
const keptVersion = 1

// cseqMargin is what local sequence numbers jump by at a restart: more than
// the requests that a leg may send before its state is kept again.
const (
	cseqMargin = 100
	cseqDrift  = cseqMargin / 2
)

// kept is a session on disk.
type kept struct {
	Version int               `json:"v"`
	Key     Key               `json:"key"`
	Ctx     map[string]string `json:"ctx,omitempty"`
	State   string            `json:"state,omitzero"`
	Last    int               `json:"last,omitzero"` // greatest Dest.ID
	Hops    int               `json:"hops"`
	Passed  sip.Headers       `json:"passed,omitempty"`
	Caller  keptCaller        `json:"caller"`
	Legs    []keptLeg         `json:"legs"`
	Logic   logic.State       `json:"logic"`
}

// keptCaller is a [snapshot].
type keptCaller struct {
	From   string `json:"from"`
	To     string `json:"to"`
	URI    string `json:"uri"`
	CallID string `json:"call_id"`
	Source string `json:"source"`
	Socket string `json:"socket"`
}

// keptLeg is a [leg] that is not over.
type keptLeg struct {
	ID         logic.Leg    `json:"id"`
	Role       string       `json:"role"`
	Born       time.Time    `json:"born"`
	Socket     string       `json:"socket"`
	Contact    string       `json:"contact"`
	CallID     string       `json:"call_id"`
	Local      string       `json:"local"`
	Remote     string       `json:"remote"`
	Target     string       `json:"target"`
	Routes     []string     `json:"routes,omitempty"`
	CSeq       uint32       `json:"cseq"`
	RemoteCSeq uint32       `json:"remote_cseq,omitzero"`
	Client     *keptInvite  `json:"client,omitempty"`  // our INVITE whose 2xx has no ACK yet
	Request    *keptRequest `json:"request,omitempty"` // the caller's, until our 2xx has its ACK
}

// keptInvite is an [invitation].
type keptInvite struct {
	CSeq    uint32 `json:"cseq"`
	First   bool   `json:"first,omitzero"`
	Offered bool   `json:"offered,omitzero"`
	Done    bool   `json:"done,omitzero"`
	Tag     string `json:"tag,omitzero"`
	Branch  string `json:"branch"`
}

// keptRequest is what responses to the caller's INVITE need of it.
type keptRequest struct {
	URI     string      `json:"uri"`
	Headers sip.Headers `json:"headers"`
	Source  string      `json:"source"`
	Socket  string      `json:"socket"`
}

// keep gives the owner the state when it has changed.
func (s *session) keep() {
	if s.keeper == nil || !s.changed && !s.drifted() {
		return
	}
	s.changed = false
	if s.logic.Done() {
		s.forget()
		return
	}
	data, err := json.Marshal(s.kept())
	if err != nil { // strings and numbers: it cannot happen
		s.log.Error("a session cannot be kept", "err", err)
		return
	}
	s.keeper(s.key, data)
}

// forget tells the owner that nothing is left to keep.
func (s *session) forget() {
	if s.keeper != nil {
		s.keeper(s.key, nil)
		s.keeper = nil
	}
}

// drifted reports whether a leg has sent so much that its sequence number
// must be kept.
func (s *session) drifted() bool {
	for _, l := range s.legs {
		if !l.over && l.dlg.cseq-l.keptCSeq >= cseqDrift {
			return true
		}
	}
	return false
}

func (s *session) kept() kept {
	k := kept{
		Version: keptVersion, Key: s.key, Ctx: s.ctx, State: s.state, Last: s.lastDest, Hops: s.hops, Passed: s.passed,
		Caller: keptCaller{From: s.snap.from.String(), To: s.snap.to.String(), URI: s.snap.uri.String(),
			CallID: s.snap.callID, Source: s.snap.source, Socket: s.snap.socket.String()},
		Logic: s.logic.State(),
	}
	for _, st := range k.Logic.Legs {
		l := s.legs[st.ID]
		l.keptCSeq = l.dlg.cseq
		k.Legs = append(k.Legs, l.kept())
	}
	return k
}

func (l *leg) kept() keptLeg {
	k := keptLeg{
		ID: l.id, Role: l.role, Born: l.born, Contact: l.contact,
		CallID: l.dlg.callID, Local: l.dlg.local.String(), Remote: l.dlg.remote.String(), Target: l.dlg.target.String(),
		Routes: l.dlg.routes, CSeq: l.dlg.cseq, RemoteCSeq: l.dlg.remoteCSeq,
	}
	if l.socket != nil {
		k.Socket = l.socket.String()
	}
	if i := l.client; i != nil && i.ack == nil {
		k.Client = &keptInvite{CSeq: i.cseq, First: i.first, Offered: i.offered, Done: i.done, Tag: i.tag, Branch: i.branch}
	}
	switch r := l.s.served[0]; {
	case l.id != logic.Caller:
	case r != nil:
		k.Request = keepRequest(r.tx.Request())
	case l.answer != nil && l.answer.first:
		k.Request = keepRequest(l.answer.tx.Request())
	}
	return k
}

func keepRequest(req *sip.Request) *keptRequest {
	k := &keptRequest{URI: req.URI.String(), Source: req.Source.String()}
	if req.Socket != nil {
		k.Socket = req.Socket.String()
	}
	for _, h := range req.Headers {
		switch h.Name {
		case "Via", "From", "To", "Call-ID", "CSeq", "Record-Route", "Timestamp", "Max-Forwards":
			k.Headers = append(k.Headers, h)
		}
	}
	return k
}

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
	s.observer, s.keeper = o.Observer, o.Keep
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[s.key] != nil {
		return Restored{}, fmt.Errorf("%w: there is a session %s", errKept, s.key)
	}
	m.sessions[s.key] = s
	r := Restored{Key: s.key, Over: s.logic.Over(), Answered: s.logic.Answered(), Last: k.Last}
	if id, l := s.logic.Peer(); id != 0 {
		r.Peer, r.Role = id, s.legs[l].role
	}
	return r, nil
}

func (m *Module) restored(k *kept) (*session, error) {
	s := &session{
		m: m, key: k.Key, box: mailbox.New[func()](), dests: map[int]Dest{}, ctx: maps.Clone(k.Ctx), state: k.State, lastDest: k.Last,
		call:     call{hops: k.Hops, passed: k.Passed},
		outgoing: outgoing{served: map[int]*served{}, replies: map[int]*sip.Response{}},
		resumed:  true,
	}
	s.log = m.log.With("session", string(s.key), "call_id", k.Caller.CallID)
	var p parser
	s.snap = snapshot{from: p.address(k.Caller.From), to: p.address(k.Caller.To), uri: p.uri(k.Caller.URI),
		callID: k.Caller.CallID, source: k.Caller.Source, socket: m.socket(k.Caller.Socket)}
	var err error
	s.logic, err = logic.Restore(time.Now(), m.logicConfig(), k.Logic, func(id logic.Leg) bool { return m.lost(k, id) })
	if err != nil {
		return nil, err
	}
	for _, l := range k.Legs {
		s.restoreLeg(l, &p)
	}
	for _, st := range k.Logic.Legs {
		if int(st.ID) >= len(s.legs) || s.legs[st.ID].dlg.callID == "" {
			return nil, fmt.Errorf("leg %d has no dialog", st.ID)
		}
	}
	if len(s.legs) == 0 {
		s.legs = []*leg{{s: s, over: true, born: time.Now()}}
	}
	return s, p.err
}

// lost reports whether the far end of a leg was in the process that ended,
// and ended with it: the built-in player.
func (m *Module) lost(k *kept, id logic.Leg) bool {
	for _, l := range k.Legs {
		if u, err := sip.ParseURI(l.Target); l.ID == id && id != logic.Caller && err == nil {
			return m.host.IsMyself(u.Host, u.Port)
		}
	}
	return false
}

func (s *session) restoreLeg(k keptLeg, p *parser) {
	if int(k.ID) < len(s.legs) || k.ID > 100_000 {
		p.fail(fmt.Errorf("leg %d makes no sense", k.ID))
		return
	}
	for len(s.legs) < int(k.ID) {
		s.legs = append(s.legs, &leg{s: s, id: logic.Leg(len(s.legs)), over: true})
	}
	l := &leg{s: s, id: k.ID, role: k.Role, born: k.Born, contact: k.Contact, socket: s.m.socket(k.Socket), dlg: dialog{
		callID: k.CallID, local: p.address(k.Local), remote: p.address(k.Remote), target: p.uri(k.Target),
		routes: k.Routes, cseq: k.CSeq + cseqMargin, remoteCSeq: k.RemoteCSeq,
	}}
	l.keptCSeq = l.dlg.cseq
	if c := k.Client; c != nil {
		l.client = &invitation{cseq: c.CSeq, first: c.First, offered: c.Offered, done: c.Done, tag: c.Tag, branch: c.Branch}
	}
	if r := k.Request; r != nil {
		l.request0 = &sip.Request{Method: sip.INVITE, URI: p.uri(r.URI), Headers: r.Headers, Socket: s.m.socket(r.Socket)}
		var err error
		if l.request0.Source, err = netip.ParseAddrPort(r.Source); err != nil {
			p.fail(err)
		}
	}
	s.legs = append(s.legs, l)
}

// socket finds a socket by its name. One that is no longer listened on is
// replaced by the first.
func (m *Module) socket(name string) *sip.Socket {
	all := m.host.Endpoint().Sockets()
	for _, s := range all {
		if s.String() == name {
			return s
		}
	}
	return all[0]
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
