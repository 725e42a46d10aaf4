package b2b

import (
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// extensions are the option tags that the far end may require.
const extensions = "timer"

// maxInterval bounds a session interval, in seconds: a far end that asks for
// more has no use for a timer.
const maxInterval = 30 * 24 * 3600

// sessionTimer is what was agreed with one far end (RFC 4028). It belongs to
// one leg, and nothing of it ever passes to another.
type sessionTimer struct {
	Interval int  `json:"interval,omitzero"` // seconds; 0: there is no timer
	Ours     bool `json:"ours,omitzero"`     // we refresh
	Min      int  `json:"min,omitzero"`      // the least that the far end's side takes, in seconds
	Knows    bool `json:"knows,omitzero"`    // the far end knows session timers
	Update   bool `json:"update,omitzero"`   // and UPDATE (RFC 3311)
}

// timerRules are the parameters session_expires and min_se, in seconds.
type timerRules struct{ want, min int }

// interval is a Session-Expires.
type interval struct {
	seconds   int    // 0: there is none
	refresher string // "uac", "uas" or ""
}

// intervalOf reads Session-Expires; one that makes no sense is none.
func intervalOf(h sip.Headers) interval {
	number, params, _ := strings.Cut(h.Get("Session-Expires"), ";")
	i := interval{seconds: delta(number)}
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if value = strings.ToLower(strings.TrimSpace(value)); strings.EqualFold(strings.TrimSpace(name), "refresher") &&
			(value == "uac" || value == "uas") {
			i.refresher = value
		}
	}
	return i
}

// minSE reads Min-SE; 0 when there is none.
func minSE(h sip.Headers) int {
	number, _, _ := strings.Cut(h.Get("Min-SE"), ";")
	return delta(number)
}

// delta reads delta-seconds, and 0 from anything else.
func delta(text string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0
	}
	return int(min(n, maxInterval))
}

// hasOption reports whether a header lists an option tag or a method.
func hasOption(h sip.Headers, name, option string) bool {
	for _, v := range h.Values(name) {
		for _, o := range sip.SplitList(v) {
			if strings.EqualFold(o, option) {
				return true
			}
		}
	}
	return false
}

// unsupported lists the option tags of Require that we do not know.
func unsupported(h sip.Headers) string {
	var unknown []string
	for _, v := range h.Values("Require") {
		for _, o := range sip.SplitList(v) {
			if !strings.EqualFold(o, extensions) {
				unknown = append(unknown, o)
			}
		}
	}
	return strings.Join(unknown, ", ")
}

// tooBrief reports whether a request asks for refreshes more often than we
// take part in: it gets 422. A sender that does not know session timers could
// make nothing of that; then a proxy asked, and is given the least.
func (r timerRules) tooBrief(h sip.Headers) bool {
	n := intervalOf(h).seconds
	return n > 0 && n < r.min && (hasOption(h, "Supported", "timer") || hasOption(h, "Require", "timer"))
}

// hear notes what the far end can do.
func (t *sessionTimer) hear(h sip.Headers) {
	if h.Has("Allow") {
		t.Update = hasOption(h, "Allow", sip.UPDATE)
	}
	if h.Has("Supported") || h.Has("Require") {
		t.Knows = hasOption(h, "Supported", "timer") || hasOption(h, "Require", "timer")
	}
}

// ask adds to an INVITE or UPDATE of ours what we want of the timer (RFC 4028
// sections 7.1 and 7.4).
func (t *sessionTimer) ask(h *sip.Headers, r timerRules) {
	seconds := r.want
	if t.Interval > 0 {
		seconds = t.Interval
	}
	if seconds == 0 {
		return
	}
	least := max(r.min, t.Min)
	value := strconv.Itoa(max(seconds, least))
	if t.Interval > 0 {
		value += ";refresher=" + t.role("uac", "uas")
	}
	h.Set("Session-Expires", value)
	h.Set("Min-SE", strconv.Itoa(least))
}

// agreed takes a 2xx to such a request (section 7.2). Without Session-Expires
// in it there is no timer any more.
func (t *sessionTimer) agreed(h sip.Headers, r timerRules) {
	t.hear(h)
	i := intervalOf(h)
	t.Interval, t.Ours = i.seconds, i.refresher != "uas"
	if t.Interval > 0 {
		t.Interval = max(t.Interval, r.min) // less is against the Min-SE of our request
	}
}

// take decides on the timer that an INVITE or UPDATE of the far end asks for
// (section 9); tell says it. The sender refreshes unless it wants us to, or
// cannot.
func (t *sessionTimer) take(h sip.Headers, r timerRules) {
	t.hear(h)
	i := intervalOf(h)
	switch {
	case i.seconds == 0 && (!t.Knows || r.want == 0):
		t.Interval = 0
		return
	case i.seconds == 0:
		i.seconds = r.want
	}
	ours := t.Interval > 0 && t.Ours // who refreshed goes on
	switch {
	case !t.Knows || i.refresher == "uas":
		ours = true
	case i.refresher == "uac":
		ours = false
	}
	t.Interval, t.Ours = max(i.seconds, minSE(h), r.min), ours
}

// tell adds what take decided to the 2xx.
func (t *sessionTimer) tell(h *sip.Headers) {
	if t.Interval == 0 {
		return
	}
	h.Set("Session-Expires", strconv.Itoa(t.Interval)+";refresher="+t.role("uas", "uac"))
	if t.Knows {
		h.Set("Require", "timer")
	}
}

// role is the word for who refreshes, in a message where we are ours.
func (t *sessionTimer) role(ours, theirs string) string {
	if t.Ours {
		return ours
	}
	return theirs
}

// event is the timer as the machine takes it: who refreshes does so at half
// of the interval, and the other ends the session shortly before its end
// (section 10).
func (t *sessionTimer) event(l logic.Leg) logic.Timed {
	if t.Interval == 0 {
		return logic.Timed{Leg: l}
	}
	all := time.Duration(t.Interval) * time.Second
	ev := logic.Timed{Leg: l, Expire: all - min(32*time.Second, all/3), Update: t.Update}
	if t.Ours {
		ev.Refresh = all / 2
	}
	return ev
}

// timed tells the machine of the timer, after what it does just now.
func (l *leg) timed() {
	l.s.box.Post(func() {
		l.s.changed = true
		l.s.feed(l.timer.event(l.id))
	})
}

// refresh sends an UPDATE that changes nothing but the session timer.
func (l *leg) refresh() {
	req := l.request(sip.UPDATE)
	req.Headers.Add("Contact", l.contact)
	req.Headers.Add("Supported", supported)
	l.timer.ask(&req.Headers, l.s.m.timers())
	l.s.local(l, req)
	l.ask(req, func(res *sip.Response) {
		if res.IsSuccess() {
			l.dlg.refresh(res.Contact())
			l.timer.agreed(res.Headers, l.s.m.timers())
			l.timed()
			return
		}
		switch res.Code {
		case 405, 501:
			l.timer.Update = false
		case 422:
			l.timer.Min = max(l.timer.Min, minSE(res.Headers))
		}
		l.s.feed(logic.Unrefreshed{Leg: l.id, Code: res.Code})
	})
}

// maxBriefs is how often one INVITE may be repeated for a 422.
const maxBriefs = 3

// tooBrief repeats an INVITE with the interval that a 422 asks for (section
// 7.3), and reports whether it did.
func (l *leg) tooBrief(i *invitation, res *sip.Response) bool {
	least := minSE(res.Headers)
	if res.Code != 422 || i.req == nil || i.cancelled || i.briefs == maxBriefs || least <= l.timer.Min ||
		!i.req.Headers.Has("Session-Expires") {
		return false
	}
	l.finish(i)
	l.timer.Min = least
	req := i.req.Clone()
	l.dlg.cseq++
	req.Headers.Set("CSeq", strconv.FormatUint(uint64(l.dlg.cseq), 10)+" INVITE")
	l.timer.ask(&req.Headers, l.s.m.timers())
	l.sendInvite(req, i.first)
	l.client.briefs = i.briefs + 1
	l.s.changed = true
	return true
}

// updated completes the 2xx to an UPDATE of the far end, which r is.
func (l *leg) updated(r *served, res *sip.Response) {
	res.Headers.Add("Contact", l.contact)
	res.Headers.Add("Supported", supported)
	l.timer.take(r.tx.Request().Headers, l.s.m.timers())
	l.timer.tell(&res.Headers)
	l.timed()
}

// tookUpdate takes the response to an UPDATE that was relayed to the leg. A
// 422 is between the leg and us: the sender hears that it may try again.
func (l *leg) tookUpdate(res *sip.Response) {
	switch {
	case res.IsSuccess():
		l.dlg.refresh(res.Contact())
		l.timer.agreed(res.Headers, l.s.m.timers())
		l.timed()
	case res.Code == 422:
		l.timer.Min = max(l.timer.Min, minSE(res.Headers))
		res.Code, res.Reason = 491, ""
	}
}

// refuseBrief answers the caller's INVITE with 422.
func (m *Module) refuseBrief(tx sip.ServerRequest) {
	res := sip.NewResponse(tx.Request(), 422, "", m.ids.token())
	res.Headers.Add("Min-SE", strconv.Itoa(m.timers().min))
	res.Headers.Add("Supported", supported)
	res.Headers.Add("Server", m.host.Version())
	if err := tx.Respond(res); err != nil {
		m.log.Debug("422 not sent", "err", err)
	}
}
