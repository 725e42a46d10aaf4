package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// figure is a line of the table: a measure and how it is shown.
type figure struct {
	name     string
	of       func(*simulate.Measures) float64
	factor   float64 // 100 for percent
	decimals int
}

// classFigures are shown for each class of contacts.
func classFigures(i int) []figure {
	of := func(get func(*simulate.ClassMeasures) float64) func(*simulate.Measures) float64 {
		return func(m *simulate.Measures) float64 { return get(&m.Classes[i]) }
	}
	type c = simulate.ClassMeasures
	return []figure{
		{"service level, %", of(func(c *c) float64 { return c.SLc }), 100, 1},
		{"wait mean, s", of(func(c *c) float64 { return c.Wait.Mean }), 1, 1},
		{"wait p50, s", of(func(c *c) float64 { return c.Wait.P50 }), 1, 1},
		{"wait p95, s", of(func(c *c) float64 { return c.Wait.P95 }), 1, 1},
		{"wait p99, s", of(func(c *c) float64 { return c.Wait.P99 }), 1, 1},
		{"wait max, s", of(func(c *c) float64 { return c.Wait.Max }), 1, 0},
		{"abandoned, %", of(func(c *c) float64 { return c.AbandonRate }), 100, 1},
		{"time in queue, s", of(func(c *c) float64 { return c.QueueTime }), 1, 1},
	}
}

// figures are shown for the whole center.
func figures() []figure {
	type m = simulate.Measures
	return []figure{
		{"all calls: time in queue, s", func(m *m) float64 { return m.Audio.QueueTime }, 1, 1},
		{"answered per hour", func(m *m) float64 { return m.Throughput }, 1, 1},
		{"inversions per 1,000 chats", func(m *m) float64 { return m.Inversions }, 1, 1},
		{"priority inversions", func(m *m) float64 { return m.PriorityInversions }, 1, 1},
		{"calls blocked by chats, % of time", func(m *m) float64 { return m.BlockedShare }, 100, 1},
		{"longest call wait / chat wait", func(m *m) float64 { return m.WaitRatio }, 1, 2},
		{"agents busy, %", func(m *m) float64 { return m.Occupancy }, 100, 1},
		{"chat slots busy, %", func(m *m) float64 { return m.ChatUtilisation }, 100, 1},
		{"Gini of busy time, by type", func(m *m) float64 { return m.Gini }, 1, 3},
		{"Gini of busy time, all", func(m *m) float64 { return m.GiniAll }, 1, 3},
		{"idle agent passed over, s", func(m *m) float64 { return m.IdleSkipped }, 1, 1},
		{"cost", func(m *m) float64 { return m.Cost }, 1, 4},
	}
}

// printSimulation writes the report as tables.
func printSimulation(w io.Writer, r *simulate.Report) error {
	p := &printer{w: w, r: r}
	p.head()
	p.policies()
	p.differences()
	p.limits()
	p.staffing()
	p.timing()
	return p.err
}

// printer writes until something fails.
type printer struct {
	w   io.Writer
	r   *simulate.Report
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) head() {
	sc := p.r.Scenario
	p.printf("%s: %s\n", plain(sc.Name), plain(sc.Doc))
	p.printf("load %g, %s, %s of %s, seed %d", sc.Load, count(sc.Agents(), "agent"), count(p.r.Seeds, "run"), shortTime(p.r.Length), p.r.Seed)
	if p.r.Warmup > 0 {
		p.printf(", after %s of warm-up", shortTime(p.r.Warmup))
	}
	p.printf("\nmean of the runs ± half of its 95 %% interval\n")
}

func shortTime(d time.Duration) string {
	return strconv.FormatFloat(d.Hours(), 'g', 4, 64) + " h"
}

// policies is a column for each policy.
func (p *printer) policies() {
	t := newGrid("")
	for i := range p.r.Outcomes {
		t.columns = append(t.columns, plain(p.r.Outcomes[i].Policy))
	}
	for i, class := range p.r.Outcomes[0].Mean.Classes {
		t.title(plain(class.Class))
		p.figures(t, classFigures(i), means)
	}
	t.title("all")
	p.figures(t, figures(), means)
	p.printf("\n%s", t)
}

// means are the figures of an outcome, and their intervals.
func means(out *simulate.Outcome) (mean, half *simulate.Measures) { return &out.Mean, &out.CI95 }

func differences(out *simulate.Outcome) (mean, half *simulate.Measures) {
	if out.Diff == nil {
		return nil, nil
	}
	return &out.Diff.Mean, &out.Diff.CI95
}

func (p *printer) figures(t *grid, list []figure, of func(*simulate.Outcome) (mean, half *simulate.Measures)) {
	for _, f := range list {
		var cells []string
		for i := range p.r.Outcomes {
			if mean, half := of(&p.r.Outcomes[i]); mean != nil {
				cells = append(cells, f.cell(mean, half, p.r.Seeds > 1))
			}
		}
		t.row("  "+f.name, cells...)
	}
}

func (f figure) cell(mean, half *simulate.Measures, interval bool) string {
	text := f.text(f.of(mean))
	if interval {
		text += " ± " + f.text(f.of(half))
	}
	return text
}

func (f figure) text(v float64) string { return strconv.FormatFloat(v*f.factor, 'f', f.decimals, 64) }

// differences is a column for each policy but the base.
func (p *printer) differences() {
	t := newGrid("difference to " + plain(p.r.Base))
	for i := range p.r.Outcomes {
		if p.r.Outcomes[i].Diff != nil {
			t.columns = append(t.columns, plain(p.r.Outcomes[i].Policy))
		}
	}
	if len(t.columns) == 0 {
		return
	}
	for i, class := range p.r.Outcomes[0].Mean.Classes {
		list := classFigures(i)
		for _, k := range []int{0, 7} { // service level, time in queue
			f := list[k]
			f.name = plain(class.Class) + " " + f.name
			p.figures(t, []figure{f}, differences)
		}
	}
	p.figures(t, figures(), differences)
	p.printf("\n%s", t)
}

// limits sets the policies beside what is known of the best.
func (p *printer) limits() {
	l := p.r.Limits
	if l == nil {
		return
	}
	t := newGrid("limits")
	for i := range p.r.Outcomes {
		t.columns = append(t.columns, plain(p.r.Outcomes[i].Policy))
	}
	percent := func(name string, of func(*simulate.Outcome) *float64) {
		var cells []string
		known := false
		for i := range p.r.Outcomes {
			v := of(&p.r.Outcomes[i])
			if v == nil {
				cells = append(cells, "-")
				continue
			}
			known = true
			cells = append(cells, strconv.FormatFloat(100**v, 'f', 1, 64))
		}
		if known {
			t.row("  "+name, cells...)
		}
	}
	percent("regret: cost above the optimum, %", func(o *simulate.Outcome) *float64 { return o.Regret })
	percent("gap to the limit closed, %", func(o *simulate.Outcome) *float64 { return o.Gap })
	p.printf("\n%s", t)
	if l.OptimumCost != nil {
		p.printf("  lowest cost of any policy: %.4f\n", *l.OptimumCost)
	}
	p.bound("calls, no policy does better", l.Audio)
	p.bound("chats, no policy does better", l.Chat)
	p.bound("calls, when no chat is turned away", l.Fluid)
	if l.Capacity != nil {
		p.printf("  all can be served up to %.2f times this traffic\n", *l.Capacity)
	}
}

func (p *printer) bound(what string, b *simulate.Bound) {
	if b == nil {
		return
	}
	p.printf("  %s: time in queue %.1f s, abandoned %.1f %%", what, b.QueueTime, 100*b.AbandonRate)
	if b.ServiceLevel > 0 {
		p.printf(", service level %.1f %%", 100*b.ServiceLevel)
	}
	p.printf("\n")
}

// staffing is a line for each head count.
func (p *printer) staffing() {
	if len(p.r.Staffing) == 0 {
		return
	}
	t := newGrid("agents")
	first := p.r.Staffing[0]
	for i := range first.Outcome.Mean.Classes {
		t.columns = append(t.columns, plain(first.Outcome.Mean.Classes[i].Class)+" service level, %")
	}
	t.columns = append(t.columns, "abandoned, %", "agents busy, %")
	erlang := first.Limits != nil && first.Limits.Audio != nil
	if erlang {
		t.columns = append(t.columns, "Erlang, calls, %")
	}
	for _, s := range p.r.Staffing {
		m, half := &s.Outcome.Mean, &s.Outcome.CI95
		var cells []string
		for i := range m.Classes {
			cells = append(cells, classFigures(i)[0].cell(m, half, p.r.Seeds > 1))
		}
		cells = append(cells, percentOf(m.Audio.Abandoned+m.Chat.Abandoned, m.Audio.Arrived+m.Chat.Arrived),
			strconv.FormatFloat(100*m.Occupancy, 'f', 1, 64))
		if erlang && s.Limits != nil && s.Limits.Audio != nil {
			cells = append(cells, strconv.FormatFloat(100*s.Limits.Audio.ServiceLevel, 'f', 1, 64))
		}
		t.row(strconv.Itoa(s.Agents), cells...)
	}
	p.printf("\n%s with each head count\n%s", plain(first.Outcome.Policy), t)
}

func percentOf(part, whole float64) string {
	if whole == 0 {
		return "-"
	}
	return strconv.FormatFloat(100*part/whole, 'f', 1, 64)
}

func (p *printer) timing() {
	for i := range p.r.Outcomes {
		out := &p.r.Outcomes[i]
		if t := out.Timing; t != nil {
			p.printf("\n%s: %s, mean %s, p50 %s, p99 %s, max %s; %.0f agent-days simulated a minute", plain(out.Policy),
				count(t.Decisions, "decision"), t.Mean, t.P50, t.P99, t.Max, t.AgentDaysPerMinute)
		}
	}
	if p.r.Outcomes[0].Timing != nil {
		p.printf("\n")
	}
}
