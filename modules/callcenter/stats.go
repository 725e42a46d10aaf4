package callcenter

import (
	"time"

	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// statistics declares what collect lists: "-F" stands for a flow, "-A" for an
// agent.
func statistics() []stat.Desc {
	return []stat.Desc{
		{Name: "ccg_incalls", Kind: stat.Counter, Doc: "calls accepted"},
		{Name: "ccg_distributed_incalls", Kind: stat.Counter, Doc: "times an agent was reserved for a call"},
		{Name: "ccg_answered_incalls", Kind: stat.Counter, Doc: "calls answered by an agent, counted at their end"},
		{Name: "ccg_answered_inchats", Kind: stat.Counter, Doc: "chats among them"},
		{Name: "ccg_abandonned_incalls", Kind: stat.Counter, Doc: "callers who left before an agent answered"},
		{Name: "ccg_onhold_calls", Kind: stat.Gauge, Doc: "calls not with an agent yet"},
		{Name: "ccg_onhold_chats", Kind: stat.Gauge, Doc: "chats among them"},
		{Name: "ccg_free_agents", Kind: stat.Func, Doc: "agents logged in and free"},
		{Name: "ccg_awt", Kind: stat.Func, Doc: "average wait, seconds"},
		{Name: "ccg_load", Kind: stat.Func, Doc: "load in percent"},
		{Name: "ccg_max_delay", Kind: stat.Func, Doc: "longest time in the last minute from an event to the end of what followed from it, microseconds"},
		{Name: "ccf_incalls-F", Kind: stat.Counter, Doc: "calls of the flow"},
		{Name: "ccf_dist_incalls-F", Kind: stat.Counter, Doc: "times an agent was reserved"},
		{Name: "ccf_answ_incalls-F", Kind: stat.Counter, Doc: "answered calls"},
		{Name: "ccf_answ_inchats-F", Kind: stat.Counter, Doc: "answered chats"},
		{Name: "ccf_aban_incalls-F", Kind: stat.Counter, Doc: "callers who left"},
		{Name: "ccf_onhold_calls-F", Kind: stat.Gauge, Doc: "calls not with an agent yet"},
		{Name: "ccf_onhold_chats-F", Kind: stat.Gauge, Doc: "chats among them"},
		{Name: "ccf_queued_calls-F", Kind: stat.Gauge, Doc: "calls in the queue"},
		{Name: "ccf_free_agents-F", Kind: stat.Func, Doc: "free agents with the skill"},
		{Name: "ccf_etw-F", Kind: stat.Func, Doc: "expected wait, seconds"},
		{Name: "ccf_awt-F", Kind: stat.Func, Doc: "average wait, seconds"},
		{Name: "ccf_load-F", Kind: stat.Func, Doc: "load in percent"},
		{Name: "cca_dist_incalls-A", Kind: stat.Counter, Doc: "calls given to the agent"},
		{Name: "cca_answ_incalls-A", Kind: stat.Counter, Doc: "calls he answered"},
		{Name: "cca_answ_inchats-A", Kind: stat.Counter, Doc: "chats he answered"},
		{Name: "cca_aban_incalls-A", Kind: stat.Counter, Doc: "calls he refused or let ring"},
		{Name: "cca_att-A", Kind: stat.Func, Doc: "average talk time, seconds"},
	}
}

// collect reads the engine's statistics in its loop. A stopped call center
// has none.
func (m *module) collect() []stat.Value {
	var list []engine.Stat
	var delay time.Duration
	if !m.runner.ask(func(e *engine.Engine, now time.Time) { list, delay = e.Stats(now), m.runner.delays.longest(now) }) {
		return nil
	}
	vs := make([]stat.Value, 0, len(list)+1)
	vs = append(vs, stat.Value{Group: moduleName, Name: "ccg_max_delay", Kind: stat.Gauge, Value: delay.Microseconds()})
	for _, s := range list {
		kind := stat.Gauge
		if s.Counter {
			kind = stat.Counter
		}
		v := stat.Value{Group: moduleName, Name: s.Name(), Kind: kind, Value: max(s.Value, 0)}
		switch s.Scope {
		case engine.OfFlow:
			v.Label, v.ID = "flow", s.ID
		case engine.OfAgent:
			v.Label, v.ID = "agent", s.ID
		}
		if v.Label != "" {
			v.Family = s.Family
		}
		vs = append(vs, v)
	}
	return vs
}
