package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

type simulateCmd struct {
	Scenario    string   `placeholder:"NAME" help:"What is simulated; --list shows the names. mixed when nothing else is said."`
	Load        *float64 `placeholder:"L" help:"Multiply the traffic; 1 is that of the scenario, or of the day."`
	Policy      []string `sep:"none" placeholder:"NAME[,KEY=VALUE…]" help:"Who decides: a name, or plugin:/path/to/binary. May repeat: all meet the same callers. balancing when not given."`
	PolicyParam []string `sep:"none" placeholder:"KEY=VALUE" help:"A setting of the first policy. May repeat."`
	Base        string   `default:"balancing" help:"Policy to take differences from; none for none."`
	Seeds       int      `default:"20" help:"How many runs; the means have a 95 % interval from them."`
	Seed        uint64   `default:"1" help:"Of the first run. The same seed gives the same result, byte for byte."`
	Hours       float64  `default:"8" help:"Length of each run."`
	Warmup      float64  `default:"1" placeholder:"HOURS" help:"Before that, not measured."`
	Slowdown    float64  `placeholder:"G" help:"Chats that an agent has at once slow each other down: each of n lasts n^G times as long. 0 to 1."`
	Agents      string   `placeholder:"N|FROM..TO" help:"Head count in place of the scenario's; a range shows the service level of the first policy with each."`
	JSON        bool     `help:"Print one object as JSON."`
	Timing      bool     `help:"Measure how long decisions take: real time, never the same twice."`
	HTML        string   `name:"html" type:"path" placeholder:"FILE" help:"Write a page with plots."`
	List        bool     `help:"List scenarios and policies."`

	FromCDRs string `name:"from-cdrs" placeholder:"URL" help:"Take the traffic of a day from cc_cdrs of this database, flows and agents from cc_flows and cc_agents."`
	Day      string `placeholder:"YYYY-MM-DD" help:"The day of --from-cdrs, in the time of its rows."`
}

// Run simulates.
func (c *simulateCmd) Run(s streams) error {
	if c.List {
		return c.list(s)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := c.options(ctx, s)
	if err != nil {
		return badInput(fmt.Errorf("sipd simulate: %w", err))
	}
	if err := writable(c.HTML); err != nil {
		return badInput(fmt.Errorf("sipd simulate: --html: %w", err))
	}
	bar := newProgress(s.err)
	o.Progress = bar.show
	r, err := simulate.Run(ctx, o)
	bar.clear()
	if errors.Is(err, context.Canceled) {
		return errors.New("simulate: interrupted")
	}
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	if c.HTML != "" {
		if err := writeSimulation(c.HTML, r); err != nil {
			return fmt.Errorf("simulate: --html: %w", err)
		}
	}
	if c.JSON {
		return printJSON(s.out, r)
	}
	return printSimulation(s.out, r)
}

// options are what the flags say.
func (c *simulateCmd) options(ctx context.Context, s streams) (o simulate.Options, err error) {
	o = simulate.Options{Seed: c.Seed, Seeds: c.Seeds, Limits: simulationLimits,
		Length: hours(c.Hours), Warmup: hours(c.Warmup)}
	if c.Timing {
		o.Clock = time.Now
	}
	switch {
	case c.Seeds < 1 || c.Seeds > mostSeeds:
		return o, fmt.Errorf("--seeds %d: want 1 to %d", c.Seeds, mostSeeds)
	case !(c.Hours > 0 && c.Hours <= mostHours):
		return o, fmt.Errorf("--hours %g: want more than 0, at most %d", c.Hours, mostHours)
	case !(c.Warmup >= 0 && c.Warmup <= mostHours):
		return o, fmt.Errorf("--warmup %g: want 0 to %d", c.Warmup, mostHours)
	}
	if o.Scenario, err = c.scenario(ctx, s, &o); err != nil {
		return o, err
	}
	if c.Load != nil {
		o.Scenario = o.Scenario.WithLoad(*c.Load)
	}
	if c.Slowdown != 0 {
		slow := *o.Scenario
		slow.Slowdown = c.Slowdown
		o.Scenario = &slow
	}
	heads, err := headCounts(c.Agents)
	switch {
	case err != nil:
		return o, err
	case len(heads) == 1:
		o.Scenario = o.Scenario.WithAgents(heads[0])
	default:
		o.Heads = heads
	}
	if o.Policies, err = c.policies(); err != nil {
		return o, err
	}
	o.Base = c.Base
	return o, o.Check()
}

// The most that can be asked for.
const (
	mostSeeds = 10_000
	mostHours = 10_000
)

func hours(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }

func (c *simulateCmd) scenario(ctx context.Context, s streams, o *simulate.Options) (*simulate.Scenario, error) {
	switch {
	case c.FromCDRs == "" && c.Day != "":
		return nil, errors.New("--day is of --from-cdrs URL: which database?")
	case c.FromCDRs != "" && c.Scenario != "":
		return nil, errors.New("--scenario or --from-cdrs: one of them")
	case c.FromCDRs != "":
		return c.yesterday(ctx, s, o)
	case c.Scenario == "":
		return simulate.Find("mixed")
	}
	return simulate.Find(c.Scenario)
}

// policies are those named, and the base behind them.
func (c *simulateCmd) policies() (list []simulate.Policy, err error) {
	names := slices.Clone(c.Policy)
	if len(names) == 0 {
		names = []string{string(dispatch.Balancing)}
	}
	for i, name := range names {
		params := strings.Split(name, ",")
		name, params = params[0], params[1:]
		if i == 0 {
			params = append(params, c.PolicyParam...)
		}
		p, err := policyOf(name, params)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(q simulate.Policy) bool { return q.Title() == p.Title() }) {
			return nil, fmt.Errorf("--policy %s is given twice", p.Title())
		}
		list = append(list, p)
	}
	if c.Base == "none" || slices.ContainsFunc(list, func(p simulate.Policy) bool { return p.Title() == c.Base }) {
		return list, nil
	}
	base, err := policyOf(c.Base, nil)
	if err != nil {
		return nil, fmt.Errorf("--base: %w", err)
	}
	return append(list, base), nil
}

// policyOf is a policy by its name and settings.
func policyOf(name string, params []string) (simulate.Policy, error) {
	settings := dispatch.Settings{}
	for _, p := range params {
		key, value, ok := strings.Cut(p, "=")
		if !ok || key == "" {
			return simulate.Policy{}, fmt.Errorf("setting %q of policy %s: want KEY=VALUE", p, name)
		}
		settings[key] = value
	}
	if path, ok := strings.CutPrefix(name, "plugin:"); ok {
		return pluginPolicy(path, settings)
	}
	return simulate.Builtin(name, settings)
}

// mostHeads bounds --agents.
const mostHeads = 10_000

// headCounts reads N or FROM..TO.
func headCounts(text string) (list []int, err error) {
	if text == "" {
		return nil, nil
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	low, err1 := strconv.Atoi(from)
	high, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || low < 1 || high < low || high > mostHeads {
		return nil, fmt.Errorf("--agents %q: want a number, or a range such as 18..26", text)
	}
	for n := low; n <= high; n++ {
		list = append(list, n)
	}
	return list, nil
}
