package dispatch

import (
	"fmt"
	"time"
)

// lookAhead serves calls first, and lets chats have only agents whom the calls
// to be expected can do without: while calls wait, some chatting agents get no
// new chats and so become free for calls; and an agent who is free for calls is
// opened for chats only if enough remain.
//
// A decision costs a walk over the agents with room, at most once for each kind
// of chat that waits.
type lookAhead struct {
	reserve
	maxHold time.Duration

	told   map[string]why      // what was said of each chat held
	closed map[string]struct{} // agents who get no new chat, since a call waits for them
	heads  []*Call
}

// Defaults of look-ahead, which the scenarios tiny and mixed bear out.
const (
	defaultZ     = 0.2
	defaultFloor = 1
	defaultHold  = 10 * time.Minute
)

func newLookAhead(s Settings) (Policy, error) {
	r := reader{Settings: s}
	p := &lookAhead{
		reserve: reserve{
			fixed: -1, z: r.number("z", defaultZ, 0), floor: int(r.number("floor", defaultFloor, 0)),
			seen: newEstimate(), need: map[string]int{},
		},
		maxHold: r.seconds("max_hold", defaultHold),
		told:    map[string]why{}, closed: map[string]struct{}{},
	}
	if text, ok := s["reserve"]; ok && text != "auto" {
		p.fixed = r.whole("reserve", "auto, or a number of agents")
	}
	return p, r.err
}

// Watch implements [Watcher].
func (p *lookAhead) Watch(_ *View, d Delta) {
	p.seen.watch(d)
	if d.Reset {
		clear(p.told)
	}
	for _, id := range d.Gone {
		delete(p.told, id)
	}
}

// Decide implements [Policy].
func (p *lookAhead) Decide(v *View) Decision {
	c := p.nextCall(v)
	if c == nil {
		return p.chats(v)
	}
	a, reason := agentForCall(v, c)
	p.seen.took(a)
	return give(c, a, reason)
}

func give(c *Call, a *Agent, reason string) Decision {
	return Decision{Assign: []Assignment{{Call: c.ID, Agent: a.ID, Reason: reason}}}
}

// nextCall is the audio call to be served next. None was left waiting beside
// an agent with room, so that only kinds that changed need a look.
func (p *lookAhead) nextCall(v *View) (c *Call) {
	for k := range v.Changed() {
		if k.Media != RTP || v.CountWithRoom(k) == 0 {
			continue
		}
		if first := v.First(k); first != nil && (c == nil || first.Place.Before(c.Place)) {
			c = first
		}
	}
	return c
}

// agentForCall prefers those who take no chats, then few skills, then little
// work since login.
func agentForCall(v *View, c *Call) (*Agent, string) {
	var best *Agent
	var load float64
	like := 0 // how many only the load sets apart
	for a := range v.WithRoom(c.Kind()) {
		order := -1
		if best != nil {
			order = beforeForCall(a, best)
		}
		l := a.Load(v.Now())
		switch {
		case order < 0:
			best, load, like = a, l, 1
		case order == 0:
			like++
			if l < load {
				best, load = a, l
			}
		}
	}
	return best, callReason(best, like)
}

func beforeForCall(a, b *Agent) int {
	switch {
	case a.MaxChats == 0 && b.MaxChats > 0:
		return -1
	case a.MaxChats > 0 && b.MaxChats == 0:
		return 1
	}
	return len(a.Skills) - len(b.Skills)
}

func callReason(a *Agent, like int) string {
	who := "phone-only agent"
	if a.MaxChats > 0 {
		who = "agent who chats, too"
	}
	if like == 1 {
		return "only free " + who + " with so few skills"
	}
	if a.MaxChats > 0 {
		who = "agents who chat, too"
		return fmt.Sprintf("least busy of %d %s", like, who)
	}
	return fmt.Sprintf("least busy of %d %ss", like, who)
}
