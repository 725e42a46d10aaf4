package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkDecision measures the Step that frees an agent while many calls
// wait: it ends his call, and gives him and his colleagues the next one. Every
// agent has three of thirty skills, the calls are spread over them.
func BenchmarkDecision(b *testing.B) {
	for _, calls := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("calls=%d", calls), func(b *testing.B) { benchDecision(b, calls, 5_000) })
	}
}

func benchDecision(b *testing.B, calls, agents int) {
	now := t0
	e := fullCenter(calls, agents)
	ids := make([]CallID, 0, agents)
	for _, c := range e.callsByAge() {
		if c.agent != nil {
			ids = append(ids, c.id)
		}
	}
	took := make([]time.Duration, 0, b.N)
	next := 0
	for b.Loop() {
		now = now.Add(time.Millisecond)
		start := time.Now()
		out := e.Step(now, CallerGone{ids[0]})
		took = append(took, time.Since(start))
		ids = ids[1:]
		out = append(out, e.Step(now, benchCall(calls+agents+next, next))...) // keep as many waiting
		next++
		for _, a := range out {
			if c, ok := a.(Connect); ok && c.Target == ToAgent {
				ids = append(ids, c.Call)
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(took[len(took)-1].Nanoseconds()), "max-ns")
}

// fullCenter has every agent in a call and the other calls waiting.
func fullCenter(calls, agents int) *Engine {
	e := New(Options{RejectOnNoAgents: true, InternalDispatching: true, QueuePosParam: "cc_pos"})
	var l Load
	for i := range benchSkills {
		l.Flows = append(l.Flows, FlowConfig{ID: fmt.Sprint("f", i), Priority: i % 5, Skill: fmt.Sprint("s", i), Queue: "sip:moh@media"})
	}
	for i := range agents {
		id := fmt.Sprint("a", i)
		l.Agents = append(l.Agents, AgentConfig{ID: id, Location: "sip:" + id, LoggedIn: true,
			Skills: []string{fmt.Sprint("s", i%benchSkills), fmt.Sprint("s", (i+7)%benchSkills), fmt.Sprint("s", (i+13)%benchSkills)}})
	}
	e.Step(t0, l)
	for i := range agents + calls {
		e.Step(t0, benchCall(i, i))
	}
	return e
}

const benchSkills = 30

func benchCall(id, flow int) CallArrived {
	return CallArrived{Call: CallID(fmt.Sprint("c", id)), Flow: fmt.Sprint("f", flow%benchSkills), Media: RTP, User: "bob"}
}

// BenchmarkReload measures a reload with 10,000 calls waiting for 5,000 agents.
func BenchmarkReload(b *testing.B) {
	e := fullCenter(10_000, 5_000)
	var l Load
	for _, f := range e.flowList {
		l.Flows = append(l.Flows, f.cfg)
	}
	for _, a := range e.agentList {
		l.Agents = append(l.Agents, a.cfg)
	}
	for b.Loop() {
		e.Step(t0, l)
	}
}
