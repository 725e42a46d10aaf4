package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// sample has a figure in every place, made up.
func sample() *results {
	r := &results{Part: 1, Machine: "a machine", Days: 5000, Frontier: []point{{18, 5}, {7, 60}},
		EWT: []ewtCase{{"12 agents", 40, 20, 1, 23, -12}}, Speed: []speed{{"look-ahead", false, 1000, 6000, 20000}, {"look-ahead", true, 1000, 54000, 6 * time.Millisecond}}}
	for _, load := range []float64{0.8, 1, 1.2} {
		r.Tiny = append(r.Tiny, tinyLoad{load, 0.2, []tinyRow{{Policy: "balancing", Regret: 0.6}, {Policy: "look-ahead", Regret: 0.06 * load, Half: 0.01}}})
		classes := []simulate.ClassMeasures{{Class: "audio", SLc: 0.9}, {Class: "vip", SLc: 0.95}, {Class: "chat", SLc: 0.7}}
		r.Mixed = append(r.Mixed, mixedLoad{Load: load, Rows: []mixedRow{{Policy: "balancing", Classes: classes, Inversions: 100}, {Policy: "look-ahead", Classes: classes, Inversions: 30, Gini: -0.0001}}})
	}
	return r
}

func TestChecks(t *testing.T) {
	missed := 0
	for _, c := range sample().Checks() {
		if !c.OK {
			missed++
		}
	}
	if want := 2 + 3 + 1; missed != want { // regret, inversions, the plugin
		t.Errorf("%d figures are missed, want %d", missed, want)
	}
}

// TestPage holds that the page in docs has every part that the template has
// today, with figures in each, and its drawings.
func TestPage(t *testing.T) {
	made, err := sample().page()
	if err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join("..", "..", "..", "docs")
	data, err := os.ReadFile(filepath.Join(docs, "dispatch.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if strings.Contains(text, "short trial run") {
		t.Error("the page is of a short run: make bench-dispatch")
	}
	lines := strings.Split(made, "\n")
	for i, line := range lines {
		head := strings.HasPrefix(line, "|") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "| ---")
		if (strings.HasPrefix(line, "#") || head) && !strings.Contains(text, line+"\n") {
			t.Errorf("docs/dispatch.md has no %q: make bench-dispatch", line)
		}
	}
	for _, c := range sample().Checks() {
		if !strings.HasPrefix(c.What, "announced") && !strings.HasPrefix(c.What, "mixed") && !strings.Contains(text, "| "+c.What+" |") {
			t.Errorf("docs/dispatch.md does not hold %q", c.What)
		}
	}
	for _, bad := range []string{"NaN", "Inf", "%!", "<no value>"} {
		if strings.Contains(text, bad) || strings.Contains(made, bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
	drawings := regexp.MustCompile(`\(img/([\w.-]+)\)`).FindAllStringSubmatch(text, -1)
	if len(drawings) != len(sample().figures()) {
		t.Errorf("%d drawings in the page, %d are made", len(drawings), len(sample().figures()))
	}
	for _, m := range drawings {
		svg, err := os.ReadFile(filepath.Join(docs, "img", m[1]))
		if err != nil || !strings.HasPrefix(string(svg), "<svg xmlns=") || len(svg) < 2000 {
			t.Errorf("%s: %v, %d bytes", m[1], err, len(svg))
		}
	}
}
