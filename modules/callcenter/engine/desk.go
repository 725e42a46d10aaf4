package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// shiftwork is what an agent has done since he logged in.
type shiftwork struct {
	login    time.Time // zero: he is not there
	busy     time.Duration
	busyFrom time.Time // zero: he is free
	free     time.Time // since when, while he is
	handled  int
}

// note keeps the account up to date after he changed.
func (w *shiftwork) note(a *agent, now time.Time) {
	if !a.present() {
		*w = shiftwork{}
		return
	}
	if w.login.IsZero() {
		w.login, w.free = now, now
	}
	switch free := a.state(now) == Free; {
	case free && !w.busyFrom.IsZero():
		w.busy += now.Sub(w.busyFrom)
		w.busyFrom, w.free = time.Time{}, now
	case !free && w.busyFrom.IsZero():
		w.busyFrom, w.free = now, time.Time{}
	}
}

// seat tells the center how an agent is now.
func (e *Engine) seat(a *agent) {
	a.work.note(a, e.now)
	if !a.present() {
		e.center.DropAgent(a.cfg.ID)
		return
	}
	e.center.PutAgent(e.atDesk(a))
}

// atDesk is an agent as policies see him.
func (e *Engine) atDesk(a *agent) dispatch.Agent {
	d := dispatch.Agent{
		ID: a.cfg.ID, Skills: a.cfg.Skills, Site: a.cfg.Site,
		Phone: a.cfg.Location != "", State: deskStates[a.state(e.now)],
		Audio: a.room(RTP, e.now) > 0, Slots: a.room(MSRP, e.now),
		Standing:  dispatch.Standing{Chats: a.chats, Since: a.since},
		FreeSince: a.work.free, Login: a.work.login, Busy: a.work.busy, BusyFrom: a.work.busyFrom, Handled: a.work.handled,
	}
	if a.cfg.MSRPLocation != "" {
		d.MaxChats = a.cfg.MSRPSessions
	}
	if e.now.Before(a.wrapup.ends) {
		d.WrapupEnds = a.wrapup.ends
	}
	return d
}

var deskStates = map[AgentState]dispatch.State{Free: dispatch.Free, InCall: dispatch.InCall, InChat: dispatch.InChat, Wrapup: dispatch.Wrapup}
