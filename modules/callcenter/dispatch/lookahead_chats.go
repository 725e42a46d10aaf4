package dispatch

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// maxTold bounds how many held calls of a kind are given their reason at once.
const maxTold = 32

// chats finds the next chat that may have an agent. Chats that may not are held.
func (p *lookAhead) chats(v *View) Decision {
	p.listHeads(v)
	if len(p.heads) == 0 {
		return Decision{}
	}
	p.drain(v)
	var d Decision
	for _, c := range p.heads {
		a, reason := p.agentForChat(v, c)
		if a == nil {
			d.Again = soonest(d.Again, p.release(v, c))
		}
		if a == nil && p.release(v, c) == 0 {
			a, reason = p.anyone(v, c)
			c = p.bestFor(a)
		}
		if a != nil {
			return assign(c, a, reason)
		}
		d.Hold = p.hold(v, c, reason, d.Hold)
	}
	return d
}

func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b < a {
		return b
	}
	return a
}

// listHeads lists the first chat of each kind that some agent could take.
func (p *lookAhead) listHeads(v *View) {
	p.heads = p.heads[:0]
	for k := range v.Kinds() {
		if k.Media == MSRP && v.CountWithRoom(k) > 0 {
			p.heads = append(p.heads, v.First(k))
		}
	}
	slices.SortFunc(p.heads, func(a, b *Call) int {
		if a.Place.Before(b.Place) {
			return -1
		}
		return 1
	})
}

// release is how long until a chat is not held any longer.
func (p *lookAhead) release(v *View, c *Call) time.Duration {
	return max(c.Joined.Add(p.maxHold).Sub(v.Now()), 0)
}

// bestFor is the first chat in the line that the agent can take. Who is opened
// for a chat held too long serves those before it, too.
func (p *lookAhead) bestFor(a *Agent) *Call {
	for _, c := range p.heads {
		if a.Fits(c) {
			return c
		}
	}
	return nil
}

// drain closes, for each call that waits, one chatting agent who could take it
// once his chats are over: the one with the fewest.
func (p *lookAhead) drain(v *View) {
	clear(p.closed)
	for k := range v.Kinds() {
		if k.Media != RTP {
			break
		}
		n := v.CountWaiting(k)
		for a := range v.WithRoom(Kind{k.Skill, MSRP}) {
			if n == 0 {
				break
			}
			if _, ok := p.closed[a.ID]; !ok && a.Phone && !a.Audio {
				p.closed[a.ID] = struct{}{}
				n--
			}
		}
	}
}

// agentForChat is who should have a chat, or nil and why nobody.
func (p *lookAhead) agentForChat(v *View, c *Call) (*Agent, string) {
	var only, open, fresh *Agent
	draining := false
	now := v.Now()
	for a := range v.WithRoom(c.Kind()) {
		switch {
		case !a.Phone:
			if only == nil || a.Standing.Chats == only.Standing.Chats && lessBusy(a, only, now) {
				only = a
			}
		case !a.Audio:
			if _, no := p.closed[a.ID]; no {
				draining = true
			} else if open == nil || a.Standing.Chats > open.Standing.Chats || a.Standing.Chats == open.Standing.Chats && lessBusy(a, open, now) {
				open = a
			}
		default:
			if p.mayOpen(v, a) && (fresh == nil || lessBusy(a, fresh, now)) {
				fresh = a
			}
		}
	}
	switch {
	case only != nil:
		return only, "takes chats only"
	case open != nil:
		return open, fmt.Sprintf("has %d chats already", open.Standing.Chats)
	case fresh != nil:
		return fresh, "least busy of those not needed for calls"
	case draining:
		return nil, "calls wait for the agents who chat"
	}
	k := Kind{c.Skill, RTP}
	return nil, fmt.Sprintf("kept free for calls: %d of %d needed", v.CountWithRoom(k), p.reserve(v, c.Skill))
}

// lessBusy is by share of time, then by number of skills.
func lessBusy(a, b *Agent, now time.Time) bool {
	return a.Load(now) < b.Load(now)
}

// mayOpen reports whether enough remain for calls without a.
func (p *lookAhead) mayOpen(v *View, a *Agent) bool {
	for _, s := range a.Skills {
		if v.CountWithRoom(Kind{s, RTP})-1 < p.reserve(v, s) {
			return false
		}
	}
	return true
}

// reserve is how many are kept free for calls of a skill.
func (p *lookAhead) reserve(v *View, skill string) int {
	if p.fixed >= 0 {
		return int(p.fixed)
	}
	tau := p.seen.chat.mean(chatBelief)
	return int(math.Ceil(p.z * math.Sqrt(p.seen.rate(skill)*tau)))
}

// anyone is who takes a chat that was held too long.
func (p *lookAhead) anyone(v *View, c *Call) (*Agent, string) {
	var best *Agent
	for a := range v.WithRoom(c.Kind()) {
		if best == nil || !a.Audio && best.Audio || a.Audio == best.Audio && lessBusy(a, best, v.Now()) {
			best = a
		}
	}
	return best, "waited too long to keep him free for calls"
}

// hold notes the reason for the first chats of a kind.
func (p *lookAhead) hold(v *View, c *Call, reason string, list []Hold) []Hold {
	n := 0
	for c := range v.Waiting(c.Kind()) {
		if n++; n > maxTold || n > v.CountWithRoom(c.Kind()) {
			break
		}
		if p.told[c.ID] != reason {
			p.told[c.ID] = reason
			list = append(list, Hold{c.ID, reason})
		}
	}
	return list
}
