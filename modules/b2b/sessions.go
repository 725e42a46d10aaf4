package b2b

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mailbox"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// SessionOptions are what the owner of a session brings.
type SessionOptions struct {
	// Observer hears the events of the session, from its goroutine; it must
	// not block. Nil hears nothing.
	Observer func(Event)
	// Ctx are the values of $b2b_logic.ctx that a local_route sees.
	Ctx map[string]string
	// Keep is called from the session's goroutine whenever what a restart
	// needs has changed, with all of it, and with nil once nothing is left of
	// the call. It must not block for long. Nil: the session ends with the
	// process. See [Module.Restore] and [Module.Keeps].
	Keep func(k Key, state []byte)
}

// The errors of [Module.NewSession], besides those of [core.Msg.Own].
var (
	ErrNotInvite   = errors.New("a session begins with an initial INVITE")
	ErrFrom        = errors.New("the caller's From cannot be parsed")
	ErrContact     = errors.New("the caller's Contact cannot be parsed")
	ErrMaxForwards = errors.New("Max-Forwards is used up: answer 483")
	ErrExtension   = errors.New("the caller requires an extension that is not supported: answer 420")
	// ErrAnswered says that the request has been answered: 422, as the caller
	// wants its session refreshed more often than min_se allows. He calls
	// again with what the answer names.
	ErrAnswered = errors.New("the caller's Session-Expires is below min_se: answered 422")
	ErrStopped  = errors.New("the server is stopping")
	ErrFull     = errors.New("there are max_sessions sessions: answer 503")
)

// NewSession takes the caller's INVITE out of the script's hands. Nothing
// goes on the wire and no event is told before [Module.Open]; without it
// [Module.Release] gives the request back.
func (m *Module) NewSession(msg *core.Msg, o SessionOptions) (Key, error) {
	s, err := m.caller(msg.Req)
	if err != nil {
		return "", err
	}
	tx, err := msg.Own("b2b_logic")
	if err != nil {
		return "", err
	}
	s.snap.sender = m.sender(msg, s.snap.from.URI)
	s.msg, s.observer, s.keeper, s.ctx = msg, o.Observer, m.keeper(o), maps.Clone(o.Ctx)
	s.served[0] = &served{tx: tx, leg: s.legs[0]}
	if m.timers().tooBrief(msg.Req.Headers) {
		m.refuseBrief(tx)
		return "", ErrAnswered
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.stopped, m.retiring:
		err = ErrStopped
	case len(m.sessions) >= m.params.maxSessions: // callers must not grow us without bound
		err = ErrFull
	}
	if err != nil {
		msg.Disown()
		return "", err
	}
	m.sessions[s.key] = s
	return s.key, nil
}

// caller makes a session with the caller's leg from his INVITE.
func (m *Module) caller(req *sip.Request) (*session, error) {
	if req == nil || req.Method != sip.INVITE || req.ToTag() != "" {
		return nil, ErrNotInvite
	}
	from, err := req.From()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrom, err)
	}
	to, err := req.To()
	if err != nil {
		return nil, fmt.Errorf("To: %w", err)
	}
	contact, err := req.Contact()
	if err != nil || !contact.URI.IsSIP() {
		return nil, fmt.Errorf("%w: %q", ErrContact, req.Headers.Get("Contact"))
	}
	hops, err := maxForwards(req.Headers)
	if err != nil {
		return nil, err
	}
	if r := unsupported(req.Headers); r != "" {
		return nil, fmt.Errorf("%w: %s", ErrExtension, r)
	}
	s := &session{m: m, key: m.ids.key(), box: mailbox.New[func()](), done: make(chan struct{}), dests: map[int]Dest{},
		call:     call{hops: hops, passed: m.pass.take(req.Headers), offer: sdpOf(req.Headers, req.Body)},
		outgoing: outgoing{served: map[int]*served{}, replies: map[int]*sip.Response{}}}
	s.log = m.log.With("session", string(s.key), "call_id", req.CallID())
	s.snap = snapshot{from: from, to: to, uri: req.URI, callID: req.CallID(), source: req.Source.Addr().String(), socket: req.Socket}
	if s.snap.socket == nil {
		s.snap.socket = m.host.Endpoint().Sockets()[0]
	}
	cseq, _ := req.CSeq()
	local := to
	local.Params = append(sip.Params(nil), to.Params...)
	local.Params.Set("tag", m.ids.token())
	s.legs = []*leg{{
		s: s, role: "caller", born: time.Now(), socket: s.snap.socket,
		contact: m.contactFor(&s.snap, s.snap.socket, req.URI.User),
		dlg: dialog{callID: req.CallID(), local: local, remote: from, target: contact.URI,
			routes: recordRoutes(req.Headers), remoteCSeq: cseq},
	}}
	return s, nil
}

// maxForwards is the Max-Forwards of what is sent on behalf of a message.
func maxForwards(h sip.Headers) (int, error) {
	text := strings.TrimSpace(h.Get("Max-Forwards"))
	if text == "" {
		return 70, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return 0, ErrMaxForwards
	}
	return min(n, 256) - 1, nil
}

// Open lets the session run: from now on its events are told. It must be
// called once, or [Module.Release].
func (m *Module) Open(k Key) {
	s := m.session(k)
	if s == nil {
		return
	}
	m.mu.Lock()
	if s.open || m.stopped || m.retiring {
		m.mu.Unlock()
		if !s.open {
			m.Release(k)
		}
		return
	}
	s.open = true
	m.running.Add(1)
	m.mu.Unlock()
	if s.resumed {
		s.reopen()
		return
	}
	m.addDialog(s.legs[0])
	m.stats.active.Add(1)
	m.stats.total.Add(1)
	s.start()
	s.awaitCancel(s.served[0].tx, 0)
	go s.run()
}

// Release gives the request of a session that was not opened back to the
// script, and forgets the session. Of a restored one nothing is said on the
// wire.
func (m *Module) Release(k Key) {
	s := m.session(k)
	if s == nil {
		return
	}
	m.mu.Lock()
	if s.open {
		m.mu.Unlock()
		return
	}
	delete(m.sessions, k)
	m.mu.Unlock()
	if s.msg != nil {
		s.msg.Disown()
		return
	}
	s.drop()
}

// Connect takes the caller to a destination. An attempt that runs fails
// first. On a session that is not there it does nothing, as all calls below.
func (m *Module) Connect(k Key, d Dest) {
	m.post(k, func(s *session) {
		s.dests[d.ID] = d
		s.state, s.lastDest = cmp.Or(d.State, s.state), max(s.lastDest, d.ID)
		s.feed(logic.Connect{ID: d.ID, CallerOffer: d.Offer == CallerOffer, DropOld: d.DropOld,
			Announce: d.Announce != "", RingTimeout: d.RingTimeout})
	})
}

// Reply answers the caller. A final code ends the session without an event:
// an answered caller gets BYE instead.
func (m *Module) Reply(k Key, code int, reason string) {
	m.post(k, func(s *session) { s.feed(logic.Reply{Code: code, Reason: reason}) })
}

// Terminate ends every leg as its state needs. No event follows.
func (m *Module) Terminate(k Key) {
	m.post(k, func(s *session) { s.feed(logic.Terminate{}) })
}

// SetState sets what $cc_state shows to local_route.
func (m *Module) SetState(k Key, state string) {
	m.post(k, func(s *session) { s.state = state })
}

func (m *Module) post(k Key, do func(*session)) {
	if s := m.session(k); s != nil {
		s.box.Post(func() { do(s) })
	}
}
