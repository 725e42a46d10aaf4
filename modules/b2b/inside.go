package b2b

import (
	"strconv"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// received takes a request inside the dialog of the leg.
func (l *leg) received(tx sip.ServerRequest) {
	req := tx.Request()
	if req.Method == sip.ACK {
		l.acked(req)
		return
	}
	if code := l.refuses(req); code != 0 {
		res := sip.NewResponse(req, code, "", l.dlg.local.Tag())
		switch code {
		case 420:
			res.Headers.Add("Unsupported", unsupported(req.Headers))
		case 422:
			res.Headers.Add("Min-SE", strconv.Itoa(l.s.m.timers().min))
		}
		l.s.send(tx, res)
		return
	}
	l.heard()
	l.dlg.remoteCSeq, _ = req.CSeq()
	l.dlg.tolerant = false
	if req.Method == sip.BYE {
		l.gotBye(tx)
		return
	}
	l.s.lastRef++
	ref := l.s.lastRef
	l.s.served[ref] = &served{tx: tx, leg: l}
	sdp := sdpOf(req.Headers, req.Body)
	switch req.Method {
	case sip.INVITE:
		l.dlg.refresh(req.Contact())
		l.s.awaitCancel(tx, ref)
		l.s.feed(logic.Offered{Leg: l.id, Ref: ref, SDP: sdp})
	case sip.UPDATE:
		l.dlg.refresh(req.Contact())
		l.s.feed(logic.Requested{Leg: l.id, Ref: ref, Method: req.Method, SDP: sdp})
	default:
		l.s.feed(logic.Requested{Leg: l.id, Ref: ref, Method: req.Method})
	}
}

// refuses is the code of what is wrong with a request, whatever the state of
// the call, or 0.
func (l *leg) refuses(req *sip.Request) int {
	cseq, _ := req.CSeq()
	tag := l.dlg.remote.Tag()
	switch {
	case tag != "" && req.FromTag() != tag:
		return 481
	case cseq <= l.dlg.remoteCSeq && l.dlg.remoteCSeq != 0 && !(l.dlg.tolerant && cseq == l.dlg.remoteCSeq):
		return 500 // RFC 3261 section 12.2.2
	case req.Method == sip.BYE:
		return 0
	case unsupported(req.Headers) != "":
		return 420
	case (req.Method == sip.INVITE || req.Method == sip.UPDATE) && l.s.m.timers().tooBrief(req.Headers):
		return 422
	}
	if _, err := maxForwards(req.Headers); err != nil && req.Method != sip.OPTIONS {
		return 483
	}
	return 0
}

// gotBye answers a BYE before anybody thinks about it.
func (l *leg) gotBye(tx sip.ServerRequest) {
	res := sip.NewResponse(tx.Request(), 200, "", l.dlg.local.Tag())
	res.Headers.Add("Server", l.s.m.host.Version())
	l.s.send(tx, res)
	l.answer, l.over = nil, true
	l.s.keepReason(l, tx.Request())
	l.s.feed(logic.Bye{Leg: l.id})
}

// acked takes an ACK of our 2xx; one that comes again finds nothing to do.
func (l *leg) acked(req *sip.Request) {
	a := l.answer
	if cseq, _ := req.CSeq(); a == nil || cseq != a.cseq {
		return
	}
	l.answer = nil
	l.heard()
	l.s.feed(logic.Acked{Leg: l.id, SDP: sdpOf(req.Headers, req.Body)})
}
