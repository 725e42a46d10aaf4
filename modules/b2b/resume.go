package b2b

import (
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// takeUp opens a session that [Module.Restore] made: its dialogs are found
// again, transactions of the process before are taken up, and what was under
// way is undone.
func (s *session) takeUp() {
	s.show()
	for _, l := range s.legs {
		if l.dlg.callID != "" {
			s.m.addDialog(l)
		}
	}
	if s.logic.Over() {
		s.ended = time.Now()
		s.told = true
		s.m.stats.lingering.Add(1)
	} else {
		s.m.stats.active.Add(1)
	}
	go s.run()
}

// resume is the first thing a restored session does, before what its owner
// has asked for since.
func (s *session) resume() {
	s.changed = true
	for _, l := range s.legs {
		l.takeUp()
	}
	s.feed(logic.Resume{})
}

// takeUp takes up the transactions of a leg.
func (l *leg) takeUp() {
	if i := l.client; i != nil && !i.done {
		l.resumeInvite(i)
	}
	if l.request0 == nil {
		return
	}
	tx := l.s.m.host.Endpoint().Reopen(l.request0)
	req := l.request0
	l.request0 = nil
	switch {
	case tx == nil:
		l.s.log.Warn("the caller's INVITE cannot be answered any more")
	case l.s.logic.Answered():
		l.resendAnswer(tx, req)
	default:
		l.s.served[0] = &served{tx: tx, leg: l}
		tx.OnCancel(func(cancel *sip.Request) { l.s.box.Post(func() { l.s.cancelled(cancel, 0) }) })
	}
}

// resendAnswer goes on with the 2xx that waits for its ACK.
func (l *leg) resendAnswer(tx sip.ServerRequest, req *sip.Request) {
	res := l.okay(req, l.s.logic.Sent(l.id))
	cseq, _ := req.CSeq()
	now := time.Now()
	l.answer = &accepted{tx: tx, res: res, cseq: cseq, first: true, next: now.Add(t1), interval: t1, end: now.Add(64 * t1)}
	l.s.send(tx, res)
}

// resumeInvite waits for the end of an INVITE that the process before sent.
// That nothing comes says nothing of the far end: it may have answered before.
func (l *leg) resumeInvite(i *invitation) {
	req := l.dlg.requestAt(sip.INVITE, i.cseq)
	l.stamp(req)
	req.Branch = i.branch
	l.s.flying++
	i.tx = l.s.m.host.Endpoint().Resume(req, func(res *sip.Response) {
		if res.Local && !i.first {
			res.Code = 500
		}
		l.s.box.Post(func() { l.response(i, res) })
	})
}
