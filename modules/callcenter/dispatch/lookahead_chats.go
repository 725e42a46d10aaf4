package dispatch

import (
	"slices"
	"time"
)

// maxTold bounds how many held chats of a kind are given their reason at once.
const maxTold = 32

// why a chat is held.
type why int

const (
	notHeld  why = iota
	needed       // for the calls to be expected
	draining     // for the calls that wait
)

// chats finds the next chat that may have an agent, and holds those before it
// that may not. What stands against an agent does so for every chat, so that no
// chat gets an agent whom one before it could have had.
func (p *lookAhead) chats(v *View) Decision {
	p.until = time.Time{}
	p.listHeads(v)
	if len(p.heads) == 0 {
		return Decision{}
	}
	clear(p.found)
	p.drain(v)
	var d Decision
	for _, c := range p.heads {
		a, reason, class := p.agentForChat(v, c)
		if a != nil {
			d.Assign = give(c, a, reason)
			return d
		}
		end := c.Joined.Add(p.maxHold)
		if !end.After(v.Now()) {
			a = anyone(v, c)
			d.Assign = give(p.bestFor(a), a, "a chat waited as long as it may")
			return d
		}
		d.Hold = p.hold(v, c, class, reason, d.Hold)
		if p.until.IsZero() || end.Before(p.until) {
			p.until = end
		}
	}
	d.Again = p.again(v).Again
	return d
}

// listHeads lists the first chat of each kind that some agent has room for, in
// the order of service.
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

// bestFor is the first chat that the agent can take: whom a chat held too long
// makes give in serves those before it first.
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
	clear(p.wanted)
	for k := range v.Kinds() {
		if k.Media != RTP {
			return
		}
		p.wanted[k.Skill] = struct{}{}
		n := v.CountWaiting(k)
		for a := range v.WithRoom(Kind{k.Skill, MSRP}) {
			if n == 0 {
				break
			}
			if !p.isClosed(a) && a.Phone && !a.Audio {
				p.closed[a.ID] = struct{}{}
				n--
			}
		}
	}
}

func (p *lookAhead) isClosed(a *Agent) bool {
	_, ok := p.closed[a.ID]
	return ok
}

// choice is who could have a chat.
type choice struct {
	only  *Agent // takes nothing else
	open  *Agent // is lost to calls already
	fresh *Agent // would be lost to them, and is not needed

	asked  bool  // calls wait for a skill of open
	closed bool  // some are kept for calls that wait
	barred bool  // nobody who is free for calls may be taken
	short  stock // why they are kept for calls to be expected
}

// isWanted reports whether calls wait for one of his skills, if not for him.
func (p *lookAhead) isWanted(a *Agent) bool {
	if len(p.wanted) == 0 {
		return false
	}
	for _, s := range a.Skills {
		if _, ok := p.wanted[s]; ok {
			return true
		}
	}
	return false
}

// agentForChat is who should have a chat, or nil and why nobody.
func (p *lookAhead) agentForChat(v *View, c *Call) (*Agent, string, why) {
	ch := choice{short: p.of(v, c.Skill)}
	ch.barred = ch.short.short()
	for a := range v.WithRoom(c.Kind()) {
		p.consider(v, &ch, a)
	}
	switch {
	case ch.only != nil:
		return ch.only, "takes chats only", notHeld
	case ch.open != nil && ch.asked:
		return ch.open, "chats already; enough others are kept for the calls that wait", notHeld
	case ch.open != nil:
		return ch.open, "chats already; no call waits for him", notHeld
	case ch.fresh != nil:
		return ch.fresh, "not needed for calls, least busy", notHeld
	case ch.closed:
		return nil, "calls wait for the agents who chat", draining
	}
	return nil, ch.short.String(), needed
}

func (p *lookAhead) consider(v *View, ch *choice, a *Agent) {
	now := v.Now()
	switch {
	case !a.Phone:
		if emptier(a, ch.only, now) {
			ch.only = a
		}
	case !a.Audio && p.isClosed(a):
		ch.closed = true
	case !a.Audio:
		if asked := p.isWanted(a); ch.open == nil || ch.asked && !asked || ch.asked == asked && fuller(a, ch.open, now) {
			ch.open, ch.asked = a, asked
		}
	case ch.barred:
	case ch.fresh == nil || a.Load(now) < ch.fresh.Load(now):
		if s := p.without(v, a); s.short() {
			ch.short = s
		} else {
			ch.fresh = a
		}
	}
}

// emptier reports whether a has fewer chats than b, then fewer skills, then less
// work since login.
func emptier(a, b *Agent, now time.Time) bool {
	switch {
	case b == nil || a.Standing.Chats != b.Standing.Chats:
		return b == nil || a.Standing.Chats < b.Standing.Chats
	case len(a.Skills) != len(b.Skills):
		return len(a.Skills) < len(b.Skills)
	}
	return a.Load(now) < b.Load(now)
}

// fuller reports whether a has more chats than b, then less work since login.
func fuller(a, b *Agent, now time.Time) bool {
	if b == nil || a.Standing.Chats != b.Standing.Chats {
		return b == nil || a.Standing.Chats > b.Standing.Chats
	}
	return a.Load(now) < b.Load(now)
}

// anyone is who takes a chat that was held too long: if possible one who is
// lost to calls anyhow.
func anyone(v *View, c *Call) (best *Agent) {
	for a := range v.WithRoom(c.Kind()) {
		if best == nil || best.Audio && !a.Audio || best.Audio == a.Audio && fuller(a, best, v.Now()) {
			best = a
		}
	}
	return best
}

// hold says once why the first chats of a kind wait beside agents with room.
func (p *lookAhead) hold(v *View, c *Call, class why, reason string, list []Hold) []Hold {
	n := min(v.CountWithRoom(c.Kind()), maxTold)
	for c := range v.Waiting(c.Kind()) {
		if n--; n < 0 {
			break
		}
		if p.told[c.ID] != class {
			p.told[c.ID] = class
			list = append(list, Hold{c.ID, reason})
		}
	}
	return list
}
