package main

import (
	"fmt"
	"strings"

	"github.com/sipd/sipd/modules/callcenter/simulate/plot"
)

// hues are the colours of the policies, the same in all figures.
var hues = map[string]int{"balancing": 1, "full-load": 4, "longest-idle": 3, "fewest-skills": 5, "look-ahead": 0}

// figures are the drawings of the page, by file name.
func (r *results) figures() map[string]string {
	return map[string]string{
		"dispatch-frontier.svg":   plot.Standalone(r.frontier()),
		"dispatch-regret.svg":     plot.Standalone(r.regret()),
		"dispatch-waits.svg":      plot.Standalone(r.waits()),
		"dispatch-inversions.svg": plot.Standalone(r.byLoad("Chats that pushed in before a call", "per 1,000 chats", func(m mixedRow) float64 { return m.Inversions })),
		"dispatch-evenness.svg":   plot.Standalone(r.byLoad("How unevenly the agents of a group are busy", "Gini of busy time", func(m mixedRow) float64 { return m.Gini })),
	}
}

// frontier is who waits under each policy, and the best there is.
func (r *results) frontier() plot.Drawing {
	line := plot.Line{Name: "best possible", Color: 2}
	for _, p := range r.Frontier {
		line.X, line.Y = append(line.X, p.Chat), append(line.Y, p.Call)
	}
	c := plot.Chart{Title: "What a policy trades: calls that wait less for chats that wait longer",
		Sub:   "Scenario tiny at load 1. No policy can be below the green line. Bars: 95 % interval.",
		X:     plot.Axis{Label: "chats: mean time in queue (s)"},
		Y:     plot.Axis{Label: "calls: mean time in queue (s)"},
		Lines: []plot.Line{line}, Width: 720, Height: 420}
	for _, row := range r.tinyAt(1).Rows {
		c.Dots = append(c.Dots, plot.Point{Name: strings.TrimPrefix(row.Policy, "look-ahead "), Color: hue(row.Policy), X: row.Chat, Y: row.Call, DX: row.ChatCI, DY: row.CallCI})
	}
	return c.Draw()
}

func hue(policy string) int {
	if n, ok := hues[policy]; ok {
		return n
	}
	return 5
}

func (r *results) tinyAt(load float64) tinyLoad {
	for _, t := range r.Tiny {
		if t.Load == load {
			return t
		}
	}
	return tinyLoad{}
}

// regret is how much more than the least each policy costs.
func (r *results) regret() plot.Drawing {
	d := plot.Dots{Title: "What each policy costs above the least possible", Axis: plot.Axis{Label: "regret", Format: plot.Percent}, Width: 720,
		Sub: "Scenario tiny at its three loads, 20 runs with the same callers. Lines: 95 % interval.", Ref: &plot.Ref{Value: 0.05, Name: "5 %"}}
	for i := range r.Tiny[0].Rows {
		for _, t := range r.Tiny {
			row := t.Rows[i]
			d.Rows = append(d.Rows, plot.Row{Name: fmt.Sprintf("%s, load %g", row.Policy, t.Load), Color: hue(row.Policy), Value: row.Regret, Interval: row.Half, Note: percent(row.Regret)})
		}
	}
	return d.Draw()
}

// waits is who waits in mixed.
func (r *results) waits() plot.Drawing {
	c := plot.Chart{Title: "Calls wait least with look-ahead, at each load", Sub: "Scenario mixed. Dashed: calls, if every agent had every skill and took calls and chats at once.",
		X: plot.Axis{Label: "load", Min: 0.85, Max: 1.15}, Y: plot.Axis{Label: "calls: mean time in queue (s)"}, Width: 720, Height: 300}
	limit := plot.Line{Name: "limit", Color: 2, Dashed: true}
	for _, m := range r.Mixed {
		limit.X, limit.Y = append(limit.X, m.Load), append(limit.Y, m.Limit)
	}
	c.Lines = append(r.lines(func(m mixedRow) float64 { return m.Call }), limit)
	return c.Draw()
}

// byLoad is a measure of mixed at its loads.
func (r *results) byLoad(title, label string, value func(mixedRow) float64) plot.Drawing {
	return plot.Chart{Title: title, Sub: "Scenario mixed.", X: plot.Axis{Label: "load", Min: 0.85, Max: 1.15}, Y: plot.Axis{Label: label}, Lines: r.lines(value), Width: 720, Height: 300}.Draw()
}

func (r *results) lines(value func(mixedRow) float64) (list []plot.Line) {
	for i := range r.Mixed[0].Rows {
		l := plot.Line{Name: r.Mixed[0].Rows[i].Policy}
		l.Color = hue(l.Name)
		for _, m := range r.Mixed {
			l.X, l.Y = append(l.X, m.Load), append(l.Y, value(m.Rows[i]))
		}
		list = append(list, l)
	}
	return list
}
