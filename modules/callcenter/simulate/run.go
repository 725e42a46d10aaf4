package simulate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Options are what to simulate.
type Options struct {
	Scenario *Scenario
	Policies []Policy // at least one
	Base     string   // title of the policy to compare with; "": that called balancing, or none
	Seed     uint64
	Seeds    int // runs; 0: 20
	Warmup   time.Duration
	Length   time.Duration // of each run, after the warm-up; 0: 8 hours
	Heads    []int         // head counts for [Report.Staffing]
	Workers  int           // runs at the same time; 0: as many as there are processors

	// Limits tells the limits of a scenario, as [Known] does; nil: they are left
	// out, those of the head counts, too.
	Limits func(*Scenario) (*Limits, error)
	// Clock takes the time of decisions; nil: [Outcome.Timing] is left out.
	Clock func() time.Time
	// Progress is told how many of all runs are done; nil: nobody.
	Progress func(done, all int)
}

// The defaults of Options.
const (
	Seeds  = 20
	Length = 8 * time.Hour
	Warmup = time.Hour
)

// Check says what is wrong with the options, as [Run] would.
func (o Options) Check() error { return o.complete() }

func (o *Options) complete() error {
	if o.Seeds == 0 {
		o.Seeds = Seeds
	}
	if o.Length == 0 {
		o.Length = Length
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	switch {
	case len(o.Policies) == 0:
		return errors.New("no policy to simulate")
	case o.Seeds < 1:
		return fmt.Errorf("%d seeds: want at least 1", o.Seeds)
	case o.Length < time.Minute:
		return fmt.Errorf("length %s: want at least a minute", o.Length)
	case o.Warmup < 0:
		return fmt.Errorf("warm-up %s: want 0 or more", o.Warmup)
	}
	if o.Scenario.Trace != nil {
		o.Warmup = 0
	}
	if err := o.Scenario.Check(); err != nil {
		return err
	}
	if n := o.Scenario.contacts(o.Warmup + o.Length); n > mostContacts {
		return fmt.Errorf("a run would have %.2g contacts, more than %.2g: want a shorter run or less load", n, float64(mostContacts))
	}
	return nil
}

// mostContacts of one run are drawn before it; each takes some 200 bytes.
const mostContacts = 10_000_000

// contacts is about how many come in a time; the waves even out.
func (s *Scenario) contacts(length time.Duration) (n float64) {
	for i := range s.Classes {
		n += s.Classes[i].Rate * s.Load * length.Seconds()
	}
	return n
}

// Run simulates. All policies meet the same contacts.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	r := &Report{Scenario: o.Scenario, Seed: o.Seed, Seeds: o.Seeds, Warmup: o.Warmup, Length: o.Length, Base: o.base()}
	var err error
	if r.Limits, err = o.limits(o.Scenario); err != nil {
		return nil, err
	}
	jobs := o.jobs(r.Limits)
	if err := o.work(ctx, jobs); err != nil {
		return nil, err
	}
	if r.Limits != nil {
		o.relax(o.Scenario, r.Limits)
	}
	for i := range o.Policies {
		out := o.outcome(jobs[i])
		if l := r.Limits; l != nil && l.best != nil {
			mean, half := regret(jobs[i], jobs[len(jobs)-1], *l.OptimumCost)
			out.Regret, out.RegretCI95 = &mean, &half
		}
		r.Outcomes = append(r.Outcomes, out)
	}
	for i, heads := range o.Heads {
		list := jobs[len(o.Policies)+i]
		s := Staffing{Agents: heads, Outcome: o.outcome(list)}
		if o.Limits != nil {
			s.Limits = formulas(list[0].scenario)
		}
		r.Staffing = append(r.Staffing, s)
	}
	r.compare()
	return r, nil
}

func (o *Options) limits(s *Scenario) (*Limits, error) {
	if o.Limits == nil || s.Trace != nil {
		return nil, nil
	}
	return o.Limits(s)
}

// NoBase as [Options.Base] compares with nothing.
const NoBase = "none"

// base is the title of the policy to compare with.
func (o *Options) base() string {
	switch o.Base {
	case NoBase:
		return ""
	case "":
	default:
		return o.Base
	}
	for _, p := range o.Policies {
		if p.Title() == "balancing" {
			return p.Title()
		}
	}
	return ""
}

// job is one run.
type job struct {
	scenario *Scenario
	policy   Policy
	seed     uint64
	done     done
}

// done is what is kept of a run.
type done struct {
	measures Measures
	points   []Point
	loads    []Load
	took     []time.Duration // decisions
	lasted   time.Duration
}

// jobs are the runs: a row for each policy, one for each head count, and one
// for the optimum where it is known.
func (o *Options) jobs(l *Limits) (rows [][]*job) {
	add := func(s *Scenario, p Policy) {
		var row []*job
		for i := range o.Seeds {
			row = append(row, &job{scenario: s, policy: p, seed: o.Seed + uint64(i)})
		}
		rows = append(rows, row)
	}
	for _, p := range o.Policies {
		add(o.Scenario, p)
	}
	for _, n := range o.Heads {
		add(o.Scenario.WithAgents(n), o.Policies[0])
	}
	if l != nil && l.best != nil {
		add(o.Scenario, l.best.policy())
	}
	return rows
}

// work does all jobs. The first fault ends it.
func (o *Options) work(ctx context.Context, rows [][]*job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan *job)
	var group sync.WaitGroup
	var mu sync.Mutex
	finished, all := 0, len(rows)*o.Seeds
	for range min(o.Workers, all) {
		group.Go(func() {
			for j := range todo {
				if err := j.run(ctx, o); err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				finished++
				if o.Progress != nil {
					o.Progress(finished, all)
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, row := range rows {
		for _, j := range row {
			select {
			case todo <- j:
			case <-ctx.Done():
				break feed
			}
		}
	}
	close(todo)
	group.Wait()
	return context.Cause(ctx)
}

func (j *job) run(ctx context.Context, o *Options) error {
	var begin time.Time
	if o.Clock != nil {
		begin = o.Clock()
	}
	w, err := newWorld(j.scenario, j.policy, j.seed, span{o.Warmup, o.Warmup + o.Length}, o.Clock)
	if w != nil {
		defer w.close()
	}
	if err != nil {
		return err
	}
	if err := w.run(ctx); err != nil {
		return fmt.Errorf("policy %s, seed %d: %w", j.policy.Title(), j.seed, err)
	}
	j.done = done{measures: w.measures(), points: w.book.series.finish(w.book, j.scenario.Target), loads: w.loads(), took: w.watch.took}
	if o.Clock != nil {
		j.done.lasted = o.Clock().Sub(begin)
	}
	return nil
}

// loads are the agents' shares of the work.
func (w *world) loads() (list []Load) {
	hours := (w.book.window.to - w.book.window.from).Hours()
	for i := range w.book.desks {
		d := &w.book.desks[i]
		list = append(list, Load{Agent: d.id, Type: w.sc.Groups[d.group].Type,
			Busy: share(d.busy.Seconds(), d.present.Seconds()), Handled: float64(d.handled) / hours})
	}
	return list
}
