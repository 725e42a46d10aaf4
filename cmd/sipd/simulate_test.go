package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
)

// quick makes a simulation short.
func quick(args ...string) []string {
	return append([]string{"simulate", "--seeds", "2", "--hours", "2"}, args...)
}

func TestSimulate(t *testing.T) {
	out := must(t, quick("--scenario", "mixed", "--load", "0.8", "--policy", "full-load")...)
	for _, want := range []string{
		"mixed: 20 agents", "load 0.8, 20 agents, 2 runs of 2 h, seed 1, after 1 h of warm-up", "full-load", "balancing", "\naudio\n", "\nchat\n",
		"  service level, %", " ± ", "inversions per 1,000 chats", "priority inversions", "Gini of busy time", "difference to balancing", "all calls: time in queue, s",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out := must(t, quick("--scenario", "mixed", "--base", "none", "--seeds", "1", "--timing")...); strings.Contains(out, "difference") || strings.Contains(out, "wait p95, s   0.0 ±") || !strings.Contains(out, " decisions, mean ") {
		t.Errorf("one policy, one seed:\n%s", out)
	}
	if out := must(t, quick("--scenario", "mixed", "--policy", "full-load", "--agents", "19..21")...); !strings.Contains(out, "full-load with each head count\nagents") || !strings.Contains(out, "\n21  ") {
		t.Errorf("staffing:\n%s", out)
	}
	if out := must(t, quick("--scenario", "mixed", "--agents", "9")...); !strings.Contains(out, "load 1, 9 agents,") {
		t.Errorf("nine agents:\n%s", out)
	}
	for _, want := range []string{"tiny", "mixed", "bilingual", "large", "burst", "reject", "outage", "balancing", "full-load", "plugin:/path/to/binary"} {
		if out := must(t, "simulate", "--list"); !strings.Contains(out, "\n"+want+" ") {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

func TestSimulateJSON(t *testing.T) {
	args := quick("--scenario", "mixed", "--load", "1.15", "--policy", "full-load", "--json")
	out := must(t, args...)
	if again := must(t, args...); again != out {
		t.Error("the same seed gave something else")
	}
	var o map[string]any
	if err := json.Unmarshal([]byte(out), &o); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"gini", "inversions_per_1000_chats", "priority_inversions"} {
		if _, ok := o[key].(float64); !ok {
			t.Errorf("%s is %v", key, o[key])
		}
	}
	if regret, ok := o["regret"]; !ok || regret != nil {
		t.Errorf("the regret on mixed is %v, want null", regret)
	}
	if o["scenario"] != "mixed" || o["load"] != 1.15 || o["policy"] != "full-load" || o["waits"].(map[string]any)["vip"] == nil {
		t.Errorf("%v", out)
	}
}

func TestSimulateWrong(t *testing.T) {
	for _, tt := range []struct {
		want string
		args []string
	}{
		{`sipd simulate: no scenario "huge": want one of tiny, mixed,`, []string{"--scenario", "huge"}},
		{`sipd simulate: no policy "fair": want one of balancing, full-load,`, []string{"--policy", "fair"}},
		{`policy balancing has no setting "r"`, []string{"--policy", "balancing,r=2"}},
		{`policy full-load has no setting "r"`, []string{"--policy", "full-load", "--policy-param", "r=2"}},
		{`setting "r" of policy balancing: want KEY=VALUE`, []string{"--policy-param", "r"}},
		{`--policy full-load is given twice`, []string{"--policy", "full-load", "--policy", "full-load"}},
		{`--agents "26..18": want a number, or a range such as 18..26`, []string{"--agents", "26..18"}},
		{`load -1: want more than 0`, []string{"--load=-1"}},
		{`slow-down 2: want 0 to 1`, []string{"--slowdown", "2"}},
		{`load 0: want more than 0`, []string{"--load", "0"}},
		{`--hours NaN: want more than 0`, []string{"--hours", "NaN"}},
		{`--seeds 0: want 1 to`, []string{"--seeds", "0"}},
		{`length 3.6s: want at least a minute`, []string{"--hours", "0.001"}},
		{`--warmup -1: want 0 to`, []string{"--warmup=-1"}},
		{`--base: no policy "fair"`, []string{"--base", "fair"}},
		{`plugin /nowhere/policy: there is no such file`, []string{"--policy", "plugin:/nowhere/policy"}},
		{`want a shorter run or less load`, []string{"--scenario", "large", "--load", "100", "--hours", "10000", "--seeds", "1"}},
		{`/nonexistent/x.html: no such file or directory`, []string{"--scenario", "tiny", "--html", "/nonexistent/x.html"}},
		{`--day is of --from-cdrs`, []string{"--day", "2024-05-31"}},
		{`--from-cdrs needs a day such as 2024-05-31`, []string{"--from-cdrs", "sqlite:///x"}},
		{`--scenario or --from-cdrs`, []string{"--from-cdrs", "sqlite:///x", "--scenario", "tiny"}},
		{`none.db: no such file or directory`, []string{"--from-cdrs", "sqlite://" + filepath.Join(t.TempDir(), "none.db"), "--day", "2024-05-31"}},
	} {
		fails(t, exitInput, tt.want, append([]string{"simulate"}, tt.args...)...)
	}
}

// TestSimulateCDRs simulates a day of a database.
func TestSimulateCDRs(t *testing.T) {
	rows := "INSERT INTO cc_cdrs (caller, received_timestamp, wait_time, pickup_time, talk_time, flow_id, agent_id, call_type, media) VALUES "
	for i := range 300 {
		if i > 0 {
			rows += ", "
		}
		agent, kind, talk, wait := fmt.Sprintf("'a%d'", i%3), 0, 60+i, i%7
		if i%10 == 0 {
			agent, kind, talk, wait = "NULL", 1, 0, 30
		}
		rows += fmt.Sprintf("('c', '2024-05-31 %02d:%02d:00', %d, 2, %d, 'tech', %s, %d, 1)", 8+i/60, i%60, wait, talk, agent, kind)
	}
	for _, dialect := range []string{"sqlite", "mariadb"} {
		t.Run(dialect, func(t *testing.T) {
			url := newDB(t)
			if dialect == "mariadb" {
				url = dbtest.MariaDB(t)
				must(t, "db", "create", "--url", url)
			}
			must(t, "flow", "add", "tech", "--skill", "s", "--message-queue", "sip:moh@h", "--url", url)
			for i := range 5 {
				must(t, "agent", "add", fmt.Sprint("a", i), "--skills", "s", "--location", "sip:a@h", "--url", url)
			}
			fails(t, exitInput, "no call of 2024-05-31 in cc_cdrs belongs to a flow of cc_flows (rows: 0)", "simulate", "--from-cdrs", url, "--day", "2024-05-31")
			insert(t, url, rows)
			out := must(t, "simulate", "--from-cdrs", url, "--day", "2024-05-31", "--policy", "full-load", "--seeds", "3")
			for _, want := range []string{"2024-05-31: the 300 contacts of the day, from 08:00:00 on", "3 agents", "3 runs of 5 h", "\ntech\n", "difference to balancing"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			out = must(t, "simulate", "--from-cdrs", url, "--day", "2024-05-31", "--seeds", "2", "--agents", "5..6")
			if !strings.Contains(out, "\n6  ") {
				t.Errorf("staffing:\n%s", out)
			}
		})
	}
}

// TestSimulatePlugin simulates a policy that is a program of its own.
func TestSimulatePlugin(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "roundrobin")
	if out, err := exec.Command("go", "build", "-o", binary, "../../plugins/roundrobin").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := quick("--scenario", "mixed", "--policy", "plugin:"+binary, "--json", "--seeds", "1")
	out := must(t, args...)
	if again := must(t, args...); again != out {
		t.Error("the same seed gave something else")
	}
	if !strings.Contains(out, `"policy": "plugin:`+binary+`"`) {
		t.Error(out)
	}
	fails(t, exitFault, "", quick("--scenario", "mixed", "--policy", "plugin:/bin/true")...)
}

func insert(t *testing.T, url, statement string) {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Write().Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// TestSimulateReadme holds that the README knows every flag of the command and
// every key of its object, and names none that is not there.
func TestSimulateReadme(t *testing.T) {
	data, err := os.ReadFile("../../modules/callcenter/simulate/README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	help := must(t, "simulate", "--help")
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(help, -1) {
		if flag != "--help" && !strings.Contains(readme, "`"+flag) && !strings.Contains(readme, " "+flag) {
			t.Errorf("the README does not know %s", flag)
		}
	}
	for _, m := range regexp.MustCompile("`(--[a-z-]+)").FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(help, m[1]) {
			t.Errorf("the README has a flag %s", m[1])
		}
	}
	out := must(t, quick("--scenario", "mixed", "--policy", "full-load", "--json")...)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)`(?:, `([a-z0-9_]+)`)? \\|").FindAllStringSubmatch(readme, -1) {
		for _, key := range m[1:] {
			if key != "" && key != "regret_ci95" && !strings.Contains(out, `"`+key+`"`) {
				t.Errorf("the README has a key %s", key)
			}
		}
	}
	for _, m := range regexp.MustCompile(`"([a-z0-9_]+)": [0-9n]`).FindAllStringSubmatch(out, -1) {
		if !strings.Contains(readme, "`"+m[1]+"`") && !strings.Contains(readme, "."+m[1]+"`") && !slices.Contains(plainKeys, m[1]) {
			t.Errorf("the README does not know the key %s", m[1])
		}
	}
}

// plainKeys need no explanation.
var plainKeys = []string{"load", "agents", "seed", "seeds", "warmup_seconds", "length_seconds", "arrived", "answered", "abandoned",
	"handled", "handled_variance", "decisions", "refused", "p50", "p95", "p99", "max", "capacity", "exact", "optimum_cost", "fluid", "audio", "chat", "limits"}
