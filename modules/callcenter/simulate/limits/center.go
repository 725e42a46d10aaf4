package limits

import "slices"

// Group are agents who are alike.
type Group struct {
	Agents int
	Phone  bool // they take calls
	Slots  int  // chats each may have at once; never beside a call
	Skills []string
}

// Class are contacts that are alike.
type Class struct {
	Chat     bool
	Skill    string
	Arrivals float64 // per second
	Service  float64 // mean seconds of an agent, or of a slot, wrap-up included
	Patience float64 // mean seconds; 0: endless
}

// Center is what the limits are computed from.
type Center struct {
	Groups  []Group
	Classes []Class
}

// callers is how many agents take calls.
func (c Center) callers() (n int) {
	for _, g := range c.Groups {
		if g.Phone {
			n += g.Agents
		}
	}
	return n
}

// line pools the classes of one medium.
func (c Center) line(chat bool) Line {
	var l Line
	var work, patience float64
	for _, k := range c.Classes {
		if k.Chat == chat {
			l.Arrivals += k.Arrivals
			work += k.Arrivals * k.Service
			patience += k.Arrivals * k.Patience
		}
	}
	if l.Arrivals > 0 {
		l.Service, l.Patience = work/l.Arrivals, patience/l.Arrivals
	}
	return l
}

// Pooled is the relaxed center in closed form: for each medium all agents or
// slots there are, with every skill and nothing else to do.
func (c Center) Pooled() (calls, chats Line) {
	calls, chats = c.line(false), c.line(true)
	calls.Agents = c.callers()
	for _, g := range c.Groups {
		chats.Agents += g.Agents * g.Slots
	}
	return calls, chats
}

// Fluid is what is left for calls when all chats are served and hold as few
// agents as they can. Locked is how many agents for both media chats hold.
type Fluid struct {
	Locked float64
	Result
	Level float64 // [Level].Fair
}

// Fluid computes it. Chats fill the slots of agents who take no calls first,
// then those of the agents with the most slots. target is that of the service
// level, in seconds.
func (c Center) Fluid(target float64) Fluid {
	chats := c.line(true).Load()
	var mixed []Group
	for _, g := range c.Groups {
		if !g.Phone {
			chats -= float64(g.Agents * g.Slots)
		} else if g.Slots > 0 {
			mixed = append(mixed, g)
		}
	}
	slices.SortFunc(mixed, func(a, b Group) int { return b.Slots - a.Slots })
	locked := 0.0
	for _, g := range mixed {
		if chats <= 0 {
			break
		}
		take := min(chats/float64(g.Slots), float64(g.Agents))
		locked += take
		chats -= take * float64(g.Slots)
	}
	l := c.line(false)
	left := float64(c.callers()) - locked
	l.Agents = int(left)
	low, level := l.Solve(), l.Level(target).Fair
	l.Agents++
	part := left - float64(l.Agents-1)
	return Fluid{locked, between(low, l.Solve(), part), level + part*(l.Level(target).Fair-level)}
}

// between is the part-th of the way from a to b.
func between(a, b Result, part float64) Result {
	mix := func(x, y float64) float64 {
		if part == 0 {
			return x // y may be infinite
		}
		return x + part*(y-x)
	}
	return Result{mix(a.Wait, b.Wait), mix(a.AtOnce, b.AtOnce), mix(a.Abandoned, b.Abandoned), mix(a.Occupancy, b.Occupancy)}
}
