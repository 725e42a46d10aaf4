package engine

import (
	"strconv"
	"time"
)

// reach is what is known of an agent's phones.
type reach struct {
	failures int // in a row
	lost     bool
	retry    time.Time // while lost: he is tried again then
}

// silent reports whether a SIP status says that nobody was there to refuse: no
// answer in time, not registered or unknown (RFC 3261 sections 21.4.5, 21.4.9,
// 21.4.11 and 21.4.19), or a fault of what is on the way (21.5). Busy, declined
// and all others come from a phone that works.
func silent(code int) bool {
	switch code {
	case 404, 408, 410, 480:
		return true
	}
	return code >= 500 && code < 600
}

// missed counts a call he did not take, and reports whether he is lost by it.
func (a *agent) missed(code int, o *Options, now time.Time) bool {
	if !silent(code) {
		a.reach = reach{}
		return false
	}
	a.reach.failures++
	if o.MaxFailures <= 0 || a.reach.failures < o.MaxFailures || a.reach.lost {
		return false
	}
	a.reach.lost, a.reach.retry = true, now.Add(o.AgentRetry)
	return true
}

// tryAgain takes him back when it is time. One more failure loses him again.
func (a *agent) tryAgain(now time.Time) {
	if a.reach.lost && !now.Before(a.reach.retry) {
		a.reach.lost, a.reach.retry = false, time.Time{}
		a.reach.failures--
	}
}

// lostAlarm tells that an agent gets no calls any more.
func (e *Engine) lostAlarm(c *call, a *agent) {
	e.do(Alarm{Call: c.id, Flow: c.flow.cfg.ID, Agent: a.cfg.ID,
		Text: "agent " + a.cfg.ID + " is not reachable: his phone failed " + strconv.Itoa(a.reach.failures) +
			" times in a row; he gets no calls until he logs in, or for " + e.opt.AgentRetry.String()})
}
