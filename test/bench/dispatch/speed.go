package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
)

// speed is what a decision takes when one agent becomes free and one call comes
// in, in a center of 300 agents and 12 skills.
type speed struct {
	Policy   string
	Plugin   bool
	Waiting  int
	P50, P99 time.Duration
}

const (
	agents = 300
	skills = 12
)

// office is the center in which decisions are timed: all agents are busy.
type office struct {
	*dispatch.Center
	now   time.Time
	turn  uint64
	agent int
}

func newOffice(waiting int) *office {
	o := &office{Center: dispatch.NewCenter(), now: time.Unix(1_000_000, 0)}
	o.Record(true)
	o.At(o.now)
	for i := range agents {
		a := o.free(i)
		a.Audio, a.Slots, a.State, a.FreeSince, a.BusyFrom = false, 0, dispatch.InCall, time.Time{}, o.now
		o.PutAgent(a)
	}
	for range waiting {
		o.arrive()
	}
	return o
}

// free is an agent with three skills; four of five take chats, too.
func (o *office) free(i int) dispatch.Agent {
	o.turn++
	a := dispatch.Agent{ID: fmt.Sprint("agent", i), Phone: true, Audio: true, State: dispatch.Free, Login: time.Unix(990_000, 0),
		FreeSince: o.now, Standing: dispatch.Standing{Since: o.turn}}
	if i%5 != 0 {
		a.MaxChats, a.Slots = 3, 3
	}
	for s := range 3 {
		a.Skills = append(a.Skills, fmt.Sprint("skill", (i+s*5)%skills))
	}
	return a
}

// arrive is a call, or every third time a chat.
func (o *office) arrive() {
	o.turn++
	c := dispatch.Call{ID: fmt.Sprint("b2b-1a2b3c4d-", o.turn), Flow: "flow", Media: dispatch.RTP, Skill: fmt.Sprint("skill", o.turn/3%skills),
		Place: dispatch.Place{Priority: 1, Turn: o.turn}, Joined: o.now}
	if o.turn%3 == 0 {
		c.Media, c.Place.Priority = dispatch.MSRP, 2
	}
	o.PutCall(c)
}

func (o *office) happen() {
	o.now = o.now.Add(100 * time.Millisecond)
	o.At(o.now)
	o.agent++
	o.PutAgent(o.free(o.agent % agents))
	o.arrive()
}

func measureSpeed(_ context.Context, r *results) error {
	rounds := int(max(20_000*r.Part, 200))
	for _, name := range []string{"balancing", "full-load", "longest-idle", "fewest-skills", "look-ahead"} {
		for _, waiting := range []int{100, 1_000, 10_000} {
			progress("speed: %s, %d waiting", name, waiting)
			s, err := inProcess(name, waiting, rounds)
			if err != nil {
				return err
			}
			r.Speed = append(r.Speed, s)
		}
	}
	for _, name := range []string{"balancing", "look-ahead"} {
		for _, waiting := range []int{100, 1_000, 10_000} {
			progress("speed: %s as a plugin, %d waiting", name, waiting)
			s, err := asPlugin(name, waiting, rounds/4)
			if err != nil {
				return err
			}
			r.Speed = append(r.Speed, s)
		}
	}
	return nil
}

func inProcess(name string, waiting, rounds int) (speed, error) {
	p, err := dispatch.New(name, nil)
	if err != nil {
		return speed{}, err
	}
	o := newOffice(waiting)
	watcher, _ := p.(dispatch.Watcher)
	decide := func() {
		d := o.Take()
		if watcher != nil {
			watcher.Watch(&o.View, d)
		}
		dispatch.Run(p, o.Center)
	}
	decide()
	var took []time.Duration
	for range rounds {
		o.happen()
		began := time.Now()
		decide()
		took = append(took, time.Since(began))
	}
	return summed(speed{Policy: name, Waiting: waiting}, took), nil
}

func asPlugin(name string, waiting, rounds int) (speed, error) {
	self, err := os.Executable()
	if err != nil {
		return speed{}, err
	}
	if err := os.Setenv(pluginEnv, name); err != nil {
		return speed{}, err
	}
	defer os.Unsetenv(pluginEnv)
	answers, lost := make(chan dispatch.Decision, 1), make(chan string, 1)
	h, err := policy.Load(policy.Config{Path: self, Env: []string{pluginEnv}}, policy.Callbacks{
		Ready:   func() {},
		Decided: func(_ uint64, d dispatch.Decision) { answers <- d },
		Lost:    func(reason string) { lost <- reason },
	})
	if err != nil {
		return speed{}, err
	}
	defer h.Close()
	o := newOffice(waiting)
	seq := uint64(0)
	ask := func(d dispatch.Delta) error {
		seq++
		h.Ask(seq, d)
		select {
		case got := <-answers:
			for _, a := range got.Assign {
				_ = o.Assign(a) // at once wrong is no matter here
			}
			return nil
		case reason := <-lost:
			return fmt.Errorf("the plugin is gone: %s", reason)
		}
	}
	if err := ask(o.Whole()); err != nil {
		return speed{}, err
	}
	o.Take()
	var took []time.Duration
	for range rounds {
		o.happen()
		began := time.Now()
		if err := ask(o.Take()); err != nil {
			return speed{}, err
		}
		took = append(took, time.Since(began))
	}
	return summed(speed{Policy: name, Plugin: true, Waiting: waiting}, took), nil
}

func summed(s speed, took []time.Duration) speed {
	slices.Sort(took)
	s.P50, s.P99 = took[len(took)/2], took[len(took)*99/100]
	return s
}

// ewtCase is a center in which waiting times are announced.
type ewtCase struct {
	Case                     string
	Mean                     float64
	Error, Bias              float64 // of sipd
	TheirError, TheirsBiased float64 // of OpenSIPS's formula
}

var ewtLine = regexp.MustCompile(`delayed, mean offered wait ([\d.]+) s; RMSE \(bias\) in s: sipd ([\d.]+) \(([-+\d.]+)\), OpenSIPS ([\d.]+) \(([-+\d.]+)\)`)

// measureEWT runs the test of the engine that compares announcements with waits,
// and reads what it logs.
func measureEWT(ctx context.Context, r *results) error {
	progress("waiting times announced: five centers …")
	out, err := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^TestEWT$", "-v", "./modules/callcenter/engine").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	name := ""
	for line := range strings.Lines(string(out)) {
		for _, mark := range []string{"=== CONT  TestEWT/", "=== NAME  TestEWT/"} {
			if rest, ok := strings.CutPrefix(line, mark); ok {
				name = caseName(strings.TrimSpace(rest))
			}
		}
		if m := ewtLine.FindStringSubmatch(line); m != nil {
			f := make([]float64, 6)
			for i := 1; i < 6; i++ {
				f[i], _ = strconv.ParseFloat(m[i], 64) // the pattern lets only numbers pass
			}
			r.EWT = append(r.EWT, ewtCase{name, f[1], f[2], f[3], f[4], f[5]})
		}
	}
	slices.SortFunc(r.EWT, func(a, b ewtCase) int { return strings.Compare(a.Case, b.Case) })
	if len(r.EWT) != 5 {
		return fmt.Errorf("%d cases, want 5, in: %s", len(r.EWT), out)
	}
	return nil
}

// caseName makes words of the name of a subtest.
func caseName(s string) string {
	s = strings.TrimSuffix(strings.ReplaceAll(s, "_", " "), ", wave 0")
	s = strings.Replace(s, ", patience 0", ", nobody gives up", 1)
	s = strings.Replace(s, "wave 0.3", "traffic ± 30 %", 1)
	return strings.NewReplacer("patience 120", "patience 120 s", "patience 180", "patience 180 s").Replace(s)
}

// machine says where the times were taken.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if name, ok := strings.CutPrefix(s.Text(), "model name"); ok {
				model = strings.Trim(name, " \t:")
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s", model, runtime.NumCPU(), runtime.Version())
}
