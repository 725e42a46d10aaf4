package core

import (
	"errors"
	"sync"

	"github.com/sipd/sipd/core/sip"
)

// Msg is one message in a route, with what the script has done to it. It
// belongs to the goroutine that runs the route; after Own the request belongs
// to the module that took it.
type Msg struct {
	// Req is the request. Nil in routes without one (timer, event, startup).
	Req *sip.Request
	// Kind is the kind of route that runs.
	Kind Routes
	// Call is set in a local_route of a B2B leg.
	Call *CallInfo
	// AVPs are the transaction's attribute-value pairs, last pushed first.
	AVPs map[string][]any
	// ReplyHeaders go into the reply that the script sends (append_hf).
	ReplyHeaders sip.Headers

	tx sip.ServerRequest

	mu      sync.Mutex
	owner   string // who took the request out of the script's hands
	replied int    // the final code sent, or 0
}

// The errors of [Msg.Reply] and [Msg.Own].
var (
	ErrOwned   = errors.New("the request belongs to a module now; the script may not answer it")
	ErrReplied = errors.New("the request has its final reply already")
	ErrNoReply = errors.New("there is no request to reply to here")
)

// NewMsg wraps a request that came in.
func NewMsg(tx sip.ServerRequest) *Msg {
	return &Msg{Req: tx.Request(), Kind: RequestRoute, tx: tx}
}

// Reply answers the request with the reply headers collected so far. After a
// final reply, or once a module owns the request, it changes nothing and says
// so.
func (m *Msg) Reply(code int, reason string) error {
	if m.tx == nil || m.Req.Method == sip.ACK {
		return ErrNoReply
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.owner != "":
		return ErrOwned
	case m.replied != 0:
		return ErrReplied
	}
	res := sip.NewResponse(m.Req, code, reason, "")
	res.Headers = append(res.Headers, m.ReplyHeaders...)
	if err := m.tx.Respond(res); err != nil {
		return err
	}
	if res.IsFinal() {
		m.replied = code
	}
	return nil
}

// Own takes the request out of the script's hands and returns its
// transaction. A request can be owned once, and not after a final reply.
func (m *Msg) Own(module string) (sip.ServerRequest, error) {
	if m.tx == nil {
		return nil, ErrNoReply
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.owner != "":
		return nil, ErrOwned
	case m.replied != 0:
		return nil, ErrReplied
	}
	m.owner = module
	return m.tx, nil
}

// Disown gives the request back to the script after an Own that came to
// nothing.
func (m *Msg) Disown() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owner = ""
}

// Settled reports whether the request has its final reply or an owner, so
// that the end of the route leaves nothing to do.
func (m *Msg) Settled() bool {
	if m.tx == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owner != "" || m.replied != 0
}
