package acceptance

import (
	"encoding/json"
	"testing"

	"github.com/sipd/sipd/test/rig"
)

// simulated is what `sipd simulate --json` says of a policy.
type simulated struct {
	Regret             float64 `json:"regret"`
	Gini               float64 `json:"gini"`
	Inversions         float64 `json:"inversions_per_1000_chats"`
	PriorityInversions float64 `json:"priority_inversions"`
	Classes            []struct {
		Name  string  `json:"class"`
		Level float64 `json:"sl_c"`
	} `json:"classes"`
	Others []simulated `json:"others"`
}

// beside is look-ahead beside balancing.
func beside(t *testing.T, args ...string) (ahead, balancing simulated) {
	t.Helper()
	out := rig.Run(t, 0, append([]string{"simulate", "--policy", "look-ahead", "--base", "balancing", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &ahead); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(ahead.Others) != 1 || len(ahead.Classes) == 0 {
		t.Fatalf("want look-ahead and balancing: %s", out)
	}
	return ahead, ahead.Others[0]
}

// TestB9 is the policy that looks ahead, at the loads of the benchmark: it costs
// little more than the best there is, and no class, agent or priority pays for
// what calls gain.
func TestB9(t *testing.T) {
	t.Parallel()
	for _, load := range []string{"0.8", "1.0", "1.2"} {
		ahead, balancing := beside(t, "--scenario", "tiny", "--load", load, "--seeds", "20", "--hours", "20")
		t.Logf("tiny, load %s: %.3f above the optimum; balancing %.3f", load, ahead.Regret, balancing.Regret)
		if ahead.Regret > 0.05 || balancing.Regret < 0.3 {
			t.Errorf("tiny, load %s: look-ahead costs %.3f above the optimum, want at most 0.05; balancing %.3f, want more than 0.3", load, ahead.Regret, balancing.Regret)
		}
	}
	for _, load := range []string{"0.85", "1.0", "1.15"} {
		ahead, balancing := beside(t, "--scenario", "mixed", "--load", load, "--seeds", "8", "--hours", "6")
		t.Logf("mixed, load %s: inversions %.1f of %.1f, Gini %.3f of %.3f", load, ahead.Inversions, balancing.Inversions, ahead.Gini, balancing.Gini)
		if ahead.Inversions > balancing.Inversions/4 {
			t.Errorf("mixed, load %s: %.1f inversions, balancing has %.1f: want at most a quarter", load, ahead.Inversions, balancing.Inversions)
		}
		if ahead.Gini > balancing.Gini+0.05 {
			t.Errorf("mixed, load %s: Gini %.3f, balancing has %.3f: want at most 0.05 more", load, ahead.Gini, balancing.Gini)
		}
		if ahead.PriorityInversions != 0 {
			t.Errorf("mixed, load %s: %g passed one of better priority", load, ahead.PriorityInversions)
		}
		for i, c := range balancing.Classes {
			if c.Level >= 0.8 && ahead.Classes[i].Level < 0.8 {
				t.Errorf("mixed, load %s: %s is at %.3f, balancing keeps it at %.3f", load, c.Name, ahead.Classes[i].Level, c.Level)
			}
		}
	}
}
