package engine

import (
	"slices"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// load replaces the configuration at one instant: nobody is dispatched between
// the old and the new. Live calls, wrap-ups and statistics stay.
// What has not changed costs next to nothing: nobody is to wait for a reload.
func (e *Engine) load(ev Load) {
	e.loads++
	moved := e.loadFlows(ev.Flows)
	e.loadAgents(ev)
	e.requeue(moved)
	e.sweep()
	e.heads.prune()
	e.forgetModels()
	e.forgetMedia()
	e.center.Rethink()
}

// loadFlows takes over the rows and returns the flows whose waiting calls must
// be entered anew.
func (e *Engine) loadFlows(rows []FlowConfig) (moved map[*flow]bool) {
	moved = map[*flow]bool{}
	for _, f := range e.flowList {
		f.removed = true
	}
	for _, cfg := range rows {
		f := e.flows[cfg.ID]
		if f == nil {
			f = &flow{}
			e.flows[cfg.ID] = f
			e.flowList = append(e.flowList, f)
		}
		if f.cfg.queueing() != cfg.queueing() {
			moved[f] = true
		}
		f.cfg, f.removed = cfg, false
	}
	return moved
}

// queueing is what decides how a flow's calls stand in the queue: their place,
// who may take them, and when they are looked at.
func (c FlowConfig) queueing() FlowConfig {
	return FlowConfig{Priority: c.Priority, Skill: c.Skill, FlowID: c.FlowID,
		Dissuading: c.Dissuading, DissuadingOnHold: c.DissuadingOnHold, Site: c.Site}
}

// requeue writes the queue anew, with the waiting calls of these flows as they
// stand now. In order it costs a fraction of moving one call after another.
func (e *Engine) requeue(moved map[*flow]bool) {
	if len(moved) == 0 {
		return
	}
	waiting := e.queue.list()
	for _, c := range waiting {
		if moved[c.flow] {
			c.place.Priority, c.entry.ready = c.flow.cfg.Priority, c.ready()
			e.rearm(c)
		}
	}
	slices.SortFunc(waiting, func(c, d *call) int {
		if c.place.Before(d.place) {
			return -1
		}
		return 1 // no two are equal
	})
	e.queue = newQueue()
	for _, c := range waiting {
		c.entry.ticket = ticket{c.place, c}
		e.queue.all.Load(c.entry.ticket)
	}
	e.center.PutCalls(func(yield func(dispatch.Call) bool) {
		for _, c := range waiting {
			if c.entry.ready && !yield(c.waitingAs()) {
				return
			}
		}
	})
}

// loadAgents shifts every agent at most once, so that each change of state is
// reported once. The database's word on who is logged in is taken, unless it is
// an old one.
func (e *Engine) loadAgents(ev Load) {
	for _, cfg := range ev.Agents {
		a := e.agents[cfg.ID]
		fresh := a == nil
		if fresh {
			a = e.newAgent(cfg)
			e.agents[cfg.ID] = a
			e.agentList = append(e.agentList, a)
		}
		a.load = e.loads
		if fresh || !slices.Equal(a.cfg.Skills, cfg.Skills) {
			cfg.Skills = skillSet(cfg.Skills)
		}
		if !fresh && a.stays(cfg) {
			a.cfg = cfg
			continue
		}
		e.shift(a, func() { a.configure(cfg, fresh && ev.AtStart, !fresh && ev.KeepLogins) })
	}
	for _, a := range e.agentList {
		if a.load != e.loads && !a.removed {
			e.shift(a, a.remove)
		}
	}
}

// stays reports whether an agent who gets this row can still take what he could,
// and is what he was for everybody else: only where he is reached or how long he
// pauses may differ. The end of his wrap-up is the engine's to know.
func (a *agent) stays(cfg AgentConfig) bool {
	moves := a.cfg.Location != cfg.Location || a.cfg.MSRPLocation != cfg.MSRPLocation
	return !a.removed && a.loggedIn == cfg.LoggedIn && a.cfg.LoggedIn == cfg.LoggedIn &&
		(a.cfg.Location == "") == (cfg.Location == "") && (a.cfg.MSRPLocation == "") == (cfg.MSRPLocation == "") &&
		a.cfg.MSRPSessions == cfg.MSRPSessions && a.cfg.Site == cfg.Site && slices.Equal(a.cfg.Skills, cfg.Skills) &&
		!(moves && a.reach != reach{}) // new phones, new trust
}

// skillSet drops empty and repeated skills.
func skillSet(skills []string) []string {
	set := make([]string, 0, len(skills))
	for _, s := range skills {
		if s != "" && !slices.Contains(set, s) {
			set = append(set, s)
		}
	}
	return set
}
