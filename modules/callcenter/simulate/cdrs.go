package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// globalWrapup is the pause of agents who have none of their own: the default
// of wrapup_time.
const globalWrapup = 30 * time.Second

// noLimit is a wrap-up that no flow shortens.
const noLimit = 24 * time.Hour

// FromCDRs makes a scenario of a day's rows of cc_cdrs, with the flows and
// agents of today: who comes when, wants what and talks for how long. The
// agents who appear in the rows are there all day. The notes say what was left
// out. See "Yesterday's traffic" in README.md for what the rows do not tell and
// how it is filled in.
func FromCDRs(name string, load engine.Load, cdrs []engine.CDR) (sc *Scenario, notes []string, err error) {
	d := newDay(load)
	for _, c := range cdrs {
		d.read(c)
	}
	if len(d.sc.Trace) == 0 {
		return nil, nil, fmt.Errorf("no call of %s in cc_cdrs belongs to a flow of cc_flows (rows: %d)", name, len(cdrs))
	}
	d.sc.Name = name
	if err := d.team(); err != nil {
		return nil, nil, err
	}
	d.fit()
	slices.SortStableFunc(d.sc.Trace, func(a, b Arrival) int { return cmp.Compare(a.At, b.At) })
	first := d.sc.Trace[0].At
	for i := range d.sc.Trace {
		d.sc.Trace[i].At -= first
	}
	d.sc.Doc = fmt.Sprintf("the %d contacts of the day, from %s on", len(d.sc.Trace), cdrs[0].Received.Format(time.TimeOnly))
	return d.sc, d.notes(), nil
}

// TraceLength is how long the traffic of a trace lasts.
func (s *Scenario) TraceLength() time.Duration {
	last := time.Duration(0)
	for _, a := range s.Trace {
		last = max(last, a.At)
	}
	return last.Truncate(time.Minute) + time.Minute
}

// day gathers what the rows tell.
type day struct {
	sc      *Scenario
	flows   map[string]engine.FlowConfig
	agents  map[string]engine.AgentConfig
	order   []string // of agents
	seen    map[string]bool
	classes map[string]int // by flow and media
	tallies []classTally
	strange map[string]int // rows of flows that are gone
	absent  map[string]bool
}

// classTally is what the rows of a class add up to.
type classTally struct {
	talks         []float64 // seconds
	rang          float64   // seconds
	answered      int
	refused, gone int
	waited        float64 // seconds, of all
}

func newDay(load engine.Load) *day {
	d := &day{sc: &Scenario{Load: 1, Target: target, Wrapup: globalWrapup}, flows: map[string]engine.FlowConfig{}, agents: map[string]engine.AgentConfig{},
		seen: map[string]bool{}, classes: map[string]int{}, strange: map[string]int{}, absent: map[string]bool{}}
	for _, f := range load.Flows {
		d.flows[f.ID] = f
	}
	for _, a := range load.Agents {
		d.agents[a.ID] = a
		d.order = append(d.order, a.ID)
	}
	return d
}

// read takes a row in.
func (d *day) read(c engine.CDR) {
	f, ok := d.flows[c.Flow]
	if !ok {
		d.strange[c.Flow]++
		return
	}
	if c.Agent != "" {
		if _, ok := d.agents[c.Agent]; ok {
			d.seen[c.Agent] = true
		} else {
			d.absent[c.Agent] = true
		}
	}
	n := d.class(f, c.Media)
	t := &d.tallies[n]
	if c.Type == engine.CDRRejected {
		t.refused++
		return
	}
	a := Arrival{At: c.Received.Sub(c.Received.Truncate(24 * time.Hour)), Class: n, Skill: f.Skill, Waited: c.Wait}
	t.waited += c.Wait.Seconds()
	switch {
	case c.Type == engine.CDRAnswered || c.Talk > 0:
		a.Talk = max(c.Talk, 1)
		t.answered++
		t.talks = append(t.talks, c.Talk.Seconds())
		t.rang += c.Pickup.Seconds()
	case c.Type == engine.CDRDropped:
		a.GaveUp = true
		t.gone++
	}
	d.sc.Trace = append(d.sc.Trace, a)
}

// class finds or makes the class of a flow and a medium.
func (d *day) class(f engine.FlowConfig, m engine.Media) int {
	name := f.ID
	if m == engine.MSRP {
		name += " (chat)"
	}
	n, ok := d.classes[name]
	if !ok {
		n = len(d.sc.Classes)
		d.classes[name] = n
		wrapup := f.MaxWrapup
		if wrapup == 0 {
			wrapup = noLimit
		}
		weight := 1.0
		if m == engine.MSRP {
			weight = 0.2
		}
		d.sc.Classes = append(d.sc.Classes, Class{Name: name, Media: dispatch.Media(m), Priority: f.Priority, Wrapup: wrapup, Weight: weight})
		d.tallies = append(d.tallies, classTally{})
	}
	return n
}

// fit finds laws for what the rows do not tell of each call.
func (d *day) fit() {
	gone, waited := 0, 0.0
	for _, t := range d.tallies {
		gone, waited = gone+t.gone, waited+t.waited
	}
	for i := range d.sc.Classes {
		c, t := &d.sc.Classes[i], d.tallies[i]
		talks := t.talks
		if t.answered == 0 { // nobody knows how long they would have talked
			talks = d.talksOf(c.Media)
		}
		c.Talk = lognormalOf(talks)
		if t.answered > 0 {
			c.Ring = Dist{Law: Fixed, Mean: time.Duration(t.rang / float64(t.answered) * float64(time.Second))}
		}
		c.Reject = share(float64(t.refused), float64(t.refused+t.answered))
		// Of an exponential patience that was cut off by answers, all that was
		// waited over those who gave up is the likeliest mean.
		switch {
		case t.gone >= enough:
			c.Patience = seconds(t.waited / float64(t.gone))
		case gone > 0:
			c.Patience = seconds(waited / float64(gone))
		}
	}
}

// talksOf are the talks of all flows in a medium.
func (d *day) talksOf(m dispatch.Media) (all []float64) {
	for i, t := range d.tallies {
		if d.sc.Classes[i].Media == m {
			all = append(all, t.talks...)
		}
	}
	return all
}

// enough callers of a flow who gave up tell the patience of the flow; with
// fewer it is taken from all flows.
const enough = 10

func lognormalOf(list []float64) Dist {
	mean, variance := meanAndVariance(list)
	if mean == 0 {
		return Dist{Law: Fixed, Mean: 1}
	}
	return Dist{Law: Lognormal, Mean: time.Duration(mean * float64(time.Second)), CV: math.Sqrt(variance) / mean}
}

// team makes groups of the agents who worked: of those who are alike, one.
func (d *day) team() error {
	where := map[string]int{}
	for _, id := range d.order {
		if !d.seen[id] {
			continue
		}
		a := d.agents[id]
		g := Group{N: 1, Phone: a.Location != "", Skills: [][]string{a.Skills}, Wrapup: a.Wrapup}
		if a.MSRPLocation != "" {
			g.Chats = a.MSRPSessions
		}
		g.Type = typeName(g)
		key := g.Type + "\x00" + a.Wrapup.String()
		if i, ok := where[key]; ok {
			d.sc.Groups[i].N++
			continue
		}
		where[key] = len(d.sc.Groups)
		d.sc.Groups = append(d.sc.Groups, g)
	}
	if len(d.sc.Groups) == 0 {
		return errors.New("no agent of cc_agents took a call that day")
	}
	return nil
}

// typeName tells what agents can do: "phone, 3 chats: sales, tech".
func typeName(g Group) string {
	var can []string
	if g.Phone {
		can = append(can, "phone")
	}
	if g.Chats > 0 {
		can = append(can, strconv.Itoa(g.Chats)+" chats")
	}
	skills := slices.Sorted(slices.Values(g.Skills[0]))
	return strings.Join(can, ", ") + ": " + strings.Join(skills, ", ")
}

// notes tell what was left out.
func (d *day) notes() (list []string) {
	for _, f := range sortedKeys(d.strange) {
		list = append(list, fmt.Sprintf("flow %q is not in cc_flows any more: its rows are left out (%d)", f, d.strange[f]))
	}
	for i, t := range d.tallies {
		if t.answered == 0 && t.gone > 0 {
			list = append(list, fmt.Sprintf("nobody of flow %s was answered: its talk times are those of all flows", d.sc.Classes[i].Name))
		}
	}
	for _, a := range sortedKeys(d.absent) {
		list = append(list, fmt.Sprintf("agent %q is not in cc_agents any more: he is left out", a))
	}
	return list
}

func sortedKeys[V any](m map[string]V) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
