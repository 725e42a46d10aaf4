package simulate

import (
	"math"
	"slices"
	"time"
)

// outcome sums up the runs of a policy.
func (o *Options) outcome(row []*job) Outcome {
	p := row[0].policy
	out := Outcome{Policy: p.Title(), Settings: p.Settings}
	for _, j := range row {
		out.Runs = append(out.Runs, j.done.measures)
	}
	out.Mean, out.CI95 = summary(out.Runs)
	out.Series, out.Agents = meanSeries(row), meanLoads(row)
	if o.Clock != nil {
		out.Timing = timing(row, o)
	}
	return out
}

// clone is a copy that shares no figures.
func (m *Measures) clone() Measures {
	c := *m
	c.Classes, c.Skills, c.Types = slices.Clone(m.Classes), slices.Clone(m.Skills), slices.Clone(m.Types)
	return c
}

// summary is the mean of runs, and half of its 95 % interval by Student's t.
func summary(runs []Measures) (mean, half Measures) {
	mean, half = runs[0].clone(), runs[0].clone()
	means, halves := mean.values(), half.values()
	list := make([]float64, len(runs))
	rows := make([][]*float64, len(runs))
	for i := range runs {
		rows[i] = runs[i].values()
	}
	for k := range means {
		for i := range rows {
			list[i] = *rows[i][k]
		}
		m, v := meanAndVariance(list)
		*means[k], *halves[k] = m, student(len(list)-1)*math.Sqrt(v/float64(len(list)))
	}
	return mean, half
}

// student is the 97.5 % point of Student's t with n degrees of freedom; 0 for
// n = 0, where there is no interval.
func student(n int) float64 {
	if small := []float64{0, 12.706, 4.303, 3.182, 2.776}; n < len(small) {
		return small[n]
	}
	const z = 1.959964 // Cornish-Fisher, good to three digits from here on
	f := float64(n)
	return z + (z*z*z+z)/(4*f) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*f*f) +
		(3*math.Pow(z, 7)+19*math.Pow(z, 5)+17*z*z*z-15*z)/(384*f*f*f)
}

// difference is the paired one of two policies.
func difference(a, b []Measures) *Paired {
	list := make([]Measures, len(a))
	for i := range a {
		list[i] = a[i].clone()
		theirs := b[i].values()
		for k, v := range list[i].values() {
			*v -= *theirs[k]
		}
	}
	d := &Paired{}
	d.Mean, d.CI95 = summary(list)
	return d
}

// compare sets the policies beside the base and the limits.
func (r *Report) compare() {
	var base *Outcome
	for i := range r.Outcomes {
		if r.Outcomes[i].Policy == r.Base {
			base = &r.Outcomes[i]
		}
	}
	for i := range r.Outcomes {
		out := &r.Outcomes[i]
		if base != nil && out != base {
			out.Diff = difference(out.Runs, base.Runs)
		}
		if l := r.Limits; l != nil {
			out.against(base, l)
		}
	}
	for i := range r.Staffing {
		if l := r.Staffing[i].Limits; l != nil {
			r.Staffing[i].Outcome.against(nil, l)
		}
	}
}

func (out *Outcome) against(base *Outcome, l *Limits) {
	if out.Regret == nil && l.OptimumCost != nil && *l.OptimumCost > 0 {
		regret := out.Mean.Cost / *l.OptimumCost - 1
		out.Regret = &regret
	}
	if base == nil || l.Audio == nil {
		return
	}
	if way := base.Mean.Audio.QueueTime - l.Audio.QueueTime; way > 0 {
		gap := (base.Mean.Audio.QueueTime - out.Mean.Audio.QueueTime) / way
		out.Gap = &gap
	}
}

func meanSeries(row []*job) []Point {
	list := slices.Clone(row[0].done.points)
	n := float64(len(row))
	for i := range list {
		p := &list[i]
		*p = Point{At: p.At, Length: p.Length}
		for _, j := range row {
			q := j.done.points[i]
			p.Arrived += q.Arrived / n
			p.Answered += q.Answered / n
			p.InTarget += q.InTarget / n
			p.QueueRTP += q.QueueRTP / n
			p.QueueMSRP += q.QueueMSRP / n
			p.Busy += q.Busy / n
			p.queued(q, n)
		}
	}
	return list
}

// queued adds the time in the queue of one of n runs.
func (p *Point) queued(q Point, n float64) {
	if p.Came == nil {
		p.Came, p.QueueTime = make([]float64, len(q.Came)), make([]float64, len(q.Came))
	}
	for i, came := range q.Came {
		if came > 0 {
			p.Came[i] += came / n
			p.QueueTime[i] += (q.QueueTime[i] - p.QueueTime[i]) * came / n / p.Came[i]
		}
	}
}

func meanLoads(row []*job) []Load {
	list := slices.Clone(row[0].done.loads)
	n := float64(len(row))
	for i := range list {
		l := &list[i]
		l.Busy, l.Handled = 0, 0
		for _, j := range row {
			l.Busy += j.done.loads[i].Busy / n
			l.Handled += j.done.loads[i].Handled / n
		}
	}
	return list
}

func timing(row []*job, o *Options) *Timing {
	t := &Timing{}
	var all []time.Duration
	for _, j := range row {
		all = append(all, j.done.took...)
		t.Total += j.done.lasted
	}
	t.Decisions = len(all)
	if len(all) > 0 {
		slices.Sort(all)
		sum := time.Duration(0)
		for _, d := range all {
			sum += d
		}
		at := func(p float64) time.Duration { return all[min(int(p*float64(len(all))), len(all)-1)] }
		t.Mean, t.P50, t.P99, t.Max = sum/time.Duration(len(all)), at(0.5), at(0.99), at(1)
	}
	days := float64(len(row)) * (o.Warmup + o.Length).Hours() / 24 * float64(row[0].scenario.Agents())
	t.AgentDaysPerMinute = share(days, t.Total.Minutes())
	return t
}
