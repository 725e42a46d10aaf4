package report

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

var keep = flag.String("keep", "", "write the page of the sample to this file, to look at")

const hostile = `<script>alert("x")</script>&'`

// sample is a report with something in every place, made up.
func sample() *simulate.Report {
	s := &simulate.Scenario{Name: "mixed", Load: 1, Target: 20 * time.Second,
		Classes: []simulate.Class{{Name: "audio", Media: dispatch.RTP, Rate: 0.045}, {Name: "vip", Media: dispatch.RTP, Rate: 0.005}, {Name: hostile, Media: dispatch.MSRP, Rate: 0.03}},
		Groups:  []simulate.Group{{Type: "audio only", N: 4, Phone: true}, {Type: "chat only", N: 3, Chats: 3}, {Type: "mixed", N: 13, Phone: true, Chats: 3}}}
	r := &simulate.Report{Scenario: s, Seed: 1, Seeds: 20, Warmup: time.Hour, Length: 8 * time.Hour, Base: "balancing"}
	seven := 0.07
	r.Limits = &simulate.Limits{Audio: &simulate.Bound{QueueTime: 0.6, ServiceLevel: 0.986}, Chat: &simulate.Bound{}, Fluid: &simulate.Bound{QueueTime: 2.1}, Capacity: &seven}
	for i, name := range []string{"balancing", "full-load", "look-ahead", hostile} {
		f := float64(i)
		o := simulate.Outcome{Policy: name, Mean: measures(s, f), CI95: measures(s, f)}
		for _, v := range []*float64{&o.CI95.Audio.QueueTime, &o.CI95.Chat.QueueTime, &o.CI95.Audio.SLc, &o.CI95.Chat.SLc, &o.CI95.Gini, &o.CI95.Inversions, &o.CI95.Throughput} {
			*v *= 0.06
		}
		if i > 0 {
			o.Diff = &simulate.Paired{}
			o.Diff.Mean.Audio.QueueTime, o.Diff.CI95.Audio.QueueTime = -1.5*f, 0.3
			o.Diff.Mean.Chat.QueueTime, o.Diff.CI95.Chat.QueueTime = 1.2*(f-1), 0.5
			o.Diff.Mean.Throughput, o.Diff.CI95.Throughput = 2*f, 1.1
			o.Diff.Mean.Gini, o.Diff.CI95.Gini = 0.012*f, 0.004
			gap := 0.14 * f
			o.Gap = &gap
		}
		for k := range 32 {
			at := float64(k)
			day := math.Sin(at / 31 * math.Pi)
			o.Series = append(o.Series, simulate.Point{At: time.Duration(k) * 15 * time.Minute, Length: 15 * time.Minute, Answered: 60, InTarget: 60 - 18*day/(1+f/2),
				QueueRTP: 2 * day / (1 + f), QueueMSRP: day * f / 3, Busy: 0.6 + 0.35*day, Came: []float64{9, 1, 6}, QueueTime: []float64{14 * day / (1 + f/2), 8 * day / (1 + f), 4 * day * f}})
		}
		for n, g := range s.Groups {
			for k := range g.N {
				o.Agents = append(o.Agents, simulate.Load{Agent: fmt.Sprint("agent", n, k), Type: g.Type, Busy: 0.95 - 0.01*float64((k*7)%13)*(1+f) - 0.05*float64(n)})
			}
		}
		r.Outcomes = append(r.Outcomes, o)
	}
	for n := 18; n <= 26; n++ {
		level := 1 - math.Exp(-float64(n-16)/2.6)
		o := simulate.Outcome{Policy: "balancing", Mean: measures(s, 0), CI95: measures(s, 0)}
		o.Mean.Audio.SLc, o.CI95.Audio.SLc, o.Mean.Chat.SLc, o.CI95.Chat.SLc = level, 0.02, 0.99, 0.001
		r.Staffing = append(r.Staffing, simulate.Staffing{Agents: n, Outcome: o, Limits: &simulate.Limits{Audio: &simulate.Bound{ServiceLevel: 1 - math.Exp(-float64(n-14)/2.2)}}})
	}
	return r
}

func measures(s *simulate.Scenario, f float64) simulate.Measures {
	m := simulate.Measures{Occupancy: 0.9, ChatUtilisation: 0.4, BlockedShare: 0.23 / (1 + f), Inversions: 112 / (1 + f*f), Gini: 0.04 + 0.02*f, Throughput: 272 + 2*f, Cost: 0.5 - 0.05*f, WaitRatio: 3,
		Audio: simulate.ClassMeasures{QueueTime: 10 - 1.5*f, SLc: 0.81 + 0.03*f, AbandonRate: 0.088 - 0.01*f}, Chat: simulate.ClassMeasures{QueueTime: 0.3 + 1.2*f, SLc: 0.99 - 0.03*f}}
	for _, c := range s.Classes {
		k := m.Audio
		k.Class, k.Arrived, k.Wait = c.Name, 1400, simulate.Waits{Mean: 8, P50: 0, P95: 55, P99: 90, Max: 200}
		m.Classes = append(m.Classes, k)
		for _, skill := range []string{"A", "B"} {
			k.Skill = skill
			m.Skills = append(m.Skills, k)
		}
	}
	for _, g := range s.Groups {
		m.Types = append(m.Types, simulate.TypeMeasures{Type: g.Type, Agents: float64(g.N), Occupancy: 0.9, Gini: 0.04, Handled: 120, HandledVariance: 8})
	}
	return m
}

func write(t *testing.T, r *simulate.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPage holds that the page has its figures, is well formed and needs
// nothing from elsewhere, whatever flows and policies are called.
func TestPage(t *testing.T) {
	s := write(t, sample())
	if *keep != "" {
		if err := os.WriteFile(*keep, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if s != write(t, sample()) {
		t.Error("the same report twice is not the same page")
	}
	for _, bad := range []string{"<script", "http:", "https:", "src=", "href=", "url(", "NaN", "Inf", "%!", "ZgotmplZ", "@import"} {
		if strings.Contains(s, bad) {
			t.Errorf("the page has %q: …%s", bad, s[strings.Index(s, bad):][:80])
		}
	}
	for _, part := range []string{"How many agents are needed?", "Calls: 80 % within 20 s takes 21 agents", "How long do they wait?", "limit 0.60 s", "How does it go through the time?",
		"Is the work shared evenly?", "Who pays for it?", "Is the difference real?", "All measures", "prefers-color-scheme: dark",
		"look-ahead against balancing: calls wait 3.00 s less (7.00 s, was 10.0 s)", "full-load against balancing: calls wait 1.50 s less (8.50 s, was 10.0 s); chats wait as long"} {
		if !strings.Contains(s, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	svgs := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(s, -1)
	if len(svgs) < 20 {
		t.Errorf("%d figures", len(svgs))
	}
	for _, svg := range svgs {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, svg)
			}
		}
	}
}

// TestBare writes reports that have almost nothing.
func TestBare(t *testing.T) {
	s := write(t, &simulate.Report{Scenario: &simulate.Scenario{Name: "none"}, Seeds: 1})
	if !strings.Contains(s, "Only 1 run") {
		t.Error("no warning of few runs")
	}
	r := sample()
	r.Limits, r.Staffing, r.Outcomes = nil, nil, r.Outcomes[:1]
	r.Scenario.Classes = r.Scenario.Classes[:1]
	r.Outcomes[0].Series = r.Outcomes[0].Series[:1]
	if s := write(t, r); strings.Contains(s, "Chats") && strings.Contains(s, "Is the difference real?") {
		t.Error("the page of one policy and calls alone shows chats or differences")
	}
}
