package report

import (
	"fmt"
	"slices"

	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// table is a table.
type table struct {
	Title string
	Head  []string
	Rows  [][]string
	Pair  bool // the first two columns are names
}

// share is a figure that not every report has.
type share struct {
	name  string
	value func(*simulate.Outcome) *float64
}

// tiles is what one sees first: a row a policy.
func (b book) tiles() table {
	t := table{Head: []string{"Policy"}}
	for _, m := range b.media() {
		t.Head = append(t.Head, m.title+" within "+span(b.Scenario.Target), "in queue", "given up")
	}
	t.Head = append(t.Head, "Answered/h", "Busy", "Gini", "Cost")
	shares := slices.DeleteFunc([]share{
		{"Above the optimum", func(o *simulate.Outcome) *float64 { return o.Regret }},
		{"Way to the limit", func(o *simulate.Outcome) *float64 { return o.Gap }},
	}, func(s share) bool {
		return !slices.ContainsFunc(b.Outcomes, func(o simulate.Outcome) bool { return s.value(&o) != nil })
	})
	for _, s := range shares {
		t.Head = append(t.Head, s.name)
	}
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		row := []string{o.Policy}
		for _, m := range b.media() {
			k := m.of(&o.Mean)
			row = append(row, percent(k.SLc), seconds(k.QueueTime), percent(k.AbandonRate))
		}
		row = append(row, trim3(o.Mean.Throughput), percent(o.Mean.Occupancy), trim3(o.Mean.Gini), trim3(o.Mean.Cost))
		for _, s := range shares {
			cell := "–"
			if v := s.value(o); v != nil {
				cell = percent(*v)
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// tables are all measures.
func (b book) tables() []table {
	list := []table{b.whole(), b.classes("By class", func(m *simulate.Measures) []simulate.ClassMeasures { return m.Classes })}
	if len(b.Outcomes) > 0 && len(b.Outcomes[0].Mean.Skills) > len(b.Outcomes[0].Mean.Classes) {
		list = append(list, b.classes("By class and skill", func(m *simulate.Measures) []simulate.ClassMeasures { return m.Skills }))
	}
	return append(list, b.types())
}

// whole are the measures of the center, with the limits.
func (b book) whole() table {
	t := table{Title: "The center", Head: []string{"Measure"}}
	for _, o := range b.Outcomes {
		t.Head = append(t.Head, o.Policy)
	}
	t.Head = append(t.Head, "Limit")
	add := func(name, limit string, unit func(float64) string, value func(*simulate.Measures) float64) {
		row := []string{name}
		for i := range b.Outcomes {
			o := &b.Outcomes[i]
			row = append(row, between(unit, value(&o.Mean), value(&o.CI95)))
		}
		t.Rows = append(t.Rows, append(row, limit))
	}
	l := b.Limits
	if l == nil {
		l = &simulate.Limits{}
	}
	for _, m := range b.media() {
		add(m.title+", mean time in queue", bound(m.bound(l)), seconds, func(v *simulate.Measures) float64 { return m.of(v).QueueTime })
	}
	optimum := ""
	if l.OptimumCost != nil {
		optimum = trim3(*l.OptimumCost)
	}
	add("Cost: waiting contacts, weighted", optimum, trim3, func(v *simulate.Measures) float64 { return v.Cost })
	for _, f := range []struct {
		name  string
		unit  func(float64) string
		value func(*simulate.Measures) float64
	}{
		{"Answered per hour", trim3, func(v *simulate.Measures) float64 { return v.Throughput }},
		{"Agents busy", percent, func(v *simulate.Measures) float64 { return v.Occupancy }},
		{"Chat slots in use", percent, func(v *simulate.Measures) float64 { return v.ChatUtilisation }},
		{"A call waits while an agent has a few chats (of time)", percent, func(v *simulate.Measures) float64 { return v.BlockedShare }},
		{"Inversions per 1,000 chats", trim3, func(v *simulate.Measures) float64 { return v.Inversions }},
		{"Priority inversions", trim3, func(v *simulate.Measures) float64 { return v.PriorityInversions }},
		{"Longest wait of a call over that of a chat", trim3, func(v *simulate.Measures) float64 { return v.WaitRatio }},
		{"Gini of busy time, in a group", trim3, func(v *simulate.Measures) float64 { return v.Gini }},
		{"Gini of busy time, of all", trim3, func(v *simulate.Measures) float64 { return v.GiniAll }},
		{"Longest idle agent passed over, by", seconds, func(v *simulate.Measures) float64 { return v.IdleSkipped }},
		{"Offers refused", trim3, func(v *simulate.Measures) float64 { return v.Refused }},
		{"Answered at another site", percent, func(v *simulate.Measures) float64 { return v.AwayShare }},
	} {
		add(f.name, "", f.unit, f.value)
	}
	if l.Fluid != nil {
		t.Rows = append(t.Rows, b.aside("Calls, if all chats were served by as few agents as can be", bound(l.Fluid)))
	}
	if l.Capacity != nil {
		t.Rows = append(t.Rows, b.aside("All could be served up to this multiple of the traffic", trim3(*l.Capacity)))
	}
	return t
}

// aside is a row with a limit only.
func (b book) aside(name, limit string) []string {
	row := make([]string, len(b.Outcomes)+2)
	row[0], row[len(row)-1] = name, limit
	return row
}

func bound(x *simulate.Bound) string {
	if x == nil {
		return ""
	}
	return seconds(x.QueueTime)
}

func between(unit func(float64) string, mean, interval float64) string {
	if interval == 0 {
		return unit(mean)
	}
	return fmt.Sprintf("%s ± %s", unit(mean), unit(interval))
}

func (b book) classes(title string, of func(*simulate.Measures) []simulate.ClassMeasures) table {
	t := table{Title: title, Pair: true, Head: []string{"Class", "Policy", "Arrived", "SL a", "SL b", "SL c", "SL d", "Answer mean", "p50", "p95", "p99", "max", "In queue", "Given up", "AHT"}}
	if len(b.Outcomes) == 0 {
		return t
	}
	for n := range of(&b.Outcomes[0].Mean) {
		for i := range b.Outcomes {
			o := &b.Outcomes[i]
			if n >= len(of(&o.Mean)) {
				continue
			}
			k, ci := of(&o.Mean)[n], simulate.ClassMeasures{}
			if n < len(of(&o.CI95)) {
				ci = of(&o.CI95)[n]
			}
			name := k.Class
			if k.Skill != "" {
				name += ", " + k.Skill
			}
			t.Rows = append(t.Rows, []string{name, o.Policy, trim3(k.Arrived), percent(k.SLa), percent(k.SLb), between(percent, k.SLc, ci.SLc), percent(k.SLd),
				between(seconds, k.Wait.Mean, ci.Wait.Mean), seconds(k.Wait.P50), seconds(k.Wait.P95), seconds(k.Wait.P99), seconds(k.Wait.Max),
				between(seconds, k.QueueTime, ci.QueueTime), percent(k.AbandonRate), seconds(k.AHT)})
		}
	}
	return t
}

func (b book) types() table {
	t := table{Title: "By group of agents", Pair: true, Head: []string{"Group", "Policy", "Agents", "Busy", "Gini", "Contacts each", "variance"}}
	if len(b.Outcomes) == 0 {
		return t
	}
	for n := range b.Outcomes[0].Mean.Types {
		for i := range b.Outcomes {
			if n < len(b.Outcomes[i].Mean.Types) {
				g := b.Outcomes[i].Mean.Types[n]
				t.Rows = append(t.Rows, []string{g.Type, b.Outcomes[i].Policy, trim3(g.Agents), percent(g.Occupancy), trim3(g.Gini), trim3(g.Handled), trim3(g.HandledVariance)})
			}
		}
	}
	return t
}
