package engine

import (
	"cmp"
	"slices"
	"time"
)

// KeptCall is what a restart needs of a call.
type KeptCall struct {
	ID          CallID        `json:"id"`
	CID         int           `json:"cid"`
	Media       Media         `json:"media"`
	Flow        string        `json:"flow"`
	User        string        `json:"user,omitzero"`
	Display     string        `json:"display,omitzero"`
	Name        string        `json:"name,omitzero"`
	Param       string        `json:"param,omitzero"`
	State       CallState     `json:"state"`
	Agent       string        `json:"agent,omitzero"`
	Arrived     time.Time     `json:"arrived"`
	ETA         int           `json:"eta,omitzero"`
	Rejections  int           `json:"rejections,omitzero"`
	Distributed bool          `json:"distributed,omitzero"`
	Answered    time.Time     `json:"answered,omitzero"`
	Rang        time.Duration `json:"rang,omitzero"`
	Last        time.Time     `json:"last"`
	Turn        uint64        `json:"turn,omitzero"`
	Refused     bool          `json:"refused,omitzero"`
	Joined      time.Time     `json:"joined,omitzero"`
	Since       time.Time     `json:"since,omitzero"`
	Attempts    int           `json:"attempts,omitzero"`
	Peer        KeptParty     `json:"peer,omitzero"`
	Ring        KeptParty     `json:"ring,omitzero"`
}

// KeptParty is one far side of a [KeptCall].
type KeptParty struct {
	Attempt int       `json:"attempt,omitzero"`
	Target  Target    `json:"target,omitzero"`
	Since   time.Time `json:"since,omitzero"`
	// Media is the flow's URI that it is, "" for an agent and the fallback.
	Media    string `json:"media,omitzero"`
	Fallback bool   `json:"fallback,omitzero"`
}

// KeptAgent is what a restart needs of an agent and his row does not say.
type KeptAgent struct {
	ID       string    `json:"id"`
	LoggedIn bool      `json:"logged_in"`
	Row      bool      `json:"row"` // what his row said of it
	Ends     time.Time `json:"ends,omitzero"`
	Chat     bool      `json:"chat,omitzero"`
	Pause    time.Time `json:"pause,omitzero"`
}

type (
	// Restore takes up the calls of the process before, once, right after the
	// first [Load].
	Restore struct {
		Calls  []RestoredCall
		Agents []KeptAgent
	}
	// RestoredCall is a call with what its B2B session says now.
	RestoredCall struct {
		KeptCall
		Live    bool // there is a session, and its caller is there
		Heard   bool // the caller's INVITE is answered
		PeerNow int  // the attempt whose party the caller hears, 0: nobody
		Last    int  // the greatest attempt that was ever made
	}
)

func (Restore) event() {}

type (
	// KeepCall keeps a call for a restart; it is forgotten with [ForgetCall].
	KeepCall   struct{ Call KeptCall }
	ForgetCall struct{ Call CallID } // see KeepCall
	// KeepAgent keeps an agent for a restart. Plain says that his row says
	// everything: nothing needs to be kept any more.
	KeepAgent struct {
		Agent KeptAgent
		Plain bool
	}
)

func (KeepCall) action()   {}
func (ForgetCall) action() {}
func (KeepAgent) action()  {}

// touch notes that a call is to be kept at the end of the step.
func (e *Engine) touch(c *call) {
	if !c.touched {
		c.touched = true
		e.touched = append(e.touched, c)
	}
}

// keepCalls keeps what the step has changed.
func (e *Engine) keepCalls() {
	for i, c := range e.touched {
		c.touched = false
		if e.calls[c.id] == c {
			e.do(KeepCall{c.kept()})
		}
		e.touched[i] = nil
	}
	e.touched = e.touched[:0]
}

func (c *call) kept() KeptCall {
	return KeptCall{
		ID: c.id, CID: c.cid, Media: c.media, Flow: c.flow.cfg.ID,
		User: c.caller.user, Display: c.caller.display, Name: c.caller.name, Param: c.caller.param,
		State: c.state, Agent: c.agentID(), Arrived: c.arrived, ETA: c.eta, Rejections: c.rejections,
		Distributed: c.times.distributed, Answered: c.times.answered, Rang: c.times.rang, Last: c.times.last,
		Turn: c.place.Turn, Refused: c.place.Refused, Joined: c.queued.joined, Since: c.queued.since,
		Attempts: c.legs.attempts, Peer: c.legs.peer.kept(), Ring: c.legs.ring.kept(),
	}
}

func (p party) kept() KeptParty {
	return KeptParty{Attempt: p.attempt, Target: p.target, Since: p.since, Media: p.media, Fallback: p.fallback}
}

// keepAgent keeps what changed about an agent.
func (e *Engine) keepAgent(a *agent) {
	k := KeptAgent{ID: a.cfg.ID, LoggedIn: a.loggedIn, Row: a.cfg.LoggedIn}
	if e.now.Before(a.wrapup.ends) {
		k.Ends, k.Chat, k.Pause = a.wrapup.ends, a.wrapup.chat, a.wrapup.pause
	}
	plain := a.removed || k == KeptAgent{ID: a.cfg.ID, LoggedIn: a.cfg.LoggedIn, Row: a.cfg.LoggedIn}
	if plain && a.kept == nil || a.kept != nil && *a.kept == k {
		return
	}
	a.kept = nil
	if !plain {
		kept := k // k itself need not be on the heap
		a.kept = &kept
	}
	e.do(KeepAgent{Agent: k, Plain: plain})
}

// restore takes up where the process before was killed.
func (e *Engine) restore(ev Restore) {
	for _, k := range ev.Agents {
		a := e.agents[k.ID]
		if a == nil { // his row is gone
			e.do(KeepAgent{Agent: k, Plain: true})
			continue
		}
		a.kept = &k // so that what does not hold any more is forgotten
		e.shift(a, func() { a.restore(k, e.now) })
	}
	calls := slices.Clone(ev.Calls)
	slices.SortFunc(calls, func(a, b RestoredCall) int { return cmp.Compare(a.CID, b.CID) })
	for _, k := range calls {
		e.turns, e.accepted = max(e.turns, k.Turn), max(e.accepted, k.CID+1)
	}
	for _, k := range calls {
		if e.calls[k.ID] == nil {
			e.restoreCall(k)
		}
	}
}

// restore takes over a login that his row has not overruled since, and a pause
// that goes on.
func (a *agent) restore(k KeptAgent, now time.Time) {
	if k.Row == a.cfg.LoggedIn {
		a.loggedIn = k.LoggedIn
	}
	if now.Before(k.Ends) {
		a.wrapup = wrapup{ends: k.Ends, chat: k.Chat, pause: k.Pause}
	}
}

func (e *Engine) restoreCall(k RestoredCall) {
	c := &call{
		id: k.ID, cid: k.CID, media: k.Media, flow: e.flowAgain(k.Flow), arrived: k.Arrived, eta: k.ETA, rejections: k.Rejections,
		caller: caller{user: k.User, display: k.Display, name: k.Name, param: k.Param},
		times:  talkTimes{distributed: k.Distributed, answered: k.Answered, rang: k.Rang, last: k.KeptCall.Last},
		legs:   legs{attempts: max(k.Attempts, k.Last), answered: k.Heard},
	}
	c.alarm.call = c
	c.place.Turn, c.place.Refused = k.Turn, k.Refused
	c.queued.joined, c.queued.since = k.Joined, k.Since
	e.calls[c.id] = c
	c.flow.calls++
	if p := k.party(); p.Attempt != 0 {
		c.legs.peer = party{attempt: p.Attempt, target: p.Target, since: p.Since, media: p.Media, fallback: p.Fallback}
	}
	switch {
	case k.Agent != "" && c.legs.peer.attempt != 0 && c.legs.peer.target == ToAgent:
		e.restoreTalk(c, k)
	case k.Agent != "" && c.talking(): // the agent hung up at the last moment
		e.restoreTalk(c, k)
		if k.Live {
			e.hangUp(c, CDRAnswered)
		}
	default:
		e.restoreWait(c, k)
	}
	if e.calls[c.id] == c && !k.Live { // the caller went with the process, or just before
		e.callerGone(c)
	}
}

// party is whom the caller hears, as far as the engine knows of him.
func (k RestoredCall) party() KeptParty {
	switch {
	case k.Live && k.PeerNow == 0:
		return KeptParty{}
	case k.PeerNow == k.Peer.Attempt, !k.Live:
		return k.Peer
	case k.PeerNow == k.Ring.Attempt: // the last thing that happened
		return k.Ring
	}
	return KeptParty{}
}

// restoreTalk goes on with a call that has its agent.
func (e *Engine) restoreTalk(c *call, k RestoredCall) {
	a := e.agents[k.Agent]
	if a == nil { // his row is gone: he finishes what he has
		a = e.newAgent(AgentConfig{ID: k.Agent})
		a.removed = true
		e.agents[k.Agent] = a
		e.agentList = append(e.agentList, a)
	}
	c.agent = a
	if c.times.answered.IsZero() {
		c.times.answered = e.now
		e.happens(c, HappenAnswered)
	}
	c.times.reserved = c.times.answered.Add(-c.times.rang)
	e.setState(c, StateToAgent)
	e.shift(a, func() { a.take(c.media, c.flow.cfg.ID) })
	e.tell(c)
}

// restoreWait goes on with a call that has no agent. One whose agent was being
// rung goes to the head of its priority: it was his turn.
func (e *Engine) restoreWait(c *call, k RestoredCall) {
	if c.flow.cfg.Queue == "" { // its row is gone
		e.setState(c, StateWelcome)
		e.tell(c)
		e.hangUp(c, CDRError)
		return
	}
	playing := c.legs.peer.attempt != 0
	switch k.State {
	case StateWelcome, StateDissuading1, StateDissuading2:
		e.setState(c, k.State)
		e.tell(c)
		switch {
		case playing, !k.Live:
		case k.State == StateWelcome && !k.Heard && c.flow.cfg.Welcome != "":
			e.playMedia(c, ToWelcome, c.flow.cfg.Welcome)
		default:
			e.over(c, party{}, 0)
		}
		return
	case StatePreAgent, StateToAgent:
		c.place.Refused = true
	}
	if c.queued.joined.IsZero() { // it was given an agent at once
		c.queued.joined, c.place.Turn = e.now, e.turn()
	}
	if c.queued.since.IsZero() {
		c.queued.since = c.queued.joined
	}
	e.setState(c, StateQueued)
}

// flowAgain finds the flow of a call. One whose row is gone takes no new call
// and has nothing to play.
func (e *Engine) flowAgain(id string) *flow {
	f := e.flows[id]
	if f == nil {
		f = &flow{cfg: FlowConfig{ID: id}, removed: true}
		e.flows[id] = f
		e.flowList = append(e.flowList, f)
	}
	return f
}
