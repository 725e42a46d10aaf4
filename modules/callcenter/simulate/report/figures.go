package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/modules/callcenter/simulate/plot"
)

// goal is the share of contacts to be answered within the target.
const goal = 0.8

func (b book) chapters() []chapter {
	list := []chapter{b.waits(), b.day(), b.load(), b.fairness(), b.pairs()}
	if len(b.Staffing) > 0 {
		list = append([]chapter{b.staffing()}, list...)
	}
	return slices.DeleteFunc(list, func(c chapter) bool { return len(c.Figures) == 0 })
}

// row is an outcome's value of some measure.
func (b book) rows(value func(*simulate.Measures) float64, show func(float64) string) (rows []plot.Row) {
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		rows = append(rows, plot.Row{Name: o.Policy, Color: i, Value: value(&o.Mean), Interval: value(&o.CI95), Note: show(value(&o.Mean))})
	}
	return rows
}

func percent(x float64) string { return trim3(100*x) + " %" }
func seconds(x float64) string { return trim3(x) + " s" }

// waits is how long contacts wait, and how far that is from what is possible.
func (b book) waits() chapter {
	c := chapter{Title: "How long do they wait?", Text: "Time in the queue counts those who gave up, too: else a policy looks good by losing callers. " +
		"The dashed line is the same contacts with every agent able to take every one of them, calls and chats at once: no policy can go below it, and none comes near."}
	for _, m := range b.media() {
		d := plot.Dots{
			Title: b.best(m.title+" wait least with %s: %s s", func(v *simulate.Measures) float64 { return m.of(v).QueueTime }),
			Axis:  plot.Axis{Label: "mean time in queue (s)"},
			Rows:  b.rows(func(v *simulate.Measures) float64 { return m.of(v).QueueTime }, seconds),
		}
		if l := m.bound(b.Limits); l != nil {
			d.Ref = &plot.Ref{Value: l.QueueTime, Name: "limit " + seconds(l.QueueTime)}
		}
		c.draw(d.Draw())
		d = plot.Dots{
			Title: fmt.Sprintf("%s answered within %s", m.title, span(b.Scenario.Target)),
			Sub:   "Of all, without those who gave up before.",
			Axis:  plot.Axis{Label: "service level", Format: plot.Percent, Min: b.floor(m), Max: 1},
			Rows:  b.rows(func(v *simulate.Measures) float64 { return m.of(v).SLc }, percent),
			Ref:   &plot.Ref{Value: goal, Name: "80 %"},
		}
		c.draw(d.Draw())
	}
	return c
}

// floor is where an axis of service levels begins, to leave room for what is
// seen.
func (b book) floor(m medium) float64 {
	low := goal
	for i := range b.Outcomes {
		o := &b.Outcomes[i]
		low = min(low, m.of(&o.Mean).SLc-m.of(&o.CI95).SLc)
	}
	return max(math.Floor(low*10-0.5)/10, 0)
}

// best fills in who has the least of a measure, and how much.
func (b book) best(format string, value func(*simulate.Measures) float64) string {
	i := 0
	for k := range b.Outcomes {
		if value(&b.Outcomes[k].Mean) < value(&b.Outcomes[i].Mean) {
			i = k
		}
	}
	return fmt.Sprintf(format, b.Outcomes[i].Policy, trim3(value(&b.Outcomes[i].Mean)))
}

// lines are one series of each policy over time.
func (b book) lines(value func(simulate.Point) float64) (list []plot.Line) {
	for i, o := range b.Outcomes {
		l := plot.Line{Name: o.Policy, Color: i}
		for _, p := range o.Series {
			l.X = append(l.X, p.At.Seconds()+p.Length.Seconds()/2)
			l.Y = append(l.Y, value(p))
		}
		if len(l.X) > 0 {
			list = append(list, l)
		}
	}
	return list
}

// day is what happens over time.
func (b book) day() chapter {
	c := chapter{Title: "How does it go through the time?", Text: "Each point is a stretch of time, as the mean of the runs."}
	x := plot.Axis{Label: "hours since the start", Format: plot.Hours}
	for n, class := range b.Scenario.Classes {
		lines := b.lines(func(p simulate.Point) float64 {
			if n >= len(p.QueueTime) || p.Came[n] == 0 {
				return math.NaN()
			}
			return p.QueueTime[n]
		})
		if any(lines) {
			c.draw(plot.Chart{Title: class.Name + ": " + b.peak(lines, "the longest time in queue is", " s"), X: x, Y: plot.Axis{Label: "mean time in queue (s)"}, Lines: lines}.Draw())
		}
	}
	level := b.lines(func(p simulate.Point) float64 {
		if p.Answered == 0 {
			return math.NaN()
		}
		return p.InTarget / p.Answered
	})
	if any(level) {
		c.draw(plot.Chart{Title: fmt.Sprintf("Answered within %s, of the answered", span(b.Scenario.Target)), X: x,
			Y: plot.Axis{Label: "service level, calls and chats", Format: plot.Percent, Min: lowest(level), Max: 1}, Lines: level, Marks: []plot.Mark{{Y: goal, Name: "80 %"}}}.Draw())
	}
	for _, m := range b.media() {
		lines := b.lines(func(p simulate.Point) float64 {
			if m.media == dispatch.MSRP {
				return p.QueueMSRP
			}
			return p.QueueRTP
		})
		if any(lines) {
			c.draw(plot.Chart{Title: m.title + " in the queue: " + b.peak(lines, "at most", ""), X: x, Y: plot.Axis{Label: m.name + " waiting"}, Lines: lines}.Draw())
		}
	}
	busy := b.lines(func(p simulate.Point) float64 { return p.Busy })
	if any(busy) {
		c.draw(plot.Chart{Title: "Agents who are busy", X: x, Y: plot.Axis{Label: "share of agents", Format: plot.Percent, Max: 1}, Lines: busy}.Draw())
	}
	return c
}

// lowest is where an axis of service levels begins to show these lines.
func lowest(lines []plot.Line) float64 {
	low := goal
	for _, l := range lines {
		for _, y := range l.Y {
			if !math.IsNaN(y) {
				low = min(low, y)
			}
		}
	}
	return max(math.Floor(low*10-0.5)/10, 0)
}

// any reports whether there is something to see.
func any(lines []plot.Line) bool {
	for _, l := range lines {
		if slices.ContainsFunc(l.Y, func(y float64) bool { return !math.IsNaN(y) && y > 0 }) && len(l.Y) > 1 {
			return true
		}
	}
	return false
}

// peak says how high the highest line and the lowest go.
func (b book) peak(lines []plot.Line, what, unit string) string {
	var tops []float64
	low, high := 0, 0
	for i, l := range lines {
		top := 0.0
		for _, y := range l.Y {
			if !math.IsNaN(y) {
				top = max(top, y)
			}
		}
		tops = append(tops, top)
		if top < tops[low] {
			low = i
		}
		if top > tops[high] {
			high = i
		}
	}
	if low == high {
		return fmt.Sprintf("%s %s%s", what, trim3(tops[high]), unit)
	}
	return fmt.Sprintf("%s %s%s with %s, %s%s with %s", what, trim3(tops[high]), unit, lines[high].Name, trim3(tops[low]), unit, lines[low].Name)
}

// load is how busy each agent is.
func (b book) load() chapter {
	c := chapter{Title: "Is the work shared evenly?", Text: "One bar is one agent, the least busy at the left, in each group. " +
		"The Gini figure is 0 when all of a group are equally busy and grows towards 1 the more a few do all."}
	kinds := []string{}
	for _, g := range b.Scenario.Groups {
		kinds = append(kinds, g.Type)
	}
	for _, o := range b.Outcomes {
		if len(o.Agents) == 0 {
			continue
		}
		agents := slices.Clone(o.Agents)
		slices.SortStableFunc(agents, func(x, y simulate.Load) int {
			if a, b := slices.Index(kinds, x.Type), slices.Index(kinds, y.Type); a != b {
				return a - b
			}
			return int(math.Copysign(1, x.Busy-y.Busy))
		})
		bars := plot.Bars{
			Title: fmt.Sprintf("%s: busy %s to %s of the time, Gini %s", o.Policy, percent(least(agents)), percent(most(agents)), trim3(o.Mean.Gini)),
			Axis:  plot.Axis{Label: "share of time busy", Format: plot.Percent, Max: 1}, Kinds: kinds, X: "one bar: one agent",
		}
		for _, a := range agents {
			bars.Bars = append(bars.Bars, plot.Bar{Name: a.Agent + " (" + a.Type + ")", Color: max(slices.Index(kinds, a.Type), 0), Value: a.Busy})
		}
		c.draw(bars.Draw())
	}
	return c
}

func least(agents []simulate.Load) float64 {
	return slices.MinFunc(agents, func(a, b simulate.Load) int { return int(math.Copysign(1, a.Busy-b.Busy)) }).Busy
}

func most(agents []simulate.Load) float64 {
	return slices.MaxFunc(agents, func(a, b simulate.Load) int { return int(math.Copysign(1, a.Busy-b.Busy)) }).Busy
}
