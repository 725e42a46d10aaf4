package engine

import (
	"slices"
	"time"
)

// whyNames is how many calls and agents [Why] names of each sort.
const whyNames = 10

// Why says why a call has no agent yet.
type Why struct {
	ID      CallID
	State   CallState
	Flow    string
	Agent   string // whom it is with, "" in the queue
	Chosen  string // why this agent, in the policy's words
	Held    string // why the policy leaves it waiting, "" if it does not say
	Media   Media
	Skill   string
	Index   int           // its place in the whole queue, as in [QueueItem]
	Waiting time.Duration // since it joined the queue
	ETW     int           // seconds
	Reason  string        // in one sentence; "" for a call that does not wait
	Ahead   Names         // calls of the same skill and medium
	Agents  []WhyGroup    // with the skill, by what keeps them, in a fixed order
}

// Names are the first few of many.
type Names struct {
	Count int
	First []string
}

func (n *Names) add(name string) {
	n.Count++
	if len(n.First) < whyNames {
		n.First = append(n.First, name)
	}
}

// WhyGroup are the agents whom one thing keeps from a call.
type WhyGroup struct {
	Hindrance string
	Names
	Soonest time.Duration // until the first of them is through with it; 0: unknown
}

// The hindrances, in the order in which they are shown.
const (
	isFree       = "free"
	inWrapup     = "in wrap-up"
	pauses       = "pauses after a refusal"
	inCall       = "in a call"
	inChat       = "in a chat"
	slotsTaken   = "all chat slots taken"
	notReachable = "not reachable"
	loggedOut    = "logged out"
	noPhone      = "takes no calls"
	noChatClient = "takes no chats"
)

var hindrances = []string{isFree, inWrapup, pauses, inCall, inChat, slotsTaken, notReachable, loggedOut, noPhone, noChatClient}

// Why explains a call; ok is false when there is none of that id.
func (e *Engine) Why(now time.Time, id CallID) (w Why, ok bool) {
	c := e.calls[id]
	if c == nil {
		return Why{}, false
	}
	w = Why{ID: id, State: c.state, Flow: c.flow.cfg.ID, Agent: c.agentID(), Chosen: c.chosen, Held: c.held, Media: c.media, Skill: c.flow.cfg.Skill}
	if c.state != StateQueued {
		return w, true
	}
	w.Index = e.queue.ahead(c)
	w.Waiting = max(now.Sub(c.queued.joined), 0)
	w.ETW = e.etwOf(c)
	w.Ahead = e.before(c)
	w.Agents = e.hindered(c, now)
	w.Reason = e.reason(c, w.Agents)
	return w, true
}

// etwOf is the expected wait of a call in the queue.
func (e *Engine) etwOf(c *call) int {
	if e.opt.CompatETW {
		return c.eta
	}
	p := e.forecast(c.flow, c.media)
	return p.seconds(e.center.Rank(c.kind(), c.place))
}

// before names the calls that are served before c by the same agents.
func (e *Engine) before(c *call) (n Names) {
	for d := range e.center.Waiting(c.kind()) {
		if !d.Place.Before(c.place) || len(n.First) == whyNames {
			break
		}
		n.add(d.ID)
	}
	n.Count = e.center.Rank(c.kind(), c.place)
	return n
}

// hindered sorts the agents who have the skill by what keeps them.
func (e *Engine) hindered(c *call, now time.Time) []WhyGroup {
	groups := map[string]*WhyGroup{}
	for _, a := range e.agentList {
		if a.removed || !a.can(c.flow.cfg.Skill) {
			continue
		}
		what, until := a.hindrance(c.media, now)
		g := groups[what]
		if g == nil {
			g = &WhyGroup{Hindrance: what}
			groups[what] = g
		}
		g.add(a.cfg.ID)
		if left := until.Sub(now); left > 0 && (g.Soonest == 0 || left < g.Soonest) {
			g.Soonest = left
		}
	}
	var list []WhyGroup
	for _, what := range hindrances {
		if g := groups[what]; g != nil {
			list = append(list, *g)
		}
	}
	return list
}

// hindrance is what keeps an agent from a call of a medium, and until when if
// that is known.
func (a *agent) hindrance(m Media, now time.Time) (what string, until time.Time) {
	chat := m == MSRP
	switch state := a.state(now); {
	case !chat && a.cfg.Location == "":
		return noPhone, time.Time{}
	case chat && (a.cfg.MSRPLocation == "" || a.cfg.MSRPSessions == 0):
		return noChatClient, time.Time{}
	case a.reach.lost && a.loggedIn:
		return notReachable, a.reach.retry
	case !a.present():
		return loggedOut, time.Time{}
	case a.room(m, now) > 0:
		return isFree, time.Time{}
	case state == InCall:
		return inCall, time.Time{}
	case chat && now.Before(a.wrapup.pause):
		return pauses, a.wrapup.pause
	case state == Wrapup, !chat && a.chats == 0:
		return inWrapup, a.wrapup.ends
	case chat:
		return slotsTaken, a.wrapup.ends
	}
	return inChat, time.Time{}
}

// reason is the whole in a sentence.
func (e *Engine) reason(c *call, groups []WhyGroup) string {
	medium := "calls"
	if c.media == MSRP {
		medium = "chats"
	}
	has := func(what ...string) bool {
		return slices.ContainsFunc(groups, func(g WhyGroup) bool { return slices.Contains(what, g.Hindrance) })
	}
	switch {
	case len(groups) == 0:
		return "no agent has the skill " + c.flow.cfg.Skill
	case !has(isFree, inWrapup, pauses, inCall, inChat, slotsTaken, notReachable, loggedOut):
		return "no agent with the skill " + c.flow.cfg.Skill + " takes " + medium
	case !has(isFree, inWrapup, pauses, inCall, inChat, slotsTaken):
		return "every agent with the skill " + c.flow.cfg.Skill + " who takes " + medium + " is logged out or not reachable"
	case !c.ready():
		return "the caller does not hear message_queue yet, which a flow with message_flow_id waits for"
	case has(isFree) && !e.opt.InternalDispatching:
		return "internal dispatching is off, and nobody has assigned the call"
	case has(isFree) && c.held != "":
		return "held back by the policy " + e.deciding.name + ": " + c.held
	case has(isFree):
		return "an agent is free: the call is being given to him"
	}
	return "every agent with the skill " + c.flow.cfg.Skill + " who takes " + medium + " is busy"
}
