package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

func (b book) title() string {
	s := b.Scenario
	if len(s.Trace) > 0 {
		return fmt.Sprintf("%s, played again", s.Name)
	}
	return fmt.Sprintf("Scenario %s at load %s", s.Name, trim(s.Load))
}

// about says what was simulated.
func (b book) about() []string {
	s := b.Scenario
	var groups []string
	for _, g := range s.Groups {
		can := "calls"
		switch {
		case g.Phone && g.Chats > 0:
			can = fmt.Sprintf("a call or up to %s", count(g.Chats, "chat"))
		case g.Chats > 0:
			can = fmt.Sprintf("up to %s", count(g.Chats, "chat"))
		}
		groups = append(groups, fmt.Sprintf("%d %s (%s)", g.N, g.Type, can))
	}
	list := []string{fmt.Sprintf("%s: %s.", count(s.Agents(), "agent"), strings.Join(groups, ", "))}
	if len(s.Trace) > 0 {
		list = append(list, fmt.Sprintf("%s as they came.", count(len(s.Trace), "contact")))
	} else {
		var classes []string
		for _, c := range s.Classes {
			classes = append(classes, fmt.Sprintf("%s %s/min", c.Name, trim(math.Round(6000*c.Rate*s.Load)/100)))
		}
		list = append(list, "Arrivals: "+strings.Join(classes, ", ")+".")
	}
	return append(list, fmt.Sprintf("%s of %s each, after %s to warm up. Every policy met the same callers. ± is the 95 %% interval of a mean.",
		count(b.Seeds, "run"), span(b.Length), span(b.Warmup)))
}

// warning is about runs too few to tell anything.
func (b book) warning() string {
	if b.Seeds >= 5 || len(b.Scenario.Trace) > 0 {
		return ""
	}
	return fmt.Sprintf("Only %s: the intervals are guesses. Take 20 or more for a decision.", count(b.Seeds, "run"))
}

// findings are sentences on what the policies do to callers, against the base.
func (b book) findings() (list []string) {
	base := b.base()
	if base == nil || len(b.Outcomes) < 2 {
		for _, o := range b.Outcomes {
			list = append(list, fmt.Sprintf("%s: %s.", o.Policy, strings.Join(b.levels(&o), ", ")))
		}
		return list
	}
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		if o.Diff == nil {
			continue
		}
		var parts []string
		for _, m := range b.media() {
			parts = append(parts, change(m.name, m.of(&base.Mean).QueueTime, m.of(&o.Mean).QueueTime, m.of(&o.Diff.Mean).QueueTime, m.of(&o.Diff.CI95).QueueTime))
		}
		if base.Mean.Inversions+o.Mean.Inversions > 0 {
			parts = append(parts, fmt.Sprintf("of 1,000 chats %s in place of %s were begun while a call waited for that agent", trim3(o.Mean.Inversions), trim3(base.Mean.Inversions)))
		}
		list = append(list, fmt.Sprintf("%s against %s: %s.", o.Policy, b.Base, strings.Join(parts, "; ")))
	}
	return list
}

func change(who string, from, to, diff, interval float64) string {
	if math.Abs(diff) <= interval {
		return fmt.Sprintf("%s wait as long (%s s, no difference that the runs could tell)", who, trim3(to))
	}
	word := "longer"
	if diff < 0 {
		word = "less"
	}
	return fmt.Sprintf("%s wait %s s %s (%s s, was %s s)", who, trim3(math.Abs(diff)), word, trim3(to), trim3(from))
}

func (b book) levels(o *simulate.Outcome) (list []string) {
	for _, m := range b.media() {
		list = append(list, fmt.Sprintf("%s %% of %s answered within %s", trim3(100*m.of(&o.Mean).SLc), m.name, span(b.Scenario.Target)))
	}
	return list
}

// medium is audio or chat, in the words of a supervisor.
type medium struct {
	media dispatch.Media
	name  string
	title string
}

func (m medium) of(v *simulate.Measures) *simulate.ClassMeasures {
	if m.media == dispatch.MSRP {
		return &v.Chat
	}
	return &v.Audio
}

func (m medium) bound(l *simulate.Limits) *simulate.Bound {
	switch {
	case l == nil:
		return nil
	case m.media == dispatch.MSRP:
		return l.Chat
	}
	return l.Audio
}

// media are those that the scenario has.
func (b book) media() (list []medium) {
	for _, m := range []medium{{dispatch.RTP, "calls", "Calls"}, {dispatch.MSRP, "chats", "Chats"}} {
		for _, c := range b.Scenario.Classes {
			if c.Media == m.media {
				list = append(list, m)
				break
			}
		}
	}
	return list
}

func (b book) base() *simulate.Outcome {
	for i := range b.Outcomes {
		if b.Outcomes[i].Policy == b.Base {
			return &b.Outcomes[i]
		}
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// trim writes a number without needless zeros, trim3 with three digits.
func trim(x float64) string { return strings.Replace(fmt.Sprintf("%.4g", x), "-", "−", 1) }

func trim3(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x), math.IsInf(x, 0):
		return "–"
	case a >= 100:
		return minus(fmt.Sprintf("%.0f", x))
	case a >= 10:
		return minus(fmt.Sprintf("%.1f", x))
	case a == 0:
		return "0"
	case a < 0.1:
		return minus(fmt.Sprintf("%.3f", x))
	}
	return minus(fmt.Sprintf("%.2f", x))
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return trim(d.Hours()) + " hours"
	case d >= 2*time.Minute:
		return trim(d.Minutes()) + " minutes"
	}
	return trim(d.Seconds()) + " s"
}
