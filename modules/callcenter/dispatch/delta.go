package dispatch

import (
	"slices"
	"time"
)

// Delta is what has changed in a center, or the whole of it. Calls and agents
// are as they are now, however often they changed.
type Delta struct {
	Now    time.Time
	Reset  bool     // forget everything before: this is all there is
	Calls  []Call   // that wait: new, or changed
	Gone   []string // calls that do not wait any more
	Agents []Agent  // at their desks: new, or changed
	Left   []string // agents who are not at their desks any more
}

// Empty reports whether nothing has changed.
func (d *Delta) Empty() bool {
	return !d.Reset && len(d.Calls) == 0 && len(d.Gone) == 0 && len(d.Agents) == 0 && len(d.Left) == 0
}

// Apply brings a center up to date.
func (c *Center) Apply(d Delta) {
	if d.Reset {
		record := c.changed.record
		*c = *NewCenter()
		c.changed.record = record
	}
	c.At(d.Now)
	for _, id := range d.Gone {
		c.DropCall(id)
	}
	for _, id := range d.Left {
		c.DropAgent(id)
	}
	for _, call := range d.Calls {
		c.PutCall(call)
	}
	for _, a := range d.Agents {
		c.PutAgent(a)
	}
}

// Whole is the center as a delta from nothing.
func (v *View) Whole() Delta {
	d := Delta{Now: v.now, Reset: true}
	for c := range v.Calls() {
		d.Calls = append(d.Calls, *c)
	}
	for _, m := range v.agents {
		d.Agents = append(d.Agents, m.Agent)
	}
	slices.SortFunc(d.Agents, func(a, b Agent) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return d
}

// Record starts or stops the collection of changes for [Center.Take].
func (c *Center) Record(on bool) {
	c.changed.record = on
	c.changed.calls, c.changed.agents = set{}, set{}
}

// Take returns what has changed since the last Take, and starts anew. Its size
// is bounded by that of the center and of what left it, not by how often things
// changed.
func (c *Center) Take() Delta {
	d := Delta{Now: c.now}
	for _, id := range c.changed.calls.list {
		if call := c.calls[id]; call != nil {
			d.Calls = append(d.Calls, *call)
		} else {
			d.Gone = append(d.Gone, id)
		}
	}
	for _, id := range c.changed.agents.list {
		if m := c.agents[id]; m != nil {
			d.Agents = append(d.Agents, m.Agent)
		} else {
			d.Left = append(d.Left, id)
		}
	}
	c.changed.calls.clear()
	c.changed.agents.clear()
	return d
}

// Pending reports whether [Center.Take] has anything to tell.
func (c *Center) Pending() bool {
	return len(c.changed.calls.list) > 0 || len(c.changed.agents.list) > 0
}

// Touched reports whether the call or the agent of an assignment has changed
// since the last [Center.Take]: a proposal made before is then not to blame for
// being wrong now.
func (c *Center) Touched(a Assignment) bool {
	return c.changed.calls.has(a.Call) || c.changed.agents.has(a.Agent)
}

// changes are what has changed in a center.
type changes struct {
	kinds  []Kind
	marked map[Kind]struct{}

	record        bool
	calls, agents set
}

func (c *changes) kind(k Kind) {
	if _, ok := c.marked[k]; ok {
		return
	}
	if c.marked == nil {
		c.marked = map[Kind]struct{}{}
	}
	c.marked[k] = struct{}{}
	c.kinds = append(c.kinds, k)
}

// prune forgets kinds of which nothing can come. They are marked again when
// that changes.
func (c *changes) prune(alive func(Kind) bool) {
	kinds := c.kinds[:0]
	for _, k := range c.kinds {
		if alive(k) {
			kinds = append(kinds, k)
		} else {
			delete(c.marked, k)
		}
	}
	c.kinds = kinds
}

func (c *changes) settle() {
	c.kinds = c.kinds[:0]
	clear(c.marked)
}

func (c *changes) call(id string) {
	if c.record {
		c.calls.add(id)
	}
}

func (c *changes) agent(id string) {
	if c.record {
		c.agents.add(id)
	}
}

// set is a set of ids that remembers their order.
type set struct {
	list []string
	in   map[string]struct{}
}

func (s *set) add(id string) {
	if s.has(id) {
		return
	}
	if s.in == nil {
		s.in = map[string]struct{}{}
	}
	s.in[id] = struct{}{}
	s.list = append(s.list, id)
}

func (s *set) has(id string) bool {
	_, ok := s.in[id]
	return ok
}

func (s *set) clear() {
	s.list = s.list[:0]
	clear(s.in)
}
