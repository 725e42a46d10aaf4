package b2b

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// invitation is an INVITE of ours.
type invitation struct {
	tx      sip.ClientTransaction
	cseq    uint32
	first   bool         // it makes the dialog
	offered bool         // it carries an offer
	arrived bool         // it has a response
	done    bool         // it has a final response
	tag     string       // of the 2xx
	ack     *sip.Request // of the 2xx, once it was sent
	until   time.Time    // the 2xx may come again

	uri  string                   // of the request
	sent atomic.Pointer[sip.Sent] // the way it went last

	req       *sip.Request // before local_route; nil after a restart
	cancelled bool
	briefs    int // how often it was repeated for a 422
}

// invite opens a leg to the destination of an attempt.
func (s *session) invite(a logic.Invite) {
	d := s.dests[a.ID]
	l := &leg{s: s, id: a.Leg, role: d.Role, born: time.Now()}
	s.legs = append(s.legs, l)
	text, from := d.URI, sip.Address{Display: d.Display, URI: s.snap.sender.Clone()}
	if a.Announce {
		text, l.role = d.Announce, "media"
		party, _ := sip.ParseURI(d.URI) // it was invited: it parses
		from = sip.Address{URI: party}
	}
	if err := l.open(text, from); err != nil {
		s.log.Error("a leg cannot be made", "uri", text, "err", err)
		s.box.Post(func() { s.feed(logic.Refused{Leg: l.id, Code: 503, Reason: err.Error()}) })
		return
	}
	s.m.addDialog(l)
	req := l.request(sip.INVITE)
	req.Headers.Add("Max-Forwards", strconv.Itoa(s.hops))
	l.describe(&req.Headers)
	l.timer.ask(&req.Headers, s.m.timers())
	req.Headers = append(req.Headers, s.passed...)
	if name := s.m.params.callIDHeader; name != "" {
		req.Headers.Add(name, s.snap.callID)
	}
	setSDP(&req.Headers, &req.Body, a.SDP)
	l.sendInvite(req, true)
}

// open gives the leg its dialog and its Contact.
func (l *leg) open(text string, from sip.Address) error {
	s := l.s
	uri, err := sip.ParseURI(text)
	if err != nil {
		return err
	}
	if !uri.IsSIP() {
		return fmt.Errorf("%s: want a sip URI", uri)
	}
	if l.socket, err = s.m.host.Endpoint().SocketFor(uri, s.snap.socket); err != nil {
		return err
	}
	l.contact = s.m.contactFor(&s.snap, l.socket, s.snap.from.URI.User)
	from.Params.Set("tag", s.m.ids.token())
	to := uri.Clone()
	to.Headers = ""
	l.dlg = dialog{callID: s.m.ids.token(), local: from, remote: sip.Address{URI: to}, target: uri, cseq: uint32(s.m.ids.intN(1 << 16))}
	return nil
}

// reinvite sends an INVITE inside the dialog.
func (l *leg) reinvite(sdp string) {
	req := l.request(sip.INVITE)
	l.describe(&req.Headers)
	l.timer.ask(&req.Headers, l.s.m.timers())
	setSDP(&req.Headers, &req.Body, sdp)
	l.sendInvite(req, false)
}

func (l *leg) sendInvite(req *sip.Request, first bool) {
	before := req.Clone()
	l.s.local(l, req)
	i := &invitation{cseq: l.dlg.cseq, first: first, offered: len(req.Body) > 0, uri: req.URI.String(), req: before}
	l.client = i
	req.OnSent = func(sent sip.Sent) {
		i.sent.Store(&sent)
		l.s.box.Post(func() { l.s.changed = true })
	}
	l.s.flying++
	i.tx = l.s.m.host.Endpoint().Request(req, func(res *sip.Response) {
		l.s.box.Post(func() { l.response(i, res) })
	})
}

// response takes a response to an INVITE of ours.
func (l *leg) response(i *invitation, res *sip.Response) {
	i.arrived = i.arrived || !res.Local
	sdp := sdpOf(res.Headers, res.Body)
	l.answers(res)
	switch {
	case !res.IsFinal():
		if i.first && !i.done && res.Code > 100 {
			l.s.feed(logic.Progress{Leg: l.id, Code: res.Code, SDP: sdp})
		}
	case i.done:
		l.again(i, res)
	case res.IsSuccess():
		l.finish(i)
		to, _ := res.To()
		i.tag, i.until = to.Tag(), time.Now().Add(64*t1)
		if i.first {
			l.dlg.confirm(res)
		} else {
			l.dlg.refresh(res.Contact())
		}
		l.timer.agreed(res.Headers, l.s.m.timers())
		l.s.feed(logic.Answered{Leg: l.id, SDP: sdp})
		l.timed()
	case l.tooBrief(i, res):
	default:
		l.finish(i)
		l.over = l.over || i.first
		l.s.feed(logic.Refused{Leg: l.id, Code: res.Code, Reason: res.Reason})
	}
}

func (l *leg) finish(i *invitation) {
	i.done = true
	l.s.flying--
}

// again takes a further 2xx: our ACK was lost, or another fork answered too.
func (l *leg) again(i *invitation, res *sip.Response) {
	if !res.IsSuccess() {
		return
	}
	to, _ := res.To()
	if to.Tag() != i.tag && i.first {
		l.endFork(i, res, to.Tag())
		return
	}
	if i.ack != nil { // else the machine still holds it
		l.s.m.host.Endpoint().Send(i.ack.Clone())
	}
}

// ack acknowledges the 2xx to our last INVITE.
func (l *leg) ack(sdp string) {
	i := l.client
	i.ack = l.makeACK(&l.dlg, i.cseq, sdp)
	l.s.m.host.Endpoint().Send(i.ack.Clone())
}

func (l *leg) makeACK(d *dialog, cseq uint32, sdp string) *sip.Request {
	ack := d.requestAt(sip.ACK, cseq)
	l.stamp(ack)
	setSDP(&ack.Headers, &ack.Body, sdp)
	return ack
}

// endFork acknowledges and ends a dialog that another fork of our INVITE made
// after the first had answered (RFC 3261 section 13.2.2.4).
func (l *leg) endFork(i *invitation, res *sip.Response, tag string) {
	if ack := l.forks[tag]; ack != nil {
		l.s.m.host.Endpoint().Send(ack.Clone())
		return
	}
	d := dialog{callID: l.dlg.callID, local: l.dlg.local, remote: l.dlg.remote, target: l.dlg.target, cseq: i.cseq}
	d.confirm(res)
	answer := ""
	if !i.offered {
		answer = logic.Refusal(sdpOf(res.Headers, res.Body))
	}
	ack := l.makeACK(&d, i.cseq, answer)
	if l.forks == nil {
		l.forks = map[string]*sip.Request{}
	}
	l.forks[tag] = ack
	l.s.m.host.Endpoint().Send(ack.Clone())
	bye := d.request(sip.BYE)
	l.stamp(bye)
	l.s.local(l, bye)
	l.s.request(bye, func(*sip.Response) {})
}

// cancel cancels our open INVITE.
func (l *leg) cancel() {
	if i := l.client; i != nil && !i.done && i.tx != nil {
		var h sip.Headers
		if l.id != logic.Caller {
			h = l.s.reason
		}
		i.cancelled = true
		i.tx.Cancel(h)
	}
}
