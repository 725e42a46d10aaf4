package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Scenario is a call center and its callers.
type Scenario struct {
	Name    string
	Doc     string // one line
	Load    float64
	Classes []Class
	Groups  []Group
	Target  time.Duration // of the service level
	Wrapup  time.Duration // of agents who have none of their own; 0: the longest of the classes

	// Slowdown is γ: each of n chats that an agent has at once lasts n^γ times as
	// long. 0: as long as one alone.
	Slowdown float64

	Wave   Wave
	Burst  Burst
	Outage Outage
	// Path is what a contact from one site costs at an agent of another.
	Path map[[2]string]float64

	// Trace are contacts as they were, in place of those drawn from the classes.
	Trace []Arrival
}

// Class is a kind of contacts.
type Class struct {
	Name     string
	Media    dispatch.Media
	Priority int     // smaller is served first
	Rate     float64 // arrivals a second, at load 1
	Skills   []Share // which skill they need
	Sites    []Share // where they come in; nil: there are no sites
	Talk     Dist
	Patience Dist          // zero: for ever
	Wrapup   time.Duration // at most; 0: none
	Ring     Dist          // until the agent answers or refuses; zero: at once
	Reject   float64       // chance that an offer is refused
	Weight   float64       // of one waiting contact in [Measures.Cost]
}

// Share is a value with its probability.
type Share struct {
	Value string
	P     float64
}

// Group are agents of one type.
type Group struct {
	Type   string
	N      int
	Phone  bool          // they take audio calls
	Chats  int           // how many chats each may have; 0: none
	Skills [][]string    // of the first agent of the scenario, the second, and so on in turn
	Sites  []string      // likewise; nil: there are none
	Wrapup time.Duration // of each agent; 0: that of the scenario
}

// Wave makes the rate of arrivals rise and fall: rate x (1 + Amplitude x sin).
type Wave struct {
	Amplitude float64
	Period    time.Duration // 0: no wave
}

// Burst multiplies the rate of arrivals for a while.
type Burst struct {
	Factor            float64
	First, For, Every time.Duration // from the end of the warm-up; Every 0: once
}

// Outage cuts a site off: its talks end, its agents are gone until it is over.
type Outage struct {
	Site              string
	First, For, Every time.Duration // from the end of the warm-up; Every 0: once
}

// Arrival is a contact of a [Scenario.Trace].
type Arrival struct {
	At     time.Duration // from the begin of the run
	Class  int           // index of Scenario.Classes
	Skill  string
	Talk   time.Duration // 0: not known, it is drawn
	Waited time.Duration
	GaveUp bool // after Waited; else he would have waited on, for a time that is drawn
}

// Agents are all agents, in the order of the groups.
func (s *Scenario) Agents() (n int) {
	for _, g := range s.Groups {
		n += g.N
	}
	return n
}

// WithAgents is the scenario with n agents, in groups of the same proportions.
func (s *Scenario) WithAgents(n int) *Scenario {
	c := *s
	c.Groups = slices.Clone(s.Groups)
	total, given := s.Agents(), 0
	type rest struct{ group, part int }
	var rests []rest
	for i := range c.Groups {
		whole := n * c.Groups[i].N
		c.Groups[i].N = whole / total
		given += c.Groups[i].N
		rests = append(rests, rest{i, whole % total})
	}
	slices.SortStableFunc(rests, func(a, b rest) int { return b.part - a.part })
	for _, r := range rests[:n-given] {
		c.Groups[r.group].N++
	}
	return &c
}

// WithLoad is the scenario with its traffic multiplied.
func (s *Scenario) WithLoad(load float64) *Scenario {
	c := *s
	c.Load = load
	return &c
}

// Check says what is wrong with a scenario.
func (s *Scenario) Check() error {
	switch {
	case s.Agents() < 1:
		return fmt.Errorf("scenario %s has no agents", s.Name)
	case !(s.Load > 0 && s.Load <= 100):
		return fmt.Errorf("load %g: want more than 0, at most 100", s.Load)
	case !(s.Slowdown >= 0 && s.Slowdown <= 1):
		return fmt.Errorf("slow-down %g: want 0 to 1", s.Slowdown)
	case len(s.Classes) == 0:
		return fmt.Errorf("scenario %s has no contacts", s.Name)
	}
	return nil
}

// person is one agent of a scenario.
type person struct {
	id     string
	group  int
	phone  bool
	chats  int
	skills []string
	site   string
	wrapup time.Duration
}

// people are the agents of a scenario.
func (s *Scenario) people() (list []person) {
	for gi, g := range s.Groups {
		for range g.N {
			i := len(list)
			p := person{id: fmt.Sprintf("agent%03d", i+1), group: gi, phone: g.Phone, chats: g.Chats, skills: g.Skills[i%len(g.Skills)], wrapup: g.Wrapup}
			if len(g.Sites) > 0 {
				p.site = g.Sites[i%len(g.Sites)]
			}
			list = append(list, p)
		}
	}
	return list
}
