package dispatch

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// sameIdle is how little two idle times may differ to count as equal.
const sameIdle = time.Second

// fewestSkills spares the agents who can do most: a call goes to the agent with
// the fewest skills beyond the one it needs. Calls are served in the order of
// [ChatPolicy].
//
// It looks at all agents with room for the call, and so costs at most a walk
// over the agents of one skill for each assignment.
type fewestSkills struct{ costs costs }

func newFewestSkills(s Settings) (Policy, error) {
	c, err := newCosts(s)
	return fewestSkills{c}, err
}

// Decide implements [Policy].
func (p fewestSkills) Decide(v *View) Decision {
	var c *Call
	for k := range v.Changed() {
		first := v.First(k)
		if first != nil && v.CountWithRoom(k) > 0 && (c == nil || first.Before(*c)) {
			c = first
		}
	}
	if c == nil {
		return Decision{}
	}
	a, reason := p.choose(v, c)
	return Decision{Assign: []Assignment{{Call: c.ID, Agent: a.ID, Reason: reason}}}
}

// choose finds the agent: fewest skills, then fewest chats, then idle longest.
// WithRoom has the last two in order, so the first with the fewest skills is
// the one; but whoever became idle within a second of him stands as well, and
// of those the lowest path cost decides.
func (p fewestSkills) choose(v *View, c *Call) (*Agent, string) {
	var best *Agent
	for a := range v.WithRoom(c.Kind()) {
		if best == nil || len(a.Skills) < len(best.Skills) {
			best = a
		}
	}
	near, idlest, least := 0, best, p.costs.between(c.Site, best.Site)
	for a := range v.WithRoom(c.Kind()) {
		if !equals(a, idlest) {
			continue
		}
		near++
		if cost := p.costs.between(c.Site, a.Site); cost < least {
			best, least = a, cost
		}
	}
	return best, p.reason(c, best, near)
}

// equals reports whether only the path decides between two with room.
func equals(a, b *Agent) bool {
	return len(a.Skills) == len(b.Skills) && a.Standing.Chats == b.Standing.Chats &&
		a.FreeSince.Sub(b.FreeSince).Abs() <= sameIdle
}

func (p fewestSkills) reason(c *Call, a *Agent, near int) string {
	why := fmt.Sprintf("fewest skills: %d", len(a.Skills))
	switch {
	case near > 1 && c.Site != "" && a.Site == c.Site:
		return why + ", at the site of the call"
	case near > 1 && c.Site != "":
		return why + ", nearest site"
	}
	return why + ", longest idle"
}

// costs are what it costs to carry a call from site to site.
type costs struct {
	table map[[2]string]float64
	other float64 // between sites not in the table
}

const costPrefix = "cost."

// newCosts reads cost.A.B for sites A and B, and cost for all others. A price
// holds both ways unless the way back has its own.
func newCosts(s Settings) (costs, error) {
	r := reader{Settings: s}
	c := costs{table: map[[2]string]float64{}, other: r.number("cost", 1, 0)}
	for key := range s {
		sites, ok := strings.CutPrefix(key, costPrefix)
		if !ok {
			continue
		}
		from, to, _ := strings.Cut(sites, ".")
		if from == "" || to == "" || strings.Contains(to, ".") {
			return c, fmt.Errorf("setting %q: want cost.A.B for two sites A and B without dots in their names", key)
		}
		c.table[[2]string{from, to}] = r.number(key, 0, 0)
	}
	return c, r.err
}

func (c costs) between(call, agent string) float64 {
	if call == agent || call == "" || agent == "" {
		return 0
	}
	if n, ok := c.table[[2]string{call, agent}]; ok {
		return n
	}
	if n, ok := c.table[[2]string{agent, call}]; ok {
		return n
	}
	return math.Max(c.other, 0)
}
