package dispatch

import (
	"fmt"
	"time"
)

// lookAhead serves calls first and keeps agents free for those to come.
type lookAhead struct {
	fixed   float64 // agents kept free by order of the operator; below 0: as many as the load asks for
	z       float64
	maxHold time.Duration

	seen   estimate
	told   map[string]string   // reason told for each call held
	closed map[string]struct{} // agents who get no new chat, since a call waits for them
	heads  []*Call
}

func newLookAhead(s Settings) (Policy, error) {
	r := reader{Settings: s}
	p := &lookAhead{
		fixed: -1, seen: newEstimate(), told: map[string]string{}, closed: map[string]struct{}{},
		z: r.number("z", 0.5, 0), maxHold: r.seconds("max_hold", 120*time.Second),
	}
	if s["reserve"] != "" && s["reserve"] != "auto" {
		p.fixed = r.number("reserve", -1, 0)
	}
	return p, r.err
}

// Watch implements [Watcher].
func (p *lookAhead) Watch(v *View, d Delta) {
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
	if c := p.nextCall(v); c != nil {
		a, reason := p.agentForCall(v, c)
		return assign(c, a, reason)
	}
	return p.chats(v)
}

func assign(c *Call, a *Agent, reason string) Decision {
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
// work so far.
func (p *lookAhead) agentForCall(v *View, c *Call) (*Agent, string) {
	var best *Agent
	var load float64
	like := 0 // how many only the load sets apart
	for a := range v.WithRoom(c.Kind()) {
		l := a.Load(v.Now())
		switch order := rankForCall(a, best); {
		case order < 0:
			best, load, like = a, l, 1
		case order == 0:
			like++
			if l < load {
				best, load = a, l
			}
		}
	}
	what := "agents who chat, too"
	if best.MaxChats == 0 {
		what = "phone-only agents"
	}
	return best, fmt.Sprintf("least busy of %d %s", like, what)
}

func rankForCall(a, b *Agent) int {
	if b == nil {
		return -1
	}
	if d := toInt(a.MaxChats > 0) - toInt(b.MaxChats > 0); d != 0 {
		return d
	}
	return len(a.Skills) - len(b.Skills)
}
