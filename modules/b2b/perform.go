package b2b

import (
	"strconv"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// perform does one action of the machine. None of them waits.
func (s *session) perform(a logic.Action) {
	switch a := a.(type) {
	case logic.Invite:
		s.invite(a)
	case logic.ReInvite:
		s.legs[a.Leg].reinvite(a.SDP)
	case logic.Ack:
		s.legs[a.Leg].ack(a.SDP)
	case logic.Cancel:
		s.legs[a.Leg].cancel()
	case logic.HangUp:
		s.legs[a.Leg].bye()
	case logic.Provisional:
		s.provisional(a)
	case logic.Refork:
		s.refork()
	case logic.Answer:
		s.legs[a.Leg].accept(a.Ref, a.SDP)
	case logic.Reject:
		s.respond(a.Ref, a.Code, a.Reason, nil)
	case logic.Respond:
		r := s.served[a.Ref]
		s.respond(a.Ref, a.Code, "", func(res *sip.Response) { s.complete(a, r, res) })
	case logic.Relay:
		s.relay(a)
	case logic.RelayReply:
		s.relayReply(a)
	case logic.Ping:
		s.legs[a.Leg].ping()
	case logic.Refresh:
		s.legs[a.Leg].refresh()
	default:
		s.notify(a)
	}
}

// notify tells the owner.
func (s *session) notify(a logic.Action) {
	switch a := a.(type) {
	case logic.Ringing:
		s.tell(Ringing{s.key, a.ID, a.Code})
	case logic.Announcing:
		s.tell(Announcing{s.key, a.ID})
	case logic.AnnounceDone:
		s.tell(AnnounceDone{s.key, a.ID})
	case logic.Connected:
		s.tell(Connected{s.key, a.ID})
	case logic.ConnectFailed:
		s.tell(ConnectFailed{s.key, a.ID, a.Code, a.Reason})
	case logic.PeerGone:
		s.tell(PeerGone{s.key, a.ID})
	case logic.CallerGone:
		s.tell(CallerGone{s.key, a.Cancelled})
	case logic.Ended:
		s.tell(Ended{s.key, a.Code, a.Reason})
	}
}

// local runs the script's local_route on a request that a leg is about to
// send.
func (s *session) local(l *leg, req *sip.Request) {
	s.m.host.Local(req, &core.CallInfo{Key: string(s.key), Role: l.role, State: s.state, Ctx: s.ctx})
}

func (s *session) provisional(a logic.Provisional) {
	l := s.legs[logic.Caller]
	r := s.served[0]
	if r == nil {
		return
	}
	res := sip.NewResponse(r.tx.Request(), a.Code, a.Reason, l.dlg.local.Tag())
	l.describe(&res.Headers)
	setSDP(&res.Headers, &res.Body, a.SDP)
	s.send(r.tx, res)
}

// refork gives the caller's unanswered INVITE a new To tag.
func (s *session) refork() {
	l := s.legs[logic.Caller]
	l.dlg.local.Params.Set("tag", s.m.ids.token())
	s.m.addDialog(l)
}

// respond answers the request that has the Ref, once.
func (s *session) respond(ref, code int, reason string, complete func(*sip.Response)) {
	r := s.served[ref]
	if r == nil {
		return
	}
	delete(s.served, ref)
	res := sip.NewResponse(r.tx.Request(), code, reason, r.leg.dlg.local.Tag())
	res.Headers.Add("Server", s.m.host.Version())
	if complete != nil {
		complete(res)
	}
	s.send(r.tx, res)
}

// complete adds what a response made here has to say besides its code.
func (s *session) complete(a logic.Respond, r *served, res *sip.Response) {
	if a.RetryAfter >= 0 {
		res.Headers.Add("Retry-After", strconv.Itoa(a.RetryAfter))
	}
	_, method := res.CSeq()
	if a.Code == 405 || method == sip.OPTIONS {
		res.Headers.Add("Allow", allow)
	}
	if method == sip.OPTIONS {
		res.Headers.Add("Accept", accept)
		res.Headers.Add("Supported", supported)
	}
	if method == sip.UPDATE && a.Code < 300 {
		r.leg.updated(r, res)
	}
	setSDP(&res.Headers, &res.Body, a.SDP)
}

func (s *session) send(tx sip.ServerRequest, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		s.log.Debug("response not sent", "code", res.Code, "err", err)
	}
}

// relay passes a request on inside the dialog of another leg.
func (s *session) relay(a logic.Relay) {
	r := s.served[a.Ref]
	if r == nil {
		return
	}
	in, to := r.tx.Request(), s.legs[a.To]
	req := to.request(in.Method)
	hops, _ := maxForwards(in.Headers) // 0 was refused when it came
	req.Headers.Add("Max-Forwards", strconv.Itoa(hops))
	req.Headers = append(req.Headers, ofRequest(in.Headers)...)
	req.Body = in.Body
	if len(in.Body) == 0 {
		req.Headers.Del("Content-Type")
	}
	if in.Method == sip.UPDATE {
		req.Headers.Add("Contact", to.contact)
		req.Headers.Add("Supported", supported)
		to.timer.ask(&req.Headers, s.m.timers())
		setSDP(&req.Headers, &req.Body, a.SDP)
	}
	s.local(to, req)
	to.ask(req, func(res *sip.Response) {
		if in.Method == sip.UPDATE {
			to.tookUpdate(res)
		}
		s.replies[a.Ref] = res
		s.feed(logic.Replied{Ref: a.Ref, Code: res.Code, SDP: sdpOf(res.Headers, res.Body)})
		delete(s.replies, a.Ref)
	})
}

func (s *session) relayReply(a logic.RelayReply) {
	got, r := s.replies[a.Ref], s.served[a.Ref]
	if got == nil || r == nil {
		return
	}
	s.respond(a.Ref, got.Code, got.Reason, func(res *sip.Response) {
		_, method := res.CSeq()
		if len(got.Body) > 0 {
			res.Headers = append(res.Headers, ofRequest(got.Headers)...)
			res.Body = got.Body
		}
		if got.Code == 405 {
			res.Headers.Add("Allow", allow)
		}
		if method == sip.UPDATE && got.IsSuccess() {
			r.leg.updated(r, res)
			setSDP(&res.Headers, &res.Body, a.SDP)
		}
	})
}

// request sends a request other than INVITE and calls on with its final
// response, in the goroutine of the session.
func (s *session) request(req *sip.Request, on func(*sip.Response)) {
	s.flying++
	s.m.host.Endpoint().Request(req, func(res *sip.Response) {
		if !res.IsFinal() {
			return
		}
		s.box.Post(func() {
			s.flying--
			on(res)
		})
	})
}
