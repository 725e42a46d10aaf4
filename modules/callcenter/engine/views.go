package engine

import (
	"cmp"
	"slices"
	"time"
)

// QueueItem is one entry of cc_list_queue.
type QueueItem struct {
	Index    int // 0 is served next
	ID       CallID
	Media    Media
	User     string        // the caller's
	Display  string        // in wire form, with the flow's prefix
	Waiting  time.Duration // since the call joined the queue
	ETW      int           // seconds still to wait, or as fixed at arrival with CompatETW; math.MaxInt32 when nobody could answer
	Flow     string
	Priority int
	Skill    string
}

// FlowInfo is one entry of cc_list_flows.
type FlowInfo struct {
	ID              string
	AvgCallDuration float64 // seconds of talk
	Processed       int     // answered calls since the start or ResetStats
	Logged          int     // agents with the skill logged in
	Ongoing         int     // calls that have not ended; also "Ref Calls"
}

// AgentInfo is one entry of cc_list_agents.
type AgentInfo struct {
	ID       string
	Ref      int // calls he has
	LoggedIn bool
	Lost     bool // his phone failed too often: as good as logged out
	State    AgentState
	Wrapup   time.Duration // what is left of it
	Chats    int
	Free     int // chats he has room for; running wrap-up keeps one closed
}

// CallInfo is one entry of cc_list_calls.
type CallInfo struct {
	ID    CallID
	Ref   int // 2 in the queue, else 1, as OpenSIPS counts
	State CallState
	Time  time.Duration // since arrival
	Flow  string
	Agent string // "" for none
}

// Queue lists the waiting calls in the order of service.
func (e *Engine) Queue(now time.Time) []QueueItem {
	list, waits := e.queue.list(), e.forecasts()
	items := make([]QueueItem, len(list))
	for i, c := range list {
		items[i] = QueueItem{
			Index: i, ID: c.id, Media: c.media,
			User: c.caller.user, Display: c.caller.name,
			Waiting: max(now.Sub(c.queued.joined), 0), ETW: waits.next(c),
			Flow: c.flow.cfg.ID, Priority: c.place.Priority, Skill: c.flow.cfg.Skill,
		}
	}
	return items
}

// Flows lists the flows, the one loaded last first.
func (e *Engine) Flows(time.Time) []FlowInfo {
	items := make([]FlowInfo, 0, len(e.flowList))
	for _, f := range slices.Backward(e.flowList) {
		if f.removed {
			continue
		}
		items = append(items, FlowInfo{
			ID: f.cfg.ID, AvgCallDuration: f.talk.value, Processed: f.talk.n,
			Logged: e.heads.of(f.cfg.Skill).logged, Ongoing: f.calls,
		})
	}
	return items
}

// Agents lists the agents: first those logged out, then those logged in, each
// in the order of becoming free, or of logging in or out.
func (e *Engine) Agents(now time.Time) []AgentInfo {
	list := slices.DeleteFunc(slices.Clone(e.agentList), func(a *agent) bool { return a.removed })
	slices.SortFunc(list, func(a, b *agent) int {
		if a.present() != b.present() {
			if b.present() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.since, b.since)
	})
	items := make([]AgentInfo, len(list))
	for i, a := range list {
		items[i] = AgentInfo{
			ID: a.cfg.ID, Ref: a.busy(), LoggedIn: a.present(), Lost: a.reach.lost && a.loggedIn, State: a.state(now),
			Wrapup: max(a.wrapup.ends.Sub(now), 0), Chats: a.chats, Free: a.slots(now),
		}
	}
	return items
}

// Calls lists the calls that have not ended, newest first.
func (e *Engine) Calls(now time.Time) []CallInfo {
	list := e.callsByAge()
	items := make([]CallInfo, 0, len(list))
	for _, c := range slices.Backward(list) {
		ref := 1
		if c.state == StateQueued {
			ref++
		}
		items = append(items, CallInfo{
			ID: c.id, Ref: ref, State: c.state, Time: max(now.Sub(c.arrived), 0),
			Flow: c.flow.cfg.ID, Agent: c.agentID(),
		})
	}
	return items
}

// Dispatching reports whether the engine picks agents itself.
func (e *Engine) Dispatching() bool { return e.opt.InternalDispatching }

// callsByAge is all calls, oldest first.
func (e *Engine) callsByAge() []*call {
	list := make([]*call, 0, len(e.calls))
	for _, c := range e.calls {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *call) int { return cmp.Compare(a.cid, b.cid) })
	return list
}
