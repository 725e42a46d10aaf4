package simulate

import (
	"context"
	"slices"
	"testing"
	"time"
)

// TestUnserved counts whom nobody answers as not served, however patient.
func TestUnserved(t *testing.T) {
	tiny, err := Find("tiny")
	if err != nil {
		t.Fatal(err)
	}
	sc := *tiny
	sc.Classes = slices.Clone(sc.Classes)
	sc.Classes[0].Skills = []Share{{"nobody", 1}}
	sc.Classes[0].Patience = Dist{}
	r, err := Run(context.Background(), Options{Scenario: &sc, Policies: []Policy{builtin(t, "balancing")}, Seed: 1, Seeds: 1, Length: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Outcomes[0].Mean.Classes[0]
	if c.Arrived == 0 || c.Waiting != c.Arrived || c.SLb != 0 || c.SLc != 0 {
		t.Errorf("%+v", c)
	}
}

// TestNoOptimum gives none where the queues of the computed center are too
// short, and does not take for ever where there is hardly a queue.
func TestNoOptimum(t *testing.T) {
	tiny, err := Find("tiny")
	if err != nil {
		t.Fatal(err)
	}
	for load, known := range map[float64]bool{0.01: true, 1: true, 20: false} {
		if _, ok := tiny.WithLoad(load).small(); ok != known {
			t.Errorf("load %g: small %t, want %t", load, ok, known)
		}
	}
	if l, err := Known(tiny.WithLoad(0.01)); err != nil || l.OptimumCost == nil {
		t.Errorf("load 0.01: %+v, %v", l, err)
	}
}
