package b2b

import (
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// T1 and T2 of RFC 3261, for the 2xx that the transaction layer leaves to us.
const (
	t1 = 500 * time.Millisecond
	t2 = 4 * time.Second
)

// leg owns one dialog. It decides nothing: what to say is the machine's to
// know, how to say it is the leg's.
type leg struct {
	s       *session
	id      logic.Leg
	role    string // "caller", "media" or "agent"
	born    time.Time
	socket  *sip.Socket
	contact string // of the whole life of the leg
	dlg     dialog
	timer   sessionTimer

	keptCSeq, keptRemoteCSeq uint32 // of dlg, as they are kept

	request0 *sip.Request // while it is restored: the INVITE that it has open
	ref0     int          // and its Ref

	over    bool                    // it has ended, one way or the other
	leaving bool                    // our BYE has no answer yet
	client  *invitation             // our last INVITE
	answer  *accepted               // our 2xx, until its ACK
	forks   map[string]*sip.Request // the ACK for each late fork, by its tag
}

// served is a request of the far end that has no final response.
type served struct {
	tx  sip.ServerRequest
	leg *leg
}

// accepted is a 2xx of ours that waits for its ACK.
type accepted struct {
	tx       sip.ServerRequest
	res      *sip.Response
	cseq     uint32
	lenient  bool      // the process before may have had the ACK
	next     time.Time // when it is sent again
	interval time.Duration
	end      time.Time // when we give up
}

// request builds a request of the dialog with what each of ours carries.
func (l *leg) request(method string) *sip.Request {
	req := l.dlg.request(method)
	l.stamp(req)
	return req
}

func (l *leg) stamp(req *sip.Request) {
	req.Socket = l.socket
	req.Headers.Add("User-Agent", l.s.m.host.Version())
}

// describe adds what INVITEs and their responses say of us.
func (l *leg) describe(h *sip.Headers) {
	h.Add("Contact", l.contact)
	h.Add("Allow", allow)
	h.Add("Accept", accept)
	h.Add("Supported", supported)
}

// accept sends a 2xx to the INVITE that has the Ref, and again until its ACK
// comes (RFC 3261 section 13.3.1.4), over TCP as well.
func (l *leg) accept(ref int, sdp string) {
	r := l.s.served[ref]
	if r == nil {
		return
	}
	delete(l.s.served, ref)
	l.timer.take(r.tx.Request().Headers, l.s.m.timers())
	res := l.okay(r.tx.Request(), sdp)
	cseq, _ := r.tx.Request().CSeq()
	now := time.Now()
	l.answer = &accepted{tx: r.tx, res: res, cseq: cseq, next: now.Add(t1), interval: t1, end: now.Add(64 * t1)}
	l.s.send(r.tx, res)
	l.timed()
}

// okay makes the 2xx to an INVITE.
func (l *leg) okay(req *sip.Request, sdp string) *sip.Response {
	res := sip.NewResponse(req, 200, "", l.dlg.local.Tag())
	l.describe(&res.Headers)
	res.Headers.Add("Server", l.s.m.host.Version())
	l.timer.tell(&res.Headers)
	setSDP(&res.Headers, &res.Body, sdp)
	return res
}

// resend sends the 2xx again when it is due, or gives up.
func (l *leg) resend(now time.Time) {
	a := l.answer
	switch {
	case a == nil || now.Before(a.next):
		return
	case !now.Before(a.end):
		l.answer = nil
		if a.lenient {
			l.s.feed(logic.Acked{Leg: l.id})
			return
		}
		l.s.log.Warn("no ACK came for a 2xx", "leg", l.id)
		l.s.feed(logic.AckTimeout{Leg: l.id})
		return
	}
	l.s.send(a.tx, a.res)
	a.interval = min(2*a.interval, t2)
	a.next = now.Add(a.interval)
	if a.end.Before(a.next) {
		a.next = a.end
	}
}

// bye ends the dialog.
func (l *leg) bye() {
	l.answer, l.over, l.leaving = nil, true, true
	req := l.request(sip.BYE)
	if l.id != logic.Caller {
		req.Headers = append(req.Headers, l.s.reason...)
	}
	l.s.local(l, req)
	l.s.request(req, func(res *sip.Response) {
		l.leaving, l.s.changed = false, true
		if !res.IsSuccess() && res.Code != 481 {
			l.s.log.Debug("BYE failed", "leg", l.id, "code", res.Code)
		}
	})
}

// abandon ends the leg without the machine, after a crash.
func (l *leg) abandon() {
	switch c := l.client; {
	case l.over:
	case l.id == logic.Caller && l.s.served[0] != nil:
		l.s.respond(0, 500, "", nil)
	case c != nil && c.first && !c.done:
		l.cancel()
	case l.dlg.callID != "":
		l.bye()
	}
}
