package b2b

import (
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// reopen lets a session run that [Module.Restore] made: its dialogs are found
// again.
func (s *session) reopen() {
	for _, l := range s.legs {
		if l.dlg.callID != "" {
			s.m.addDialog(l)
		}
	}
	if s.logic.Over() {
		s.ended, s.told = time.Now(), true
		s.m.stats.lingering.Add(1)
	} else {
		s.m.stats.active.Add(1)
	}
	s.show()
	go s.run()
}

// resume is the first thing a restored session does, before what its owner
// asks for and what the network brings: what was under way is undone.
func (s *session) resume() {
	for _, l := range s.legs {
		if l.answer != nil {
			l.resend(time.Now())
		}
	}
	s.feed(logic.Resume{})
	for _, l := range s.legs {
		switch i := l.client; {
		case l.leaving:
			l.bye()
		case l.over:
		case i != nil && !i.done && i.sent.Load() == nil:
			l.response(i, &sip.Response{Code: 503, Local: true})
		}
	}
	if r := s.served[0]; r == nil && !s.logic.Answered() {
		s.log.Warn("the caller's INVITE cannot be answered any more")
		s.feed(logic.Cancelled{Leg: logic.Caller})
	}
}

// takeUp takes up the transactions of a leg. Nothing is sent, but from now on
// the transaction layer knows what comes.
func (l *leg) takeUp() {
	if i := l.client; i != nil && !l.over && !l.leaving {
		l.resumeInvite(i)
	}
	req := l.request0
	if l.request0 = nil; req == nil {
		return
	}
	tx := l.s.m.host.Endpoint().Reopen(req)
	switch {
	case tx == nil:
	case l.s.logic.Serves(l.id):
		ref := l.ref0
		l.s.served[ref] = &served{tx: tx, leg: l}
		l.s.awaitCancel(tx, ref)
	default: // go on with the 2xx that waits for its ACK
		cseq, _ := req.CSeq()
		now := time.Now()
		l.answer = &accepted{tx: tx, res: l.okay(req, l.s.logic.Sent(l.id)), cseq: cseq, lenient: l.ref0 != 0,
			next: now, interval: t1 / 2, end: now.Add(64 * t1)}
	}
}

// resumeInvite waits for what may still come upon an INVITE that the process
// before sent. That nothing comes says nothing of the far end: it may have
// answered before.
func (l *leg) resumeInvite(i *invitation) {
	sent := i.sent.Load()
	if sent == nil || i.ack != nil && !time.Now().Before(i.until) {
		return
	}
	req := l.dlg.requestAt(sip.INVITE, i.cseq)
	l.stamp(req)
	req.URI, _ = sip.ParseURI(i.uri) // restoreInvite has tried
	if !i.done {
		l.s.flying++
	}
	i.tx = l.s.m.host.Endpoint().Resume(req, *sent, func(res *sip.Response) {
		if res.Local && !i.first {
			res.Code = 500
		}
		l.s.box.Post(func() { l.response(i, res) })
	})
}

// drop gives up a session that was restored and is not opened.
func (s *session) drop() {
	s.box.Close()
	for _, l := range s.legs {
		if l.client != nil && l.client.tx != nil {
			l.client.tx.Abandon()
		}
	}
}
