package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkReloadChanged measures reloads that change every row, with 10,000
// agents, a talk for half of them, and 10,000 calls waiting. Nothing else
// happens in the call center meanwhile, so the longest is what matters.
func BenchmarkReloadChanged(b *testing.B) {
	type change struct {
		name  string
		agent func(*AgentConfig)
		flow  func(*FlowConfig)
	}
	for _, c := range []change{
		{name: "nothing"},
		{name: "location", agent: func(a *AgentConfig) { a.Location += "x" }},
		{name: "wrapup", agent: func(a *AgentConfig) { a.Wrapup += time.Second }},
		{name: "skills", agent: func(a *AgentConfig) { a.Skills = append([]string{"s99"}, a.Skills[1:]...) }},
		{name: "logstate", agent: func(a *AgentConfig) { a.LoggedIn = false }},
		{name: "music", flow: func(f *FlowConfig) { f.Queue += "x" }},
		{name: "priority", flow: func(f *FlowConfig) { f.Priority++ }},
		{name: "everything", agent: func(a *AgentConfig) {
			a.Location += "x"
			a.Skills, a.LoggedIn = append([]string{"s99"}, a.Skills[1:]...), false
		}, flow: func(f *FlowConfig) { f.Priority++ }},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := fullCenter(10_000, 5_000)
			loads := [2]Load{configOf(e), configOf(e)}
			for i := range 5_000 { // who are not in a call
				id := fmt.Sprint("b", i)
				a := AgentConfig{ID: id, Location: "sip:" + id, LoggedIn: true, Skills: []string{"x1", "x2", "x3"}}
				loads[0].Agents, loads[1].Agents = append(loads[0].Agents, a), append(loads[1].Agents, a)
			}
			e.Step(t0, loads[0])
			for i := range loads[1].Agents {
				if c.agent != nil {
					c.agent(&loads[1].Agents[i])
				}
			}
			for i := range loads[1].Flows {
				if c.flow != nil {
					c.flow(&loads[1].Flows[i])
				}
			}
			var took []time.Duration
			actions := 0
			for i := 0; b.Loop(); i++ {
				begin := time.Now()
				actions = len(e.Step(t0, loads[(i+1)%2]))
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
			b.ReportMetric(float64(actions), "actions")
		})
	}
}

func configOf(e *Engine) (l Load) {
	for _, f := range e.flowList {
		l.Flows = append(l.Flows, f.cfg)
	}
	for _, a := range e.agentList {
		l.Agents = append(l.Agents, a.cfg)
	}
	return l
}
