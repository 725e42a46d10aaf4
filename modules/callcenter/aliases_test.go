package callcenter

import (
	"testing"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

func TestRealStat(t *testing.T) {
	for name, want := range map[string]string{
		"ccg_abandoned_incalls":       "ccg_abandonned_incalls",
		"CCG_Abandoned_Incalls":       "ccg_abandonned_incalls",
		"ccf_incalls_tech":            "ccf_incalls-tech",
		"ccf_dist_incalls_tech_1":     "ccf_dist_incalls-tech_1",
		"ccf_answ_inchats_tech":       "ccf_answ_inchats-tech",
		"ccf_queued_calls_tech":       "ccf_queued_calls-tech",
		"ccf_free_agents_tech":        "ccf_free_agents-tech",
		"ccf_etw_tech":                "ccf_etw-tech",
		"ccf_load_tech":               "ccf_load-tech",
		"ccg_load_tech":               "ccf_load-tech",
		"ccg_load-tech":               "ccf_load-tech",
		"ccf_dist_incall-tech":        "ccf_dist_incalls-tech",
		"ccf_answ_incall-tech":        "ccf_answ_incalls-tech",
		"ccf_aban_incall-tech":        "ccf_aban_incalls-tech",
		"ccf_onhold_call-tech":        "ccf_onhold_calls-tech",
		"ccf_onhold_incalls_tech":     "ccf_onhold_calls-tech",
		"ccf_onhold_inchats_tech":     "ccf_onhold_chats-tech",
		"cca_aban_incalls_alice@home": "cca_aban_incalls-alice@home",
		"cca_att_alice":               "cca_att-alice",
		"ccf_incalls_":                "",
		"ccg_load":                    "",
		"ccf_nothing_tech":            "",
		"ccg_incalls_tech":            "",
	} {
		if got, ok := realStat(name); got != want || ok != (want != "") {
			t.Errorf("%s: %q %t, want %q", name, got, ok, want)
		}
	}
}

// TestAliases reads and resets through other spellings; "all" lists each
// statistic once.
func TestAliases(t *testing.T) {
	m, host, _ := running(t, center())
	m.arrive(t, "1", "tech", engine.RTP, "")
	m.runner.post(engine.CallerGone{Call: "1"})
	read := func(name string) int64 {
		vs, unknown := host.stats.Find([]string{name})
		if len(vs) != 1 || unknown != "" || vs[0].Name != name {
			t.Fatalf("%s: %v, unknown %q", name, vs, unknown)
		}
		return vs[0].Value
	}
	before := len(host.stats.All())
	for _, name := range []string{"ccg_abandoned_incalls", "ccg_abandonned_incalls", "ccf_incalls_tech", "ccf_aban_incall-tech"} {
		if got := read(name); got != 1 {
			t.Errorf("%s is %d", name, got)
		}
	}
	if vs, _ := host.stats.Find([]string{"call_center:ccf_aban_incalls_tech"}); len(vs) != 1 || vs[0].Name != "ccf_aban_incalls_tech" {
		t.Errorf("with the group: %v", vs)
	}
	if all, _ := host.stats.Find([]string{"all"}); len(all) != before {
		t.Errorf("%d statistics in all, %d are there", len(all), before)
	}
	if n := host.stats.Reset([]string{"ccg_abandoned_incalls", "call_center:ccf_incalls_tech", "ccf_nothing_x", "ccg_free_agents"}); n != 3 {
		t.Errorf("Reset knew %d, want 3", n)
	}
	for name, want := range map[string]int64{"ccg_abandonned_incalls": 0, "ccf_incalls-tech": 0, "ccf_aban_incalls-tech": 1, "ccg_incalls": 1, "ccg_free_agents": 3} {
		if got := read(name); got != want {
			t.Errorf("after the reset %s is %d, want %d", name, got, want)
		}
	}
}
