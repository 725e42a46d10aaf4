package callcenter

import (
	"time"

	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// operatorCommands are those that OpenSIPS does not have: for the person who
// is asked why a caller waits, or why an agent gets nothing.
func (m *module) operatorCommands() []mi.Command {
	return []mi.Command{
		{Name: "why", Doc: "says why a call has no agent yet", Call: m.miWhy,
			Recipes: []mi.Recipe{{{Name: "call_id"}}}},
		{Name: "release_agent", Doc: "frees an agent who hangs", Call: m.miRelease,
			Recipes: []mi.Recipe{{{Name: "agent_id"}, {Name: "reason"}}}},
	}
}

func (m *module) miWhy(p mi.Params) (any, error) {
	var w engine.Why
	var found bool
	err := m.view(func(e *engine.Engine, now time.Time) { w, found = e.Why(now, engine.CallID(p.String("call_id"))) })
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, &mi.Error{Code: 404, Message: "Call not found"}
	}
	return whyObject(w), nil
}

func whyObject(w engine.Why) mi.Object {
	o := mi.Object{}.With("id", string(w.ID)).With("State", w.State.String()).
		With("Flow", w.Flow).With("Media", w.Media.String()).With("Skill", w.Skill)
	if w.State != engine.StateQueued {
		if w.Agent != "" {
			o = o.With("Agent", w.Agent)
		}
		if w.Chosen != "" {
			o = o.With("Chosen", w.Chosen)
		}
		return o
	}
	agents := []mi.Object{}
	for _, g := range w.Agents {
		a := namesObject(mi.Object{}.With("Is", g.Hindrance), "Agents", g.Names)
		if g.Soonest > 0 {
			a = a.With("Soonest", ceilSeconds(g.Soonest))
		}
		agents = append(agents, a)
	}
	o = o.With("index", w.Index).With("Waiting for", int(w.Waiting/time.Second)).With("ETW", w.ETW).With("Reason", w.Reason)
	if w.Held != "" {
		o = o.With("Held", w.Held)
	}
	return o.With("Ahead", namesObject(mi.Object{}, "Calls", w.Ahead)).With("Agents", agents)
}

// namesObject adds how many there are, the first few, and how many more.
func namesObject(o mi.Object, key string, n engine.Names) mi.Object {
	first := n.First
	if first == nil {
		first = []string{}
	}
	return o.With("Count", n.Count).With(key, first).With("More", n.Count-len(first))
}

func (m *module) miRelease(p mi.Params) (any, error) {
	return m.agentRequest(engine.ReleaseAgent{Agent: p.String("agent_id"), Reason: p.String("reason")})
}
