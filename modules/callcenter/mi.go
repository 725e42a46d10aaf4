package callcenter

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// errStopped is answered by commands that come while the module stops.
var errStopped = &mi.Error{Code: 503, Message: "The call center is stopping"}

// reloadTime bounds the reading of the database, at start and by cc_reload:
// clients of the management interface do not wait much longer.
const reloadTime = 10 * time.Second

// commands declares the management commands under both spellings. Key names,
// their order and "Loged in" are OpenSIPS's: clients know them.
func (m *module) commands() []mi.Command {
	list := []mi.Command{
		{Name: "list_flows", Effect: mi.Reads, Doc: "lists the flows, newest first", Call: m.listFlows},
		{Name: "list_agents", Effect: mi.Reads, Doc: "lists the agents, those logged out first", Call: m.listAgents},
		{Name: "list_queue", Effect: mi.Reads, Doc: "lists the waiting calls in the order in which they are served", Call: m.listQueue},
		{Name: "list_calls", Effect: mi.Reads, Doc: "lists all calls, newest first", Call: m.listCalls},
		{Name: "agent_login", Doc: "logs an agent in (state not 0) or out (0)", Call: m.miLogin,
			Recipes: []mi.Recipe{{{Name: "agent_id"}, {Name: "state", Kind: mi.Int}}}},
		{Name: "reload", Doc: "reads flows and agents again, all or nothing", Call: m.miReload},
		{Name: "reset_stats", Doc: "zeroes counters and averages", Call: m.miReset},
		{Name: "internal_call_dispatching", Effect: mi.ReadsBare, Doc: "reads or sets whether sipd picks agents itself", Call: m.miDispatching,
			Recipes: []mi.Recipe{{}, {{Name: "dispatching", Kind: mi.Int}}}},
		{Name: "dispatch_call_to_agent", Doc: "gives a waiting call to an agent, while internal dispatching is off", Call: m.miAssign,
			Recipes: []mi.Recipe{{{Name: "call_id"}, {Name: "agent_id"}}}},
	}
	list = append(list, m.operatorCommands()...)
	list = append(list, m.policyCommands()...)
	for i, c := range list {
		list[i].Aliases = []string{"cc_" + c.Name}
		list[i].Name = "call_center:" + c.Name
	}
	return list
}

// view reads the engine in its loop.
func (m *module) view(fn func(*engine.Engine, time.Time)) error {
	if !m.runner.ask(fn) {
		return errStopped
	}
	return nil
}

func (m *module) listFlows(mi.Params) (any, error) {
	var flows []engine.FlowInfo
	if err := m.view(func(e *engine.Engine, now time.Time) { flows = e.Flows(now) }); err != nil {
		return nil, err
	}
	var list []mi.Object
	for _, f := range flows {
		list = append(list, mi.Object{}.With("id", f.ID).
			With("Avg Call Duration", f.AvgCallDuration).With("Processed Calls", f.Processed).
			With("Logged Agents", f.Logged).With("Ongoing Calls", f.Ongoing).With("Ref Calls", f.Ongoing))
	}
	return mi.Object{}.With("Flows", list), nil
}

func (m *module) listAgents(mi.Params) (any, error) {
	var agents []engine.AgentInfo
	if err := m.view(func(e *engine.Engine, now time.Time) { agents = e.Agents(now) }); err != nil {
		return nil, err
	}
	var list []mi.Object
	for _, a := range agents {
		list = append(list, agentObject(a))
	}
	return mi.Object{}.With("Agents", list), nil
}

func agentObject(a engine.AgentInfo) mi.Object {
	o := mi.Object{}.With("id", a.ID).With("Ref", a.Ref)
	if !a.LoggedIn {
		o = o.With("Loged in", "NO")
		if a.Lost {
			o = o.With("Reachable", "NO")
		}
		return o
	}
	o = o.With("Loged in", "YES").With("State", string(a.State))
	if a.State == engine.InChat {
		o = o.With("Ongoing chats", a.Chats).With("Free chats", a.Free)
	}
	if a.State == engine.Wrapup || a.State == engine.InChat && a.Wrapup > 0 {
		o = o.With("Wrapup-ends", ceilSeconds(a.Wrapup))
	}
	return o
}

// ceilSeconds rounds up: an agent with half a second left is not free yet.
func ceilSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (m *module) listQueue(mi.Params) (any, error) {
	var queue []engine.QueueItem
	if err := m.view(func(e *engine.Engine, now time.Time) { queue = e.Queue(now) }); err != nil {
		return nil, err
	}
	return mi.Object{}.With("Calls", mi.List{Len: len(queue), All: func(yield func(mi.Object) bool) {
		o := make(mi.Object, 0, 10)
		for i := range queue {
			q := &queue[i] // pointers to it need no memory of their own
			o = o[:0].With("index", &q.Index).With("id", (*string)(&q.ID)).
				With("Media", q.Media.String()).With("Caller username", &q.User).
				With("Caller display name", &q.Display).With("Waiting for", int(q.Waiting/time.Second)).
				With("ETW", &q.ETW).With("Flow", &q.Flow).With("Priority", &q.Priority).With("Skill", &q.Skill)
			if !yield(o) {
				return
			}
		}
	}}), nil
}

func (m *module) listCalls(mi.Params) (any, error) {
	var calls []engine.CallInfo
	if err := m.view(func(e *engine.Engine, now time.Time) { calls = e.Calls(now) }); err != nil {
		return nil, err
	}
	var list []mi.Object
	for _, c := range calls {
		o := mi.Object{}.With("id", string(c.ID)).With("Ref", c.Ref).With("State", c.State.String()).
			With("Call Time", int(c.Time/time.Second)).With("Flow", c.Flow)
		if c.Agent != "" {
			o = o.With("Agent", c.Agent)
		}
		list = append(list, o)
	}
	return mi.Object{}.With("Calls", list), nil
}

func (m *module) miLogin(p mi.Params) (any, error) {
	return m.agentRequest(engine.AgentLogin{Agent: p.String("agent_id"), On: p.Int("state") != 0})
}

// agentRequest posts an event about an agent and answers OK or 404.
func (m *module) agentRequest(ev engine.Event) (any, error) {
	switch m.runner.request(ev) {
	case engine.Done:
		return nil, nil
	case engine.NoSuchAgent:
		return nil, &mi.Error{Code: 404, Message: "Agent not found"}
	}
	return nil, errStopped
}

// miReload is atomic: with a bad row, or without the database, nothing
// changes. One runs at a time, or the older of two readings could win.
func (m *module) miReload(mi.Params) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), reloadTime)
	defer cancel()
	select {
	case m.reload <- struct{}{}:
		defer func() { <-m.reload }()
	case <-ctx.Done():
		return nil, &mi.Error{Code: 500, Message: "Failed to reload", Data: "another reload still runs"}
	}
	load, err := m.readAll(ctx)
	if err != nil {
		m.log.Error("cc_reload: nothing was changed", "err", err)
		return nil, &mi.Error{Code: 500, Message: "Failed to reload", Data: err.Error()}
	}
	m.runner.post(load)
	return nil, m.view(func(*engine.Engine, time.Time) {}) // it has been applied
}

// readAll reads flows and agents, none of them bad.
func (m *module) readAll(ctx context.Context) (engine.Load, error) {
	load, bad, err := m.store.Load(ctx)
	bad = slices.DeleteFunc(bad, func(r store.BadRow) bool { return r.Used })
	if err == nil && len(bad) > 0 {
		err = fmt.Errorf("%d bad rows, the first: %s", len(bad), bad[0])
	}
	return load, err
}

func (m *module) miReset(mi.Params) (any, error) {
	m.runner.post(engine.ResetStats{})
	err := m.view(func(*engine.Engine, time.Time) {}) // it has been done
	m.host.Stats().Restarted(moduleName)
	return nil, err
}

func (m *module) miDispatching(p mi.Params) (any, error) {
	if p.Has("dispatching") {
		m.runner.post(engine.SetDispatching{On: p.Int("dispatching") != 0})
	}
	on := 0
	err := m.view(func(e *engine.Engine, _ time.Time) {
		if e.Dispatching() {
			on = 1
		}
	})
	return mi.Object{}.With("dispatching", on), err
}

func (m *module) miAssign(p mi.Params) (any, error) {
	id := engine.CallID(p.String("call_id"))
	var media engine.Media
	if err := m.view(func(e *engine.Engine, _ time.Time) { media = e.MediaOf(id) }); err != nil {
		return nil, err
	}
	code := m.runner.request(engine.Assign{Call: id, Agent: p.String("agent_id")})
	if code == engine.Done {
		return nil, nil
	}
	if status, text := code.Refusal(media); status != 0 {
		return nil, &mi.Error{Code: status, Message: text}
	}
	return nil, errStopped
}
