package engine

import "github.com/sipd/sipd/modules/callcenter/dispatch"

// dispatch gives agents to waiting calls until no waiting call is left that a
// free agent could take. It held before the event, so only kinds that the event
// touched need a look; the outcome is [dispatch.Plan]'s.
func (e *Engine) dispatch() {
	if !e.opt.InternalDispatching {
		clear(e.dirty)
		return
	}
	for c, a := e.match(); c != nil; c, a = e.match() {
		e.assign(c, a)
	}
}

// match finds the call to serve next and the agent for it. Kinds where one of
// the two is missing are done.
func (e *Engine) match() (*call, *agent) {
	var c *call
	var a *agent
	for k := range e.dirty { // the best is the same in any order
		first, waiting := e.queue.first(k)
		best, free := e.bench.best(k)
		if !waiting || !free {
			delete(e.dirty, k)
			continue
		}
		if c == nil || first.waitingAs().Before(c.waitingAs()) {
			c, a = first, best
		}
	}
	return c, a
}

// dirtyAll makes dispatch look at everything.
func (e *Engine) dirtyAll() {
	for k := range e.queue.byKind {
		e.dirty[k] = struct{}{}
	}
}

// waitingAs is the call as policies see it.
func (c *call) waitingAs() dispatch.Call {
	return dispatch.Call{ID: string(c.id), Media: dispatch.Media(c.media), Skill: c.flow.cfg.Skill, Place: c.place}
}

// Snapshot is what a policy outside the engine may look at. What it proposes
// comes back as [Assign] and is checked again.
func (e *Engine) Snapshot() dispatch.Delta {
	s := dispatch.Delta{Now: e.now, Reset: true}
	for _, c := range e.queue.list() {
		if c.ready() {
			s.Calls = append(s.Calls, c.waitingAs())
		}
	}
	for _, a := range e.agentList {
		audio, slots := a.room(RTP, e.now) > 0, a.room(MSRP, e.now)
		if audio || slots > 0 {
			s.Agents = append(s.Agents, dispatch.Agent{
				ID: a.cfg.ID, Skills: a.cfg.Skills, Audio: audio, Slots: slots,
				Standing: dispatch.Standing{Chats: a.chats, Since: a.since},
			})
		}
	}
	return s
}

// assignByHand is cc_dispatch_call_to_agent. The checks are OpenSIPS's, in its
// order.
func (e *Engine) assignByHand(ev Assign) {
	c, a := e.calls[ev.Call], e.agents[ev.Agent]
	code := e.mayAssign(c, a)
	e.do(Answer{Code: code})
	if code == Done {
		e.dispatcherWorks()
		e.assign(c, a)
	}
}

func (e *Engine) mayAssign(c *call, a *agent) Code {
	switch {
	case e.opt.InternalDispatching:
		return DispatchesItself
	case a == nil || a.removed:
		return AgentUnknown
	case !a.present():
		return AgentOffline
	case c == nil || c.state != StateQueued || !c.ready():
		return CallNotQueued
	case !a.can(c.flow.cfg.Skill):
		return AgentUnskilled
	case a.room(c.media, e.now) == 0:
		return AgentNotFree
	}
	return Done
}
