package limits

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// mixed is the scenario of that name: 4 agents for calls, 3 for chats, 13 for
// both, a third each with skill A, B or both.
func mixed(load float64) Center {
	var c Center
	for _, g := range []Group{{Agents: 4, Phone: true}, {Agents: 3, Slots: 3}, {Agents: 13, Phone: true, Slots: 3}} {
		g.Skills = []string{"A"}
		c.Groups = append(c.Groups, g)
	}
	c.Classes = []Class{
		{Skill: "A", Arrivals: load * 3.0 / 60, Service: 210, Patience: 120},
		{Skill: "A", Chat: true, Arrivals: load * 1.8 / 60, Service: 480, Patience: 300},
	}
	return c
}

func TestFluid(t *testing.T) {
	for _, tt := range []struct{ load, locked, wait, abandoned float64 }{
		{0.85, 1.1, 0.4, 0.003}, {1, 1.8, 2.1, 0.018}, {1.15, 2.5, 6.6, 0.055},
	} {
		f := mixed(tt.load).Fluid(20)
		name := fmt.Sprintf("load %g: ", tt.load)
		near(t, name+"locked", f.Locked, tt.locked, 0.05)
		near(t, name+"wait", f.Wait, tt.wait, 0.06)
		near(t, name+"abandoned", f.Abandoned, tt.abandoned, 6e-4)
		if f.Level < 1-12*tt.abandoned || f.Level > 1-tt.abandoned {
			t.Errorf("%sservice level %.3f", name, f.Level)
		}
	}
}

func TestCapacity(t *testing.T) {
	both := []string{"A", "B"}
	for _, tt := range []struct {
		name string
		c    Center
		want float64
	}{
		// 10.5·s + (14.4·s - 9)/3 = 17
		{"mixed", mixed(1), 20.0 / 15.3},
		{"one class", Center{[]Group{{Agents: 3, Phone: true, Skills: both}}, []Class{{Skill: "A", Arrivals: 1, Service: 2}}}, 1.5},
		{"a skill nobody has", Center{[]Group{{Agents: 3, Phone: true, Skills: both}}, []Class{{Skill: "C", Arrivals: 1, Service: 2}}}, 0},
		{"no work", Center{[]Group{{Agents: 3, Phone: true, Skills: both}}, []Class{{Skill: "A"}}}, math.Inf(1)},
		// B has 2 agents of its own; the one for both goes where he is needed
		{"an N", Center{[]Group{{Agents: 2, Phone: true, Skills: []string{"B"}}, {Agents: 1, Phone: true, Skills: both}},
			[]Class{{Skill: "A", Arrivals: 1, Service: 0.5}, {Skill: "B", Arrivals: 1, Service: 2}}}, 3 / 2.5},
		{"an N, bound by A", Center{[]Group{{Agents: 2, Phone: true, Skills: []string{"B"}}, {Agents: 1, Phone: true, Skills: both}},
			[]Class{{Skill: "A", Arrivals: 1, Service: 2}, {Skill: "B", Arrivals: 1, Service: 1}}}, 0.5},
		{"slots differ", Center{[]Group{{Agents: 1, Slots: 5, Skills: []string{"A"}}, {Agents: 1, Slots: 2, Skills: both}},
			[]Class{{Chat: true, Skill: "A", Arrivals: 5, Service: 1}, {Chat: true, Skill: "B", Arrivals: 1, Service: 1}}}, 7.0 / 6},
	} {
		near(t, tt.name, orNumber(tt.c.Capacity()), orNumber(tt.want), 1e-9)
	}
}

func orNumber(x float64) float64 {
	if math.IsInf(x, 1) {
		return 1e99
	}
	return x
}

// TestRelax compares the simulated queue with Erlang A.
func TestRelax(t *testing.T) {
	l := Line{Agents: 12, Arrivals: 0.06, Service: 200, Patience: 120}
	rnd := rand.New(rand.NewPCG(1, 2))
	var list []Contact
	now := 0.0
	for i := range 400_000 {
		now += rnd.ExpFloat64() / l.Arrivals
		list = append(list, Contact{now, rnd.ExpFloat64() * l.Service, rnd.ExpFloat64() * l.Patience, i < 1000})
	}
	want, got := l.Solve(), Relax(list, l.Agents, 20)
	near(t, "wait", got.Wait, want.Wait, 0.02*want.Wait)
	near(t, "abandoned", float64(got.Abandoned)/float64(got.Counted), want.Abandoned, 0.02*want.Abandoned)
	near(t, "service level", got.Level, l.Level(20).Fair, 0.01)
	if got.Counted != 399_000 {
		t.Errorf("%+v", got)
	}
	if r := Relax(list[:2000], 0, 20); r.Abandoned != r.Counted {
		t.Errorf("without agents %+v", r)
	}
}
