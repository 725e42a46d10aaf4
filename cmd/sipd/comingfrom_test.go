package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
)

var verdict = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\w+) \\|")

// TestComingFromOpenSIPS holds that the page names everything that call_center
// declares, and nothing else, each with a verdict.
func TestComingFromOpenSIPS(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "coming-from-opensips.md"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range verdict.FindAllStringSubmatch(string(page), -1) {
		if !slices.Contains([]string{"same", "fixed", "different", "new"}, m[2]) {
			t.Errorf("%s: verdict %q", m[1], m[2])
		}
		told[m[1]] = m[2]
	}
	declared := map[string]bool{}
	for _, name := range declaredBy("call_center") {
		declared[name] = true
		if told[name] == "" {
			t.Errorf("the page does not tell of %s", name)
		}
	}
	for name := range told {
		if !declared[name] {
			t.Errorf("the page tells of %s, which there is not", name)
		}
	}
}

// declaredBy lists what a module declares: commands by their old names.
func declaredBy(module string) (names []string) {
	var x core.Exports
	for _, m := range builtin() {
		if e := m.Exports(); e.Name == module {
			x = e
		}
	}
	for _, p := range x.Params {
		names = append(names, p.Name)
	}
	for _, f := range x.Funcs {
		names = append(names, f.Name)
	}
	for _, v := range x.Vars {
		names = append(names, v.Name)
	}
	for _, c := range x.MI {
		names = append(names, "cc_"+strings.TrimPrefix(c.Name, module+":"))
	}
	for _, s := range x.Stats {
		names = append(names, s.Name)
	}
	for _, e := range x.Events {
		names = append(names, e.Name)
	}
	return names
}
