package engine

import "slices"

// load replaces the configuration at one instant: nobody is dispatched between
// the old and the new. Live calls, wrap-ups and statistics stay.
// What has not changed costs next to nothing: nobody is to wait for a reload.
func (e *Engine) load(ev Load) {
	var waiting []*call
	if !e.sameFlows(ev.Flows) {
		waiting = e.queue.list()
		for _, c := range waiting {
			e.leave(c)
		}
		e.loadFlows(ev.Flows)
	}
	e.loadAgents(ev)
	for _, c := range waiting {
		e.enter(c) // priority, skill and thresholds may be others now
	}
	e.sweep()
	e.heads.prune()
	e.forgetModels()
	e.forgetMedia()
	e.center.Rethink()
}

// sameFlows reports whether the rows are those that are loaded.
func (e *Engine) sameFlows(rows []FlowConfig) bool {
	n := 0
	for _, f := range e.flowList {
		if !f.removed {
			n++
		}
	}
	return n == len(rows) && !slices.ContainsFunc(rows, func(cfg FlowConfig) bool {
		f := e.flows[cfg.ID]
		return f == nil || f.removed || f.cfg != cfg
	})
}

func (e *Engine) loadFlows(rows []FlowConfig) {
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
		f.cfg, f.removed = cfg, false
	}
}

// loadAgents shifts every agent once, so that each change of state is reported
// once. The database's word on who is logged in is taken, unless it is an old
// one.
func (e *Engine) loadAgents(ev Load) {
	found := make(map[string]bool, len(ev.Agents))
	for _, cfg := range ev.Agents {
		found[cfg.ID] = true
		cfg.Skills = skillSet(cfg.Skills)
		a := e.agents[cfg.ID]
		if a != nil && a.is(cfg) {
			continue
		}
		fresh := a == nil
		if fresh {
			a = e.newAgent(cfg)
			e.agents[cfg.ID] = a
			e.agentList = append(e.agentList, a)
		}
		e.shift(a, func() { a.configure(cfg, fresh && ev.AtStart, !fresh && ev.KeepLogins) })
	}
	for _, a := range e.agentList {
		if !found[a.cfg.ID] && !a.removed {
			e.shift(a, a.remove)
		}
	}
}

// is reports whether a row says what the agent is already. The end of his
// wrap-up is the engine's to know.
func (a *agent) is(cfg AgentConfig) bool {
	return !a.removed && a.loggedIn == cfg.LoggedIn && a.cfg.LoggedIn == cfg.LoggedIn &&
		a.cfg.Location == cfg.Location && a.cfg.MSRPLocation == cfg.MSRPLocation && a.cfg.MSRPSessions == cfg.MSRPSessions &&
		a.cfg.Wrapup == cfg.Wrapup && a.cfg.Site == cfg.Site && slices.Equal(a.cfg.Skills, cfg.Skills)
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
