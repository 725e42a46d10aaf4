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

	idle   bool                // nothing has changed since chats were last looked at
	until  time.Time           // when the first of those held may be held no longer; zero: none is
	told   map[string]why      // what was said of each chat held
	closed map[string]struct{} // agents who get no new chat, since a call waits for them
	wanted map[string]struct{} // skills that calls wait for
	heads  []*Call
}

// Defaults of look-ahead, which the scenarios tiny and mixed bear out.
const (
	defaultZ     = 0.1
	defaultFloor = 2
	defaultHold  = 10 * time.Minute
)

func newLookAhead(s Settings) (Policy, error) {
	r := reader{Settings: s}
	p := &lookAhead{
		reserve: reserve{
			fixed: -1, z: r.number("z", defaultZ, 0), floor: r.whole("floor", defaultFloor, "a number of agents"),
			seen: newEstimate(), found: map[string]stock{},
		},
		maxHold: r.seconds("max_hold", defaultHold),
		told:    map[string]why{}, closed: map[string]struct{}{}, wanted: map[string]struct{}{},
	}
	if text, ok := s["reserve"]; ok && text != "auto" {
		p.fixed = r.whole("reserve", -1, "auto, or a number of agents")
	}
	return p, r.err
}

// Watch implements [Watcher].
func (p *lookAhead) Watch(_ *View, d Delta) {
	p.seen.watch(d)
	p.idle = false
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
		a, reason := agentForCall(v, c)
		p.idle = false
		return Decision{Assign: give(c, a, reason)}
	}
	if p.nothingNew(v) {
		return p.again(v)
	}
	d := p.chats(v)
	p.idle = len(d.Assign) == 0
	return d
}

// nothingNew reports whether the chats held before are the ones to be held now.
func (p *lookAhead) nothingNew(v *View) bool {
	for range v.Changed() {
		return false
	}
	return p.idle && (p.until.IsZero() || v.Now().Before(p.until))
}

func (p *lookAhead) again(v *View) Decision {
	if p.until.IsZero() {
		return Decision{}
	}
	return Decision{Again: p.until.Sub(v.Now())}
}

func give(c *Call, a *Agent, reason string) []Assignment {
	return []Assignment{{Call: c.ID, Agent: a.ID, Reason: reason}}
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

// skillCost is what a skill counts in the choice of an agent for a call, as a
// share of time busy. Who can do most is spared, but not at any price: he would
// have the least to do of all.
const skillCost = 0.1

// agentForCall prefers those who take no chats, then few skills and little work
// since login.
func agentForCall(v *View, c *Call) (*Agent, string) {
	var best *Agent
	var least float64
	like := 0 // how many have no or some chats as he does
	for a := range v.WithRoom(c.Kind()) {
		cost := a.Load(v.Now()) + skillCost*float64(len(a.Skills))
		switch {
		case best == nil || a.MaxChats == 0 && best.MaxChats > 0:
			best, least, like = a, cost, 1
		case (a.MaxChats > 0) != (best.MaxChats > 0):
		default:
			like++
			if cost < least {
				best, least = a, cost
			}
		}
	}
	return best, callReason(v, c, best, like)
}

func callReason(v *View, c *Call, a *Agent, like int) string {
	if v.CountWithRoom(c.Kind()) == 1 {
		return "only agent free"
	}
	who := "phone-only"
	if a.MaxChats > 0 {
		who = "mixed"
	}
	if like == 1 {
		return "only " + who + " agent free"
	}
	return fmt.Sprintf("few skills and least busy of %d %s agents", like, who)
}
