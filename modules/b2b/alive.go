package b2b

import (
	"cmp"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// ping asks the far end whether it is there. Our own player is.
func (l *leg) ping() {
	if l.id != logic.Caller && l.s.m.host.IsMyself(l.dlg.target.Host, cmp.Or(l.dlg.target.Port, 5060)) {
		l.s.box.Post(l.heard)
		return
	}
	if i := l.client; i != nil && !i.done && !i.arrived {
		return // it asks, too; overtaken, it would be refused (RFC 3261 section 12.2.2)
	}
	req := l.request(sip.OPTIONS)
	req.Headers.Add("Contact", l.contact)
	req.Headers.Add("Accept", accept)
	l.s.local(l, req)
	l.ask(req, func(res *sip.Response) {
		if res.Code == 481 {
			l.s.feed(logic.Vanished{Leg: l.id})
		}
	})
}

// ask sends a request of the dialog other than INVITE. Whatever the answer
// is, it is a sign of life, unless nobody gave it.
func (l *leg) ask(req *sip.Request, on func(*sip.Response)) {
	l.s.request(req, func(res *sip.Response) {
		l.answers(res)
		on(res)
	})
}

// answers notes a response as a sign of life. 100 comes from the next hop, 408
// from whoever waited in vain, and 481 from one that has lost the call.
func (l *leg) answers(res *sip.Response) {
	switch {
	case res.Local, res.Code == 100, res.Code == 408, res.Code == 481:
	default:
		l.heard()
	}
}

// heard notes a sign of life.
func (l *leg) heard() { l.s.feed(logic.Heard{Leg: l.id}) }
