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
		{Name: "cc_policy_active", Kind: stat.Gauge, Doc: "1: the dispatch policy decides, 0: the built-in rule stands in for it"},
		{Name: "cc_policy_assigned", Kind: stat.Counter, Doc: "proposals of policies that were carried out"},
		{Name: "cc_policy_asked", Kind: stat.Counter, Doc: "questions to policies that are not built in"},
		{Name: "cc_policy_decided", Kind: stat.Counter, Doc: "their answers"},
		{Name: "cc_policy_stale", Kind: stat.Counter, Doc: "proposals dropped since the call or the agent had changed meanwhile"},
		{Name: "cc_policy_impossible", Kind: stat.Counter, Doc: "proposals dropped that were wrong when they were made"},
		{Name: "cc_policy_late", Kind: stat.Counter, Doc: "answers that did not come within dispatch_policy_deadline"},
		{Name: "cc_policy_fallbacks", Kind: stat.Counter, Doc: "times the built-in rule took over"},
		{Name: "cc_policy_restarts", Kind: stat.Counter, Doc: "times the process of a policy was started anew"},
	}
}

// collect reads the engine's statistics in its loop. A stopped call center
// has none.
func (m *module) collect() []stat.Value {
	var list []engine.Stat
	var delay time.Duration
	var policy engine.PolicyState
	var restarts int
	running := m.runner.ask(func(e *engine.Engine, now time.Time) {
		list, delay = e.Stats(now), m.runner.delays.longest(now)
		policy, restarts = e.PolicyState(), m.policies.restarts()
	})
	if !running {
		return nil
	}
	vs := append(policyStats(policy, restarts),
		stat.Value{Group: moduleName, Name: "ccg_max_delay", Kind: stat.Gauge, Value: delay.Microseconds()})
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

func policyStats(s engine.PolicyState, restarts int) []stat.Value {
	active := int64(0)
	if s.Active {
		active = 1
	}
	vs := []stat.Value{{Name: "cc_policy_active", Kind: stat.Gauge, Value: active}}
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"assigned", s.Assigned}, {"asked", s.Asked}, {"decided", s.Decided}, {"stale", s.Stale}, {"impossible", s.Impossible},
		{"late", s.Late}, {"fallbacks", s.Fallbacks}, {"restarts", int64(restarts)},
	} {
		vs = append(vs, stat.Value{Name: "cc_policy_" + c.name, Kind: stat.Counter, Value: c.n})
	}
	for i := range vs {
		vs[i].Group = moduleName
	}
	return vs
}
