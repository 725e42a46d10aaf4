package main

import (
	"context"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/modules/callcenter/simulate/limits"
)

// tinyLoad is the scenario tiny at a load.
type tinyLoad struct {
	Load    float64
	Optimum float64
	Rows    []tinyRow
}

type tinyRow struct {
	Policy                string
	Cost, Regret, Half    float64
	Call, CallCI          float64 // time in queue
	Chat, ChatCI          float64
	Inversions, LimitCall float64
}

// point is on the frontier of tiny.
type point struct{ Call, Chat float64 }

func policies(names ...string) (list []simulate.Policy, err error) {
	for _, name := range names {
		name, reserve, fixed := strings.Cut(name, "/")
		s := dispatch.Settings{}
		if fixed {
			s["reserve"] = reserve
		}
		p, err := simulate.Builtin(name, s)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// hours is a part of a length, but enough for something to happen.
func hours(n, part float64) time.Duration {
	return time.Duration(max(n*part, 1) * float64(time.Hour))
}

func measureTiny(ctx context.Context, r *results) error {
	list, err := policies("balancing", "full-load", "look-ahead", "look-ahead/0", "look-ahead/1", "look-ahead/2")
	if err != nil {
		return err
	}
	sc, err := simulate.Find("tiny")
	if err != nil {
		return err
	}
	for _, load := range []float64{0.8, 1, 1.2} {
		rep, err := simulate.Run(ctx, simulate.Options{Scenario: sc.WithLoad(load), Policies: list, Seed: 1, Seeds: 20, Warmup: time.Hour, Length: hours(150, r.Part),
			Limits: simulate.Known, Progress: shown("tiny")})
		if err != nil {
			return err
		}
		t := tinyLoad{Load: load, Optimum: *rep.Limits.OptimumCost}
		for _, o := range rep.Outcomes {
			t.Rows = append(t.Rows, tinyRow{Policy: o.Policy, Cost: o.Mean.Cost, Regret: *o.Regret, Half: *o.RegretCI95,
				Call: o.Mean.Audio.QueueTime, CallCI: o.CI95.Audio.QueueTime, Chat: o.Mean.Chat.QueueTime, ChatCI: o.CI95.Chat.QueueTime,
				Inversions: o.Mean.Inversions, LimitCall: rep.Limits.Audio.QueueTime})
		}
		r.Tiny = append(r.Tiny, t)
	}
	front, err := limits.Scenario(1).Frontier(2.5, 0.13, 14, func(part float64) { progress("tiny: frontier %.0f %%", 100*part) })
	for _, w := range front {
		r.Frontier = append(r.Frontier, point{w.Call, w.Chat})
	}
	return err
}

// mixedLoad is the scenario mixed at a load.
type mixedLoad struct {
	Load        float64
	Limit       float64 // calls, time in queue
	Fluid       float64
	Capacity    float64
	Rows        []mixedRow
	KeptByBase  []string // classes that balancing keeps at 80/20
	LostByAhead []string // of those, what look-ahead does not
}

type mixedRow struct {
	Policy             string
	Classes            []simulate.ClassMeasures
	CI                 []simulate.ClassMeasures
	Call, CallCI, Chat float64 // time in queue
	Inversions         float64
	Blocked            float64
	Gini, GiniCI       float64
	Throughput         float64
	Priority           float64
	Gap                float64
}

func measureMixed(ctx context.Context, r *results) error {
	list, err := policies("balancing", "full-load", "longest-idle", "fewest-skills", "look-ahead")
	if err != nil {
		return err
	}
	sc, err := simulate.Find("mixed")
	if err != nil {
		return err
	}
	for _, load := range []float64{0.85, 1, 1.15} {
		rep, err := simulate.Run(ctx, simulate.Options{Scenario: sc.WithLoad(load), Policies: list, Seed: 1, Seeds: 20, Warmup: time.Hour, Length: hours(40, r.Part),
			Base: "balancing", Limits: simulate.Known, Progress: shown("mixed")})
		if err != nil {
			return err
		}
		l := rep.Limits
		m := mixedLoad{Load: load, Limit: l.Audio.QueueTime, Fluid: l.Fluid.QueueTime, Capacity: *l.Capacity}
		for _, o := range rep.Outcomes {
			v := &o.Mean
			row := mixedRow{Policy: o.Policy, Classes: v.Classes, CI: o.CI95.Classes, Call: v.Audio.QueueTime, CallCI: o.CI95.Audio.QueueTime, Chat: v.Chat.QueueTime,
				Inversions: v.Inversions, Blocked: v.BlockedShare, Gini: v.Gini, GiniCI: o.CI95.Gini, Throughput: v.Throughput, Priority: v.PriorityInversions}
			if o.Gap != nil {
				row.Gap = *o.Gap
			}
			m.Rows = append(m.Rows, row)
		}
		base, ahead := m.row("balancing"), m.row("look-ahead")
		for i, c := range base.Classes {
			if c.SLc >= 0.8 {
				m.KeptByBase = append(m.KeptByBase, c.Class)
				if ahead.Classes[i].SLc < 0.8 {
					m.LostByAhead = append(m.LostByAhead, c.Class)
				}
			}
		}
		r.Mixed = append(r.Mixed, m)
	}
	return nil
}

func (m mixedLoad) row(policy string) mixedRow {
	for _, row := range m.Rows {
		if row.Policy == policy {
			return row
		}
	}
	return mixedRow{}
}

func measureDays(ctx context.Context, r *results) error {
	list, err := policies("look-ahead")
	if err != nil {
		return err
	}
	sc, err := simulate.Find("mixed")
	if err != nil {
		return err
	}
	rep, err := simulate.Run(ctx, simulate.Options{Scenario: sc, Policies: list, Seed: 1, Seeds: 4, Warmup: time.Hour, Length: hours(40, r.Part), Workers: 1, Clock: time.Now})
	if err != nil {
		return err
	}
	r.Days = rep.Outcomes[0].Timing.AgentDaysPerMinute
	return nil
}
