package simulate

import (
	"testing"
	"time"
)

func builtin(t testing.TB, name string) Policy {
	t.Helper()
	p, err := Builtin(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFirst(t *testing.T) {
	for _, name := range []string{"tiny", "mixed"} {
		sc, _ := Find(name)
		for _, load := range []float64{.8, .85, 1, 1.15, 1.2} {
			begin := time.Now()
			r, err := Run(t.Context(), Options{Scenario: sc.WithLoad(load), Policies: []Policy{builtin(t, "balancing"), builtin(t, "full-load")},
				Seed: 1, Seeds: 8, Warmup: time.Hour, Length: 39 * time.Hour, Clock: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range r.Outcomes {
				m := o.Mean
				for _, c := range m.Classes {
					t.Logf("%s %g %s %s: SLc %.3f mean %.1f p95 %.1f aband %.3f queuetime %.1f Q %.3f", name, load, o.Policy, c.Class, c.SLc, c.Wait.Mean, c.Wait.P95, c.AbandonRate, c.QueueTime, c.Queue)
				}
				t.Logf("  inv %.1f blocked %.3f gini %.3f types %.3f thr %.1f prio %.1f cost %.4f occ %.3f", m.Inversions, m.BlockedShare, m.Gini, m.GiniTypes, m.Throughput, m.PriorityInversions, m.Cost, m.Occupancy)
				for _, ty := range m.Types {
					t.Logf("  %+v", ty)
				}
				t.Logf("  %+v", *o.Timing)
			}
			t.Log(time.Since(begin))
		}
	}
}
