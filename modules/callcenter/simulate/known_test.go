package simulate

import (
	"math"
	"testing"
	"time"
)

// TestOptimumIsReached runs the best policy in the live engine: it costs what
// the solver says, and none of the others is better with the same callers.
func TestOptimumIsReached(t *testing.T) {
	sc := scenario(t, "tiny")
	l, err := Known(sc)
	if err != nil {
		t.Fatal(err)
	}
	best := l.best.policy()
	r := run(t, Options{Scenario: sc, Policies: []Policy{best, builtin(t, "look-ahead"), builtin(t, "balancing"), builtin(t, "full-load")}, Seeds: 6, Warmup: time.Hour, Length: 20 * time.Hour,
		Limits: func(*Scenario) (*Limits, error) { return l, nil }})
	own := r.Outcomes[0]
	if miss := math.Abs(own.Mean.Cost - *l.OptimumCost); miss > 2*own.CI95.Cost {
		t.Errorf("the optimum costs %.4f ± %.4f in the engine, %.4f by the solver", own.Mean.Cost, own.CI95.Cost, *l.OptimumCost)
	}
	for i, most := range []float64{0, 0.1, 0.8, 0.4} {
		out := r.Outcomes[i]
		t.Logf("%s: cost %.4f, regret %.3f ± %.3f", out.Policy, out.Mean.Cost, *out.Regret, *out.RegretCI95)
		if *out.Regret < -2**out.RegretCI95 || *out.Regret > most {
			t.Errorf("%s: regret %.3f ± %.3f", out.Policy, *out.Regret, *out.RegretCI95)
		}
	}
}

// TestKnown holds the limits of mixed against what is known of it, and that no
// policy passes the strict ones.
func TestKnown(t *testing.T) {
	r := run(t, Options{Scenario: scenario(t, "mixed"), Policies: []Policy{builtin(t, "full-load"), builtin(t, "balancing")}, Base: "balancing", Seeds: 4, Warmup: time.Hour, Length: 8 * time.Hour,
		Limits: Known, Heads: []int{20}})
	l := r.Limits
	if l.OptimumCost != nil || l.Fluid == nil || l.Audio == nil || l.Chat == nil {
		t.Fatalf("%+v", l)
	}
	if math.Abs(*l.Capacity-1.307) > 1e-3 || math.Abs(l.Fluid.QueueTime-2.1) > 0.1 || l.Audio.Exact {
		t.Errorf("capacity %.3f, fluid %+v, audio %+v", *l.Capacity, l.Fluid, l.Audio)
	}
	if closed := r.Staffing[0].Limits.Audio; math.Abs(closed.QueueTime-l.Audio.QueueTime) > 0.5 || closed.ServiceLevel < 0.95 {
		t.Errorf("Erlang A %+v, simulated %+v", closed, l.Audio)
	}
	for _, o := range r.Outcomes {
		if o.Mean.Audio.QueueTime < l.Audio.QueueTime || o.Mean.Chat.QueueTime < l.Chat.QueueTime || *o.Gap > 1 {
			t.Errorf("%s is better than can be: %+v", o.Policy, o.Mean.Audio)
		}
	}
}

// TestUnknown holds that limits are not told where they do not hold.
func TestUnknown(t *testing.T) {
	for name, ok := range map[string]bool{"outage": false, "large": true, "reject": true, "burst": true, "bilingual": true} {
		l, err := Known(scenario(t, name))
		if err != nil || (l.Audio != nil) != ok || l.OptimumCost != nil || l.Capacity == nil {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	slow := scenario(t, "tiny")
	slow.Slowdown = 0.2
	if l, err := Known(slow); err != nil || l.OptimumCost != nil || l.Capacity != nil || l.Fluid != nil || l.Chat == nil || l.Chat.Exact {
		t.Errorf("with chats that slow each other down: %+v, %v", l, err)
	}
	sc := scenario(t, "tiny").WithAgents(30)
	if _, ok := sc.small(); ok {
		t.Error("30 agents are small")
	}
}

// TestKnownSlowdown holds that no formula is called exact, and no optimum
// computed, where chats slow each other down.
func TestKnownSlowdown(t *testing.T) {
	sc := scenario(t, "tiny")
	sc.Slowdown = 0.2
	l, err := Known(sc)
	if err != nil {
		t.Fatal(err)
	}
	if l.OptimumCost != nil || l.Audio == nil || l.Audio.Exact {
		t.Errorf("%+v", l)
	}
}
