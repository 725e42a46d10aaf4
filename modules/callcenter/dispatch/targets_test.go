package dispatch_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/simulate"
)

var runs = flag.Int("runs", 2, "simulated runs for each figure of look-ahead; a figure is true to 1 % from 10 on")

// simulated runs policies with their defaults on a scenario.
func simulated(t *testing.T, scenario string, load float64, length time.Duration, policies ...string) []*simulate.Measures {
	t.Helper()
	sc, err := simulate.Find(scenario)
	if err != nil {
		t.Fatal(err)
	}
	o := simulate.Options{Scenario: sc.WithLoad(load), Seed: 1, Seeds: *runs, Warmup: time.Hour, Length: length}
	for _, name := range policies {
		p, err := simulate.Builtin(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		o.Policies = append(o.Policies, p)
	}
	r, err := simulate.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var list []*simulate.Measures
	for i := range r.Outcomes {
		list = append(list, &r.Outcomes[i].Mean)
	}
	return list
}

// TestLookAheadOnTiny holds that look-ahead costs at most 5 % more than the best
// policy there is. The optimum is that of package limits, by relative value
// iteration.
func TestLookAheadOnTiny(t *testing.T) {
	optimum := map[float64]float64{0.8: 0.0859, 1: 0.1884, 1.2: 0.3305}
	for load, best := range optimum {
		t.Run(fmt.Sprint("load ", load), func(t *testing.T) {
			t.Parallel()
			m := simulated(t, "tiny", load, 400*time.Hour, "look-ahead")[0]
			if regret := m.Cost/best - 1; regret > .05 {
				t.Errorf("regret %.1f %%, want at most 5", 100*regret)
			}
		})
	}
}

// TestLookAheadAgainstBalancing holds that what look-ahead wins for calls, it
// does not win by unevenness, by priorities passed over or by chats that wait
// beyond measure.
func TestLookAheadAgainstBalancing(t *testing.T) {
	for _, at := range []struct {
		scenario string
		load     float64
	}{{"mixed", .85}, {"mixed", 1}, {"mixed", 1.15}, {"burst", .85}, {"reject", 1}, {"outage", 1}} {
		t.Run(fmt.Sprint(at.scenario, " ", at.load), func(t *testing.T) {
			t.Parallel()
			both := simulated(t, at.scenario, at.load, 8*time.Hour, "balancing", "look-ahead")
			old, m := both[0], both[1]
			if m.Inversions > old.Inversions/4 {
				t.Errorf("%.1f inversions in 1,000 chats, want at most a quarter of %.1f", m.Inversions, old.Inversions)
			}
			if m.Gini > old.Gini+.05 {
				t.Errorf("Gini %.3f, want at most .05 above %.3f", m.Gini, old.Gini)
			}
			if m.PriorityInversions != 0 {
				t.Errorf("%v assignments passed over a better priority", m.PriorityInversions)
			}
			for i, c := range m.Classes {
				if c.SLc < .8 && old.Classes[i].SLc >= .8 {
					t.Errorf("%s: %.1f %% in 20 s, balancing has %.1f", c.Class, 100*c.SLc, 100*old.Classes[i].SLc)
				}
			}
			if m.Audio.QueueTime > old.Audio.QueueTime*2/3 {
				t.Errorf("calls wait %.1f s, want at most two thirds of %.1f", m.Audio.QueueTime, old.Audio.QueueTime)
			}
		})
	}
}
