package dispatch

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme holds that README.md explains each policy built in and each of its
// settings, with the words of [Builtin], and no others.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(data), "\n## ")
	for _, info := range Builtin() {
		i := slices.IndexFunc(sections, func(s string) bool { return strings.HasPrefix(s, info.Name+"\n") })
		if i < 0 {
			t.Errorf("no section %s", info.Name)
			continue
		}
		if info.Doc == "" || strings.Contains(info.Doc, "\n") {
			t.Errorf("%s: its doc is %q, want one line", info.Name, info.Doc)
		}
		if got := settingsIn(sections[i]); !maps.Equal(got, info.Settings) {
			t.Errorf("%s: the README explains %v, Builtin %v", info.Name, got, info.Settings)
		}
		if len(info.Settings) == 0 && !strings.Contains(sections[i], "It has no settings.") {
			t.Errorf("%s: the README does not say that it has no settings", info.Name)
		}
		if !strings.Contains(sections[0]+sections[1]+sections[2], "`"+info.Name+"`") {
			t.Errorf("%s: the README does not say when to choose it", info.Name)
		}
	}
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|$")

func settingsIn(section string) map[string]string {
	m := map[string]string{}
	for _, r := range row.FindAllStringSubmatch(section, -1) {
		m[r[1]] = strings.ReplaceAll(r[2], "`", "")
	}
	return m
}
