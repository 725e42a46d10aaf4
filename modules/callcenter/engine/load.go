package engine

import "slices"

// load replaces the configuration at one instant: nobody is dispatched between
// the old and the new. Live calls, wrap-ups and statistics stay.
func (e *Engine) load(ev Load) {
	waiting := e.queue.list()
	for _, c := range waiting {
		e.queue.remove(c)
	}
	e.loadFlows(ev.Flows)
	e.loadAgents(ev)
	for _, c := range waiting {
		e.enter(c) // priority, skill and thresholds may be others now
	}
	e.sweep()
	e.queue.prune()
	e.bench.prune()
	e.forgetModels()
	e.forgetMedia()
	e.dirtyAll()
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
