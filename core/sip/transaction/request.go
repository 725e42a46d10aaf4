package transaction

import (
	"strconv"

	"github.com/sipd/sipd/core/sip"
)

// retryAfter is what a 503 tells a client, in seconds: long enough for a wave
// of completed transactions to pass (Timer J).
const retryAfter = 30

// HandleRequest takes a request that a transport received. Socket and Source
// must be set; received and rport are added here (RFC 3581). The layer owns
// req from here on. The handler is called before HandleRequest returns.
func (l *Layer) HandleRequest(req *sip.Request) {
	via, err := req.Headers.TopVia()
	if err != nil {
		l.malformed(req, err)
		return
	}
	via.Stamp(req.Source)
	req.Headers.SetTopVia(via)
	if err := check(req); err != nil {
		l.malformed(req, err)
		l.answer(req, serverKey(req, via, req.Method), 400)
		return
	}
	switch req.Method {
	case sip.ACK:
		l.handleACK(req, serverKey(req, via, sip.INVITE))
	case sip.CANCEL:
		l.handleCANCEL(req, serverKey(req, via, sip.INVITE))
	default:
		l.handleOther(req, serverKey(req, via, req.Method))
	}
}

func (l *Layer) malformed(req *sip.Request, err error) {
	l.stats.malformed.Add(1)
	l.opt.Log.Debug("malformed request", "method", req.Method, "from", req.Source, "error", err)
}

func (l *Layer) handleOther(req *sip.Request, key string) {
	s, is := l.openServer(req, key)
	switch is {
	case known:
		s.retransmitted()
	case merged:
		l.stats.merged.Add(1)
		l.answer(req, key, 482)
	case full:
		l.stats.rejected.Add(1)
		l.answer(req, key, 503)
	case opened:
		l.stats.server.Add(1)
		s.begin()
		l.opt.Handler(&serverRequest{s, req})
	}
}

// opening is what openServer found.
type opening int

const (
	opened opening = iota
	known
	merged
	full
	closed
)

func (l *Layer) openServer(req *sip.Request, key string) (*server, opening) {
	merge := mergeKey(req)
	limit := l.opt.MaxTransactions
	if merge == "" {
		limit += limit / 8
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s := l.servers[key]; {
	case l.closed:
		return nil, closed
	case s != nil:
		return s, known
	case merge != "" && l.merged[merge] != nil:
		return nil, merged
	case l.len() >= limit:
		return nil, full
	}
	s := &server{layer: l, key: key, merge: merge, req: req, invite: req.Method == sip.INVITE,
		socket: req.Socket, source: req.Source, tag: req.ToTag()}
	if s.invite {
		s.state = proceeding
	}
	l.servers[key] = s
	if merge != "" {
		l.merged[merge] = s
	}
	return s, opened
}

// answer responds without a transaction. An ACK is never answered.
func (l *Layer) answer(req *sip.Request, key string, code int) {
	if req.Method == sip.ACK {
		return
	}
	res := sip.NewResponse(req, code, "", l.statelessTag(key))
	if code == 503 {
		res.Headers.Add("Retry-After", strconv.Itoa(retryAfter))
	}
	l.transmit(res, req)
}

func (l *Layer) transmit(res *sip.Response, req *sip.Request) {
	res.Headers.Set("Content-Length", strconv.Itoa(len(res.Body)))
	if err := l.opt.Transport.SendResponse(res, req.Socket, req.Source); err != nil {
		l.opt.Log.Info("response not sent", "code", res.Code, "to", req.Source, "error", err)
	}
}

// handleACK passes on the ACK of a 2xx, which is a transaction of its own,
// and absorbs that of everything else.
func (l *Layer) handleACK(req *sip.Request, key string) {
	s := l.server(key)
	if s == nil && req.ToTag() == l.statelessTag(key) {
		return
	}
	if s != nil && s.acknowledged() {
		return
	}
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if !closed {
		l.opt.Handler(ackRequest{req})
	}
}

// handleCANCEL answers without a transaction: the answer is the same however
// often the CANCEL comes, as long as the INVITE is remembered.
func (l *Layer) handleCANCEL(req *sip.Request, key string) {
	s := l.server(key)
	if s == nil {
		l.answer(req, key, 481)
		return
	}
	s.cancelled(req)
}

// ackRequest is the ACK of a 2xx.
type ackRequest struct{ req *sip.Request }

func (a ackRequest) Request() *sip.Request         { return a.req }
func (a ackRequest) Respond(*sip.Response) error   { return sip.ErrFinal }
func (a ackRequest) OnCancel(func(c *sip.Request)) {}
