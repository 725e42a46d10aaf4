package engine

import (
	"slices"
	"time"
)

// agent is one person who answers calls. His state follows from the facts, so
// no two of them can disagree. They change inside [Engine.shift] only, by the
// methods of this file.
type agent struct {
	cfg      AgentConfig
	loggedIn bool
	removed  bool   // no longer in the database; finishes what he has
	load     uint64 // the last one that had his row

	audio  bool // reserved for or in an audio call
	chats  int
	wrapup wrapup
	since  uint64 // turn at which he became what he is now: free, logged in or out
	flow   string // of the last call given to him
	reach  reach

	told    ReportAgent
	kept    *KeptAgent // nil: his row says everything
	stats   agentTally
	counted counted
	work    shiftwork
	alarm   alarm
}

// wrapup is an agent's pause.
type wrapup struct {
	ends  time.Time
	chat  bool      // it follows chats: one slot is closed, and there is no audio
	pause time.Time // after a refused chat no slot is open until then
}

func (e *Engine) newAgent(cfg AgentConfig) *agent {
	a := &agent{cfg: cfg, since: e.turn()}
	a.told = ReportAgent{Agent: cfg.ID, State: Offline}
	a.alarm.agent = a
	return a
}

// configure takes over a row. The end of wrap-up counts only for an agent who
// is new at the start; later the engine knows better.
func (a *agent) configure(cfg AgentConfig, wrapup, keepLogin bool) {
	if cfg.Location != a.cfg.Location || cfg.MSRPLocation != a.cfg.MSRPLocation {
		a.reach = reach{}
	}
	if !keepLogin || a.removed || a.cfg.LoggedIn != cfg.LoggedIn {
		a.loggedIn = cfg.LoggedIn
	}
	a.cfg, a.removed = cfg, false
	if wrapup {
		a.wrapup.ends = cfg.WrapupEnds
	}
}

// remove is the row's end: he finishes what he has.
func (a *agent) remove() { a.removed, a.loggedIn = true, false }

// present reports whether the agent is at his desk, with a phone that works.
func (a *agent) present() bool { return a.loggedIn && !a.removed && !a.reach.lost }

// busy counts the calls he has.
func (a *agent) busy() int {
	if a.audio {
		return a.chats + 1
	}
	return a.chats
}

// state derives what the agent is doing at now. A call outlives a logout, and
// wrap-up outlives a logout and login: leaving the desk is no way to skip it.
func (a *agent) state(now time.Time) AgentState {
	switch {
	case a.audio:
		return InCall
	case a.chats > 0:
		return InChat
	case !a.present():
		return Offline
	case !now.Before(a.wrapup.ends):
		return Free
	case a.wrapup.chat:
		return InChat
	}
	return Wrapup
}

// can reports whether he has the skill.
func (a *agent) can(skill string) bool { return slices.Contains(a.cfg.Skills, skill) }

// room counts the calls of a medium he could take at now. Audio and chats
// exclude each other.
func (a *agent) room(m Media, now time.Time) int {
	if !a.present() {
		return 0
	}
	s := a.state(now)
	if m == RTP {
		if s == Free && a.cfg.Location != "" {
			return 1
		}
		return 0
	}
	if a.cfg.MSRPLocation == "" || s != Free && s != InChat || now.Before(a.wrapup.pause) {
		return 0
	}
	return a.slots(now)
}

// slots counts the chats he has room for; running wrap-up keeps one closed.
func (a *agent) slots(now time.Time) int {
	n := a.cfg.MSRPSessions - a.chats
	if now.Before(a.wrapup.ends) {
		n--
	}
	return max(n, 0)
}

// uri is where his phone for a medium is.
func (a *agent) uri(m Media) string {
	if m == MSRP {
		return a.cfg.MSRPLocation
	}
	return a.cfg.Location
}

// pauseAfter is his wrap-up after a call of a flow.
func (a *agent) pauseAfter(f *flow, global time.Duration) time.Duration {
	w := a.cfg.Wrapup
	if w == 0 {
		w = global
	}
	if limit := f.cfg.MaxWrapup; limit > 0 && w > limit {
		w = limit
	}
	return w
}

// take gives him a call he has room for.
func (a *agent) take(m Media, flow string) {
	a.flow = flow
	a.work.handled++
	if m == MSRP {
		a.chats++
		return
	}
	a.audio = true
}

// release takes a call away, with a pause of w. The pauses of chats add up.
func (a *agent) release(m Media, w time.Duration, now time.Time) {
	if m == RTP {
		a.audio = false
		if w > 0 {
			a.wrapup = wrapup{ends: now.Add(w)}
		}
		return
	}
	a.chats--
	if w > 0 {
		a.wrapup.ends = latest(now, a.wrapup.ends).Add(w)
		a.wrapup.chat = true
	}
}

// refuse takes away a call he did not want. He gets no other for w, and never
// at once: an agent without wrap-up would be called in a tight loop.
func (a *agent) refuse(m Media, w time.Duration, now time.Time) {
	w = max(w, refusalPause)
	a.release(m, w, now)
	if m == MSRP {
		a.wrapup.pause = now.Add(w)
	}
}

// wake is when his state changes by itself, or zero.
func (a *agent) wake(now time.Time) time.Time {
	if a.removed && a.busy() == 0 {
		return time.Time{} // he may be forgotten
	}
	var next time.Time
	for _, at := range [...]time.Time{a.wrapup.pause, a.wrapup.ends, a.reach.retry} {
		if now.Before(at) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}

// shift lets an agent change and tells everybody who must know: the center,
// the clock and the world.
func (e *Engine) shift(a *agent, change func()) {
	e.heads.remove(a)
	change()
	if s := a.state(e.now); s != a.told.State && (s == Free || s == Offline) {
		a.since = e.turn()
	}
	e.heads.add(a, e)
	e.seat(a)
	e.clock.set(&a.alarm, a.wake(e.now))
	e.report(a)
	e.keepAgent(a)
}

// report raises the event when the agent is not what he was.
func (e *Engine) report(a *agent) {
	r := ReportAgent{Agent: a.cfg.ID, State: a.state(e.now)}
	switch r.State {
	case InCall:
		r.Flow = a.flow
	case InChat:
		r.Chats = a.chats
		if a.chats > 0 {
			r.Flow = a.flow
		}
	}
	if (r.State == Wrapup || r.State == InChat) && e.now.Before(a.wrapup.ends) {
		r.WrapupEnds = a.wrapup.ends
	}
	if r != a.told {
		a.told = r
		e.do(r)
	}
}

func (e *Engine) login(ev AgentLogin) {
	a := e.agents[ev.Agent]
	if a == nil || a.removed {
		e.do(Answer{Code: NoSuchAgent})
		return
	}
	e.do(Answer{Code: Done})
	if a.loggedIn != ev.On || a.reach.lost {
		e.shift(a, func() { a.loggedIn, a.reach = ev.On, reach{} })
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
