package docstest

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
)

func pike() core.Exports {
	unit, density, note, mode, on := 2*time.Second, 30, "", "a", true
	return core.Exports{
		Name:  "pike",
		Needs: []string{"httpd"},
		Params: []core.Param{
			core.Seconds("unit", &unit, ""), core.Int("density", &density, 1, 99, ""), core.String("note", &note, ""),
			core.Enum("mode", &mode, []string{"a", "b"}, ""), core.Bool("on", &on, ""),
		},
		Funcs: []core.Func{
			{Name: "pike_check", Args: []core.Arg{{Name: "who"}, {Name: "unit", Optional: true}, {Name: "more", Optional: true}},
				Codes: map[core.Code]string{-1: "blocked"}},
			{Name: "pike_reset"},
		},
		Vars:   []core.Var{{Name: "pike_rate"}},
		MI:     []mi.Command{{Name: "pike:list", Aliases: []string{"pk_list"}, Recipes: []mi.Recipe{{}, {{Name: "unit"}}}}},
		Stats:  []stat.Desc{{Name: "blocked"}, {Name: "live-FLOW", Kind: stat.Gauge}, {Name: "ago", Kind: stat.Func}},
		Events: []event.Type{{Name: "E_PIKE_BLOCKED", Fields: []string{"ip", "unit"}}},
	}
}

func TestCheck(t *testing.T) { Check(t, "testdata", pike()) }

func TestRoutes(t *testing.T) {
	want := []Route{{"testdata/README.md", 67, "loadmodule \"pike\"\n-- # Needs is no heading here\n"}}
	if got := Routes(t, "testdata"); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestFaults changes one thing in the text each time: a check that finds
// nothing then would be no check.
func TestFaults(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"# pike\n", "# spike's\n", ""}, // the name is in it
		{"# pike\n", "# trout\n", `the title is "trout": want pike`},
		{"## Needs", "## Need", `no section "Needs"`},
		{"## Events", "## Example", `no section "Events"`},
		{"## Parameters", "## Differences from OpenSIPS", `section "Differences from OpenSIPS" comes too early`},
		{"`httpd`", "httpd", "section Needs: module `httpd` is not mentioned"},
		{"| `note` |", "| `notes` |", `parameter note is not described`},
		{"| `note` |", "| `notes` |", `parameter notes is described and does not exist`},
		{"| `note` |", "| `unit` |", `parameter unit is described twice`},
		{"| seconds | 2 |", "| milliseconds | 2 |", `parameter unit: type "milliseconds": want "seconds"`},
		{"| seconds | 2 |", "| seconds | 3 |", `parameter unit: default "3": want "2"`},
		{"| string | empty |", "| string | x |", `parameter note: default "x": want ""`},
		{"| 0 or 1 | 1 |", "| 0 or 1 |", `parameter on: want the cells`},
		{"pike_check(who [, unit [, more]])", "pike_check(who [, unit])", `function pike_check(who[,unit]) is described and does not exist`},
		{"### pike_reset()", "### pike_resets()", `function pike_reset() is not described`},
		{"| -1 | blocked |", "| -2 | blocked |", `function pike_check: code -1 is not described`},
		{"| -1 | blocked |", "| -2 | blocked |", `function pike_check: code -2 is described and does not exist`},
		{"### pike:list", "### pike_list", `command pike:list is not described`},
		{"`pk_list`", "pk_list", "command pike:list: alias `pk_list` is not mentioned"},
		{"`[unit]`", "nothing", "command pike:list: parameter `unit` is not mentioned"},
		{"| `blocked` | counter |", "| `blocked` | gauge |", `statistic blocked: want the cells Name, Kind "counter" and Meaning`},
		{"`pike:live-F`", "`pike:live-A`", `statistic live-F is not described`},
		{"### E_PIKE_BLOCKED", "### E_PIKE", `event E_PIKE_BLOCKED is not described`},
		{"`ip`,", "", "event E_PIKE_BLOCKED: field `ip` is not mentioned"},
		{"`pv.pike_rate`", "`pike_rate`", `pseudo-variable pike_rate is not described`},
		{"`pv.pike_rate`", "`pv.pike_rate` `pv.more`", `pseudo-variable more is described and does not exist`},
		{"```lua route", "```lua", "no ```lua route block"},
	} {
		t.Run(tt.new, func(t *testing.T) {
			text := strings.Replace(good(t), tt.old, tt.new, 1)
			if text == good(t) {
				t.Fatalf("%q is not in the text", tt.old)
			}
			got := problems(parse(text), merge([]core.Exports{pike()}))
			if tt.want == "" && len(got) == 0 {
				return
			}
			if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, tt.want) }) || tt.want == "" {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTwoModules is a folder with two modules that need one another.
func TestTwoModules(t *testing.T) {
	a := pike()
	b := core.Exports{Name: "minnow", Needs: []string{"pike"}}
	if got := problems(parse(good(t)), merge([]core.Exports{b, a})); got != nil {
		t.Errorf("got %q", got)
	}
}

func good(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
