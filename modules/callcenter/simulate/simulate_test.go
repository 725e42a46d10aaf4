package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

func builtin(t testing.TB, name string) Policy {
	t.Helper()
	p, err := Builtin(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func scenario(t testing.TB, name string) *Scenario {
	t.Helper()
	sc, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func run(t testing.TB, o Options) *Report {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrongNames(t *testing.T) {
	if _, err := Find("huge"); err == nil || !strings.Contains(err.Error(), "tiny, mixed, bilingual, large, burst, reject, outage") {
		t.Errorf("error %v", err)
	}
	if _, err := Builtin("fair", nil); err == nil || !strings.Contains(err.Error(), "balancing, full-load") {
		t.Errorf("error %v", err)
	}
	if _, err := Builtin("balancing", dispatch.Settings{"x": "1"}); err == nil || !strings.Contains(err.Error(), `no setting "x"`) {
		t.Errorf("error %v", err)
	}
}

func TestWrongOptions(t *testing.T) {
	good := func() Options {
		return Options{Scenario: scenario(t, "tiny"), Policies: []Policy{builtin(t, "balancing")}, Seeds: 1, Length: time.Hour}
	}
	for want, spoil := range map[string]func(*Options){
		"no policy": func(o *Options) { o.Policies = nil },
		"seeds":     func(o *Options) { o.Seeds = -1 },
		"length":    func(o *Options) { o.Length = time.Second },
		"warm-up":   func(o *Options) { o.Warmup = -1 },
		"load":      func(o *Options) { o.Scenario = o.Scenario.WithLoad(-1) },
		"no agents": func(o *Options) { o.Scenario = &Scenario{Load: 1} },
	} {
		o := good()
		spoil(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, good()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestDeterministic holds that a seed gives the same bytes, whoever works in
// which order, and another seed others.
func TestDeterministic(t *testing.T) {
	for _, name := range []string{"mixed", "burst", "reject", "outage"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := func(seed uint64, workers int) string {
				r := run(t, Options{Scenario: scenario(t, name), Policies: []Policy{builtin(t, "full-load"), builtin(t, "balancing")},
					Seed: seed, Seeds: 2, Length: time.Hour, Workers: workers, Heads: []int{19}})
				data, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				return string(data)
			}
			one := text(1, 1)
			if two := text(1, 3); two != one {
				t.Errorf("not the same:\n%s\n%s", one, two)
			}
			if text(2, 1) == one {
				t.Error("another seed makes no difference")
			}
		})
	}
}

// TestSameCallers holds that policies meet the same contacts.
func TestSameCallers(t *testing.T) {
	sc := scenario(t, "reject")
	a, b := sc.stream(7, time.Hour, 3*time.Hour), sc.WithAgents(5).stream(7, time.Hour, 3*time.Hour)
	if !slices.Equal(a, b) {
		t.Error("other agents, other callers")
	}
	r := run(t, Options{Scenario: sc, Policies: []Policy{builtin(t, "balancing"), builtin(t, "full-load")}, Seeds: 2, Length: time.Hour})
	for i, c := range r.Outcomes[0].Mean.Classes {
		if c.Arrived != r.Outcomes[1].Mean.Classes[i].Arrived || c.Arrived == 0 {
			t.Errorf("%s: %g and %g arrived", c.Class, c.Arrived, r.Outcomes[1].Mean.Classes[i].Arrived)
		}
	}
}

// TestStream holds that rates are what the scenario says.
func TestStream(t *testing.T) {
	const long = 400 * time.Hour
	for _, name := range []string{"tiny", "mixed", "large", "burst"} {
		sc := scenario(t, name).WithLoad(0.5)
		hours := long
		if name == "large" {
			hours = 40 * time.Hour // ten waves
		}
		counts := make([]float64, len(sc.Classes))
		for _, c := range sc.stream(3, 0, hours) {
			counts[c.class]++
		}
		for i, c := range sc.Classes {
			want := c.Rate * 0.5 * hours.Seconds()
			if name == "burst" {
				want *= (59.0 + 10) / 60
			}
			if got := counts[i]; got < 0.95*want || got > 1.05*want {
				t.Errorf("%s, %s: %g came, want %g", name, c.Name, got, want)
			}
		}
	}
}

func TestJSONKeys(t *testing.T) {
	r := run(t, Options{Scenario: scenario(t, "tiny"), Policies: []Policy{builtin(t, "full-load"), builtin(t, "balancing")}, Base: "balancing", Seeds: 2, Length: time.Hour,
		Limits: func(*Scenario) (*Limits, error) {
			best := 0.1
			return &Limits{OptimumCost: &best, Audio: &Bound{QueueTime: 1}}, nil
		}})
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var o map[string]any
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"regret", "gap_closed", "gini", "inversions_per_1000_chats", "priority_inversions", "cost"} {
		if _, ok := o[key].(float64); !ok {
			t.Errorf("%s is %v", key, o[key])
		}
	}
	if waits := o["waits"].(map[string]any)["audio"].(map[string]any); waits["p95"] == nil {
		t.Errorf("waits %v", waits)
	}
	if o["policy"] != "full-load" || len(o["others"].([]any)) != 1 || o["timing"] != nil {
		t.Error("not the first policy's")
	}
}

func TestWithAgents(t *testing.T) {
	sc := scenario(t, "mixed")
	for n := 1; n <= 60; n++ {
		if got := sc.WithAgents(n).Agents(); got != n {
			t.Errorf("%d agents, want %d", got, n)
		}
	}
	if g := sc.WithAgents(40).Groups; g[0].N != 8 || g[1].N != 6 || g[2].N != 26 {
		t.Errorf("groups %+v", g)
	}
}

func TestStudent(t *testing.T) {
	for n, want := range map[int]float64{1: 12.706, 5: 2.571, 7: 2.365, 19: 2.093, 100: 1.984} {
		if got := student(n); got < want-0.005 || got > want+0.005 {
			t.Errorf("%d degrees of freedom: %.4f, want %.3f", n, got, want)
		}
	}
}

func TestGini(t *testing.T) {
	for _, tt := range []struct {
		list []float64
		want float64
	}{{nil, 0}, {[]float64{0, 0}, 0}, {[]float64{3, 3, 3}, 0}, {[]float64{0, 0, 0, 1}, 0.75}, {[]float64{3, 1}, 0.25}} {
		if got := gini(tt.list); got != tt.want {
			t.Errorf("gini(%v) = %g, want %g", tt.list, got, tt.want)
		}
	}
}

func BenchmarkMixed(b *testing.B) {
	days := 0.0
	for b.Loop() {
		r := run(b, Options{Scenario: scenario(b, "mixed"), Policies: []Policy{builtin(b, "balancing")}, Seeds: 1, Length: 24 * time.Hour, Workers: 1})
		days += r.Length.Hours() / 24 * float64(r.Scenario.Agents())
	}
	b.ReportMetric(days/b.Elapsed().Minutes(), "agent-days/min")
}
