package transaction

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// server is a server transaction. The request itself is kept no longer than
// until its final response; the owner has it in his serverRequest.
type server struct {
	serial
	layer      *Layer
	key, merge string
	invite     bool
	socket     *sip.Socket
	source     netip.AddrPort

	state    state
	req      *sip.Request  // nil after the final response
	last     *sip.Response // what a retransmission gets
	tag      string        // To tag of all responses; "" before the first
	interval time.Duration
	again    timer // G
	end      timer // H, I, J, L

	cancel   *sip.Request // the CANCEL that came before the final response
	onCancel func(*sip.Request)
	told     bool // onCancel was called
}

// begin sends the 100 of an INVITE. Another request gets none, but must be
// answered before its client gives up (RFC 4320 section 4.2).
func (s *server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.req == nil { // cancelled by another goroutine already
		return
	}
	if s.invite {
		s.last = sip.NewResponse(s.req, 100, "", "")
		s.send(s.last)
		return
	}
	s.end.start(&s.serial, s.layer.timers.J, func() {
		s.layer.opt.Log.Info("request never answered", "method", s.req.Method, "from", s.source)
		s.terminate()
	})
}

func (s *server) send(res *sip.Response) {
	res.Headers.Set("Content-Length", strconv.Itoa(len(res.Body)))
	if err := s.layer.opt.Transport.SendResponse(res, s.socket, s.source); err != nil {
		s.layer.opt.Log.Info("response not sent", "code", res.Code, "to", s.source, "error", err)
	}
}

func (s *server) retransmitted() {
	s.layer.stats.absorbed.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil {
		s.layer.stats.retransmissions.Add(1)
		s.send(s.last)
	}
}

// respond is the FSM of RFC 3261 figures 7 and 8, and RFC 6026 figure 3.
func (s *server) respond(res *sip.Response) error {
	if res.Code < 100 || res.Code > 699 {
		return fmt.Errorf("response code %d: want 100 to 699", res.Code)
	}
	switch {
	case s.state == trying, s.state == proceeding, s.state == accepted && res.IsSuccess():
	default:
		return sip.ErrFinal
	}
	if s.invite && res.Code == 100 {
		return nil // sent by begin
	}
	res = res.Clone()
	s.addTag(res)
	s.send(res)
	switch {
	case s.state == accepted:
	case !res.IsFinal():
		s.state, s.last = proceeding, res
	case s.invite && res.IsSuccess():
		s.wait(accepted, nil, s.layer.timers.L)
	case s.invite:
		s.wait(completed, res, s.layer.timers.H)
		s.startG()
	default:
		s.wait(completed, res, s.unless(s.layer.timers.J))
	}
	return nil
}

// addTag gives all responses the same To tag: that of the request, or the
// first that the owner used, or one of the layer's.
func (s *server) addTag(res *sip.Response) {
	if res.Code == 100 {
		return
	}
	if tag := res.ToTag(); tag != "" {
		if s.tag == "" {
			s.tag = tag
		}
		return
	}
	res.Headers.Set("To", res.Headers.Get("To")+";tag="+s.theTag())
}

func (s *server) theTag() string {
	if s.tag == "" {
		s.tag = s.layer.opt.Rand()
	}
	return s.tag
}

func (s *server) startG() {
	if reliable(s.socket) {
		return
	}
	s.interval = s.layer.timers.T1
	s.again.start(&s.serial, s.interval, s.retransmit)
}

// retransmit is Timer G.
func (s *server) retransmit() {
	s.layer.stats.retransmissions.Add(1)
	s.send(s.last)
	s.interval = min(2*s.interval, s.layer.timers.T2)
	s.again.start(&s.serial, s.interval, s.retransmit)
}

// acknowledged takes an ACK and reports whether it is absorbed.
func (s *server) acknowledged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.state {
	case accepted, terminated:
		return false
	case completed:
		s.again.stop()
		s.wait(confirmed, nil, s.unless(s.layer.timers.I))
	}
	return true
}

// cancelled answers a CANCEL and does what it asks for.
func (s *server) cancelled(cancel *sip.Request) {
	s.mu.Lock()
	defer s.unlock()
	res := sip.NewResponse(cancel, 200, "", s.theTag())
	s.layer.transmit(res, cancel)
	if s.state != proceeding || s.cancel != nil {
		return
	}
	s.cancel = cancel
	if f := s.onCancel; f != nil {
		s.told = true
		s.push(func() { f(cancel) })
		return
	}
	_ = s.respond(sip.NewResponse(s.req, 487, "", "")) // proceeding: cannot fail
}

// wait goes to a state that ends after d. The request is forgotten.
func (s *server) wait(st state, last *sip.Response, d time.Duration) {
	s.state, s.last, s.req, s.onCancel = st, last, nil, nil
	if d == 0 {
		s.terminate()
		return
	}
	s.end.start(&s.serial, d, s.terminate)
}

func (s *server) unless(d time.Duration) time.Duration {
	if reliable(s.socket) {
		return 0
	}
	return d
}

func (s *server) terminate() {
	s.layer.removeServer(s)
	s.stop()
}

func (s *server) stop() {
	s.state, s.last, s.req, s.onCancel = terminated, nil, nil, nil
	s.again.stop()
	s.end.stop()
}

// shut ends the transaction when the layer closes.
func (s *server) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = nil
	s.stop()
}

// serverRequest is what the owner has of a transaction.
type serverRequest struct {
	tx  *server
	req *sip.Request
}

func (r *serverRequest) Request() *sip.Request { return r.req }

func (r *serverRequest) Respond(res *sip.Response) error {
	r.tx.mu.Lock()
	defer r.tx.mu.Unlock()
	return r.tx.respond(res)
}

// OnCancel calls f before it returns when the CANCEL was there first.
func (r *serverRequest) OnCancel(f func(*sip.Request)) {
	s := r.tx
	s.mu.Lock()
	defer s.unlock()
	if c := s.cancel; c != nil && !s.told {
		s.told = true
		s.push(func() { f(c) })
		return
	}
	if s.req != nil {
		s.onCancel = f
	}
}
