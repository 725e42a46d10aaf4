package limits

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > within {
		t.Errorf("%s: %.6g, want %.6g ± %g", what, got, want, within)
	}
}

// TestErlang compares with tables: Erlang B for 10 Erlang, and a center of 12
// agents at 10 Erlang and calls of 200 s.
func TestErlang(t *testing.T) {
	near(t, "B(10, 10)", ErlangB(10, 10), 0.21458, 1e-5)
	near(t, "B(12, 10)", ErlangB(12, 10), 0.11974, 1e-5)
	near(t, "C(12, 10)", ErlangC(12, 10), 0.44939, 1e-5)
	near(t, "C of one agent is his load", ErlangC(1, 0.7), 0.7, 1e-12)
	near(t, "C overloaded", ErlangC(9, 10), 1, 0)

	l := Line{Agents: 12, Arrivals: 0.05, Service: 200}
	near(t, "mean wait", l.Solve().Wait, 44.9, 0.05)
	near(t, "service level", l.Level(20).Offered, 0.632, 5e-4)
	l.Patience = 120
	near(t, "abandoned", l.Solve().Abandoned, 0.0638, 5e-5)
	if r := (Line{Agents: 3, Arrivals: 1, Service: 4}).Solve(); !math.IsInf(r.Wait, 1) {
		t.Errorf("three agents for four Erlang: %+v", r)
	}
}

// TestPatience holds that endless patience is Erlang C, that waits and
// give-ups balance, and that levels stand in their order.
func TestPatience(t *testing.T) {
	c := Line{Agents: 12, Arrivals: 10.0 / 180, Service: 180}
	a := c
	a.Patience = 1e8
	near(t, "wait", a.Solve().Wait, c.Solve().Wait, 0.01)
	near(t, "at once", a.Solve().AtOnce, c.Solve().AtOnce, 1e-4)
	for _, at := range []float64{0, 20, 120, 600} {
		near(t, "level", a.Level(at).Offered, c.Level(at).Offered, 1e-4)
	}
	for _, l := range []Line{
		{Agents: 5, Arrivals: 0.05, Service: 100, Patience: 60},
		{Agents: 40, Arrivals: 0.5, Service: 100, Patience: 30},
		{Agents: 400, Arrivals: 4, Service: 100, Patience: 30},
		{Agents: 0, Arrivals: 0.1, Service: 10, Patience: 50},
	} {
		r, v := l.Solve(), l.Level(20)
		near(t, "abandoned is wait over patience", r.Abandoned, r.Wait/l.Patience, 1e-9)
		near(t, "what is not abandoned is served", l.Arrivals*(1-r.Abandoned)*l.Service, r.Occupancy*float64(l.Agents), 1e-9)
		if v.Offered > v.Fair || v.Offered > v.Answered || v.Kind < v.Offered || v.Kind > 1 {
			t.Errorf("%+v: levels %+v", l, v)
		}
		near(t, "in the end", l.Level(3000).Offered, 1-r.Abandoned, 1e-6)
		near(t, "at zero", l.Level(0).Offered, r.AtOnce, 1e-9)
	}
}
