package report

import (
	"fmt"
	"math"

	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/modules/callcenter/simulate/plot"
)

// fairness is what must not be paid for short waits.
func (b book) fairness() chapter {
	c := chapter{Title: "Who pays for it?", Text: "An inversion is a chat begun on an agent while a call he could take waits: the call then waits until his chats are over."}
	both := len(b.media()) > 1
	for _, f := range []struct {
		title, label string
		format       plot.Format
		value        func(*simulate.Measures) float64
		show         func(float64) string
		chats        bool
	}{
		{"Inversions: chats that pushed in before a call", "per 1,000 chats", plot.Plain, func(m *simulate.Measures) float64 { return m.Inversions }, trim3, true},
		{"Time in which a call waits for an agent who has a few chats", "share of time", plot.Percent, func(m *simulate.Measures) float64 { return m.BlockedShare }, percent, true},
		{"Contacts that passed one of better priority", "in a run", plot.Plain, func(m *simulate.Measures) float64 { return m.PriorityInversions }, trim3, false},
		{"Evenness among agents of one group (0: all alike)", "Gini of busy time", plot.Plain, func(m *simulate.Measures) float64 { return m.Gini }, trim3, false},
		{"Calls given up", "share of calls", plot.Percent, func(m *simulate.Measures) float64 { return m.Audio.AbandonRate }, percent, false},
		{"Chats given up", "share of chats", plot.Percent, func(m *simulate.Measures) float64 { return m.Chat.AbandonRate }, percent, true},
	} {
		if f.chats && !both {
			continue
		}
		c.draw(plot.Dots{Title: f.title, Axis: plot.Axis{Label: f.label, Format: f.format}, Rows: b.rows(f.value, f.show)}.Draw())
	}
	return c
}

// pairs are the differences to the base, seed by seed.
func (b book) pairs() chapter {
	c := chapter{Title: "Is the difference real?", Text: fmt.Sprintf("Difference to %s, run by run with the same callers. "+
		"Where the line of an interval does not cross 0, the policy makes that difference; where it does, it could be chance.", b.Base)}
	for _, f := range []struct {
		title, label string
		scale        float64
		value        func(*simulate.Measures) float64
	}{
		{"Calls: time in queue", "difference (s); left is better", 1, func(m *simulate.Measures) float64 { return m.Audio.QueueTime }},
		{"Chats: time in queue", "difference (s); left is better", 1, func(m *simulate.Measures) float64 { return m.Chat.QueueTime }},
		{"Answered per hour", "difference; right is better", 1, func(m *simulate.Measures) float64 { return m.Throughput }},
		{"Evenness (Gini)", "difference; left is better", 1, func(m *simulate.Measures) float64 { return m.Gini }},
	} {
		var rows []plot.Row
		low, some := 0.0, false
		for i := range b.Outcomes {
			o := &b.Outcomes[i]
			if o.Diff == nil {
				continue
			}
			d, ci := f.value(&o.Diff.Mean), f.value(&o.Diff.CI95)
			rows = append(rows, plot.Row{Name: o.Policy, Color: i, Value: d, Interval: ci, Note: fmt.Sprintf("%s ± %s", signed(d), trim3(ci))})
			low, some = math.Min(low, d-ci), some || d != 0
		}
		if some {
			c.draw(plot.Dots{Title: f.title, Axis: plot.Axis{Label: f.label, Min: low}, Rows: rows, Ref: &plot.Ref{Name: "as " + b.Base}}.Draw())
		}
	}
	return c
}

func signed(x float64) string {
	if x > 0 {
		return "+" + trim3(x)
	}
	return trim3(x)
}

// staffing is the service level against the number of agents.
func (b book) staffing() chapter {
	c := chapter{Title: "How many agents are needed?", Text: "Beside each simulated curve the formula that is used for staffing (Erlang A): " +
		"it knows no skills, and gives calls every agent who takes any. The distance is what skills and chats cost."}
	for _, m := range b.media() {
		sim := plot.Line{Name: b.Staffing[0].Outcome.Policy, Color: 0}
		formula := plot.Line{Name: "Erlang A", Color: 5, Dashed: true}
		need := 0
		for _, s := range b.Staffing {
			level, ci := m.of(&s.Outcome.Mean).SLc, m.of(&s.Outcome.CI95).SLc
			if level >= goal && need == 0 {
				need = s.Agents
			}
			sim.X, sim.Y = append(sim.X, float64(s.Agents)), append(sim.Y, level)
			sim.Low, sim.High = append(sim.Low, level-ci), append(sim.High, min(level+ci, 1))
			if l := m.bound(s.Limits); l != nil {
				formula.X, formula.Y = append(formula.X, float64(s.Agents)), append(formula.Y, l.ServiceLevel)
			}
		}
		title := fmt.Sprintf("%s: 80 %% within %s takes %d agents", m.title, span(b.Scenario.Target), need)
		switch need {
		case b.Staffing[0].Agents:
			title = fmt.Sprintf("%s: %d agents, the fewest tried, answer 80 %% within %s", m.title, need, span(b.Scenario.Target))
		case 0:
			title = fmt.Sprintf("%s: none of these head counts answers 80 %% within %s", m.title, span(b.Scenario.Target))
		}
		lines := []plot.Line{sim}
		if len(formula.X) > 0 {
			lines = append(lines, formula)
		}
		c.draw(plot.Chart{Title: title, X: plot.Axis{Label: "agents", Min: sim.X[0], Max: sim.X[len(sim.X)-1]},
			Y: plot.Axis{Label: "answered within " + span(b.Scenario.Target), Format: plot.Percent, Min: lowest(lines), Max: 1}, Lines: lines, Marks: []plot.Mark{{Y: goal, Name: "80 %"}}}.Draw())
	}
	return c
}
