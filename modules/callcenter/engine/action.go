package engine

import "time"

// Action is something the caller of Step must do, in order.
type Action interface{ action() }

// Code answers cc_handle_call and cc_agent_login.
type Code int

// The codes, as OpenSIPS gives them.
const (
	Done        Code = 1
	NoSuchFlow  Code = -3
	NoSuchAgent Code = -3 // cc_agent_login
	NoAgents    Code = -4
	Internal    Code = -5 // the call id is in use
)

// The codes of Assign besides Done. Their own, since OpenSIPS has only texts
// for them; see [Code.Refusal].
const (
	DispatchesItself Code = -100 - iota
	AgentUnknown
	AgentOffline
	CallNotQueued
	AgentUnskilled
	AgentNotFree
)

// Refusal is the MI error of an Assign that was refused, as OpenSIPS words it,
// for a call of media m. It is 0 and "" for other codes.
func (c Code) Refusal(m Media) (status int, text string) {
	switch c {
	case DispatchesItself:
		return 403, "Internal dispatching is enabled"
	case AgentUnknown:
		return 404, "Agent not found"
	case AgentOffline:
		return 404, "Agent not logged in"
	case CallNotQueued:
		return 404, "Call not found"
	case AgentUnskilled:
		return 488, "Agent has no skill for the call"
	case AgentNotFree:
		if m == MSRP {
			return 488, "Agent is not free/chat enabled"
		}
		return 488, "Agent is not free/audio enabled"
	}
	return 0, ""
}

// Target says what a destination is.
type Target int

// The kinds of destination.
const (
	ToWelcome Target = iota
	ToQueue
	ToDissuading
	ToAgent
)

type (
	// Answer is the result of a CallArrived or AgentLogin. After Done the
	// call belongs to the call center.
	Answer struct {
		Call CallID
		Code Code
	}
	// Connect takes the caller to a new destination, keeping the present one
	// until the new one has answered. Attempt comes back in the events.
	Connect struct {
		Call     CallID
		Attempt  int
		Target   Target
		URI      string
		Agent    string // set for ToAgent
		Display  string // what From shows: the caller's name with the flow's prefix, in wire form
		Announce string // set for ToAgent: SIP URI the agent hears before the caller
	}
	// Hangup ends every leg of the call.
	Hangup struct{ Call CallID }

	// SaveCall inserts the row of cc_calls, UpdateCall changes its state, and
	// DeleteCall removes it.
	SaveCall   struct{ Row CallRow }
	UpdateCall struct{ Row CallRow } // see SaveCall
	DeleteCall struct{ Call CallID } // see SaveCall
	// WriteCDR inserts a row of cc_cdrs.
	WriteCDR struct{ CDR CDR }
	// SaveWrapup stores an agent's wrapup_end_time.
	SaveWrapup struct {
		Agent string
		Ends  time.Time
	}
	// ReportAgent raises E_CALLCENTER_AGENT_REPORT.
	ReportAgent struct {
		Agent      string
		State      AgentState
		WrapupEnds time.Time // set in Wrapup, and in InChat while a slot is kept closed
		Flow       string    // set in InCall and InChat
		Chats      int       // set in InChat
	}
	// Alarm tells the operator that something needs him. Call, Flow and Agent
	// are "" where it is not about one.
	Alarm struct {
		Call  CallID
		Flow  string
		Agent string
		Text  string
	}
	// Trace tells the log and the demo what a call or agent does now. It
	// changes nothing.
	Trace struct {
		Call  CallID
		State CallState
		Flow  string
		Agent string
	}
)

func (Answer) action()      {}
func (Connect) action()     {}
func (Hangup) action()      {}
func (SaveCall) action()    {}
func (UpdateCall) action()  {}
func (DeleteCall) action()  {}
func (WriteCDR) action()    {}
func (SaveWrapup) action()  {}
func (ReportAgent) action() {}
func (Alarm) action()       {}
func (Trace) action()       {}

// AgentState says what an agent is doing, as E_CALLCENTER_AGENT_REPORT spells
// it.
type AgentState string

// The states of an agent.
const (
	Offline AgentState = "offline"
	Free    AgentState = "free"
	InCall  AgentState = "incall"
	InChat  AgentState = "inchat"
	Wrapup  AgentState = "wrapup"
)

// CallState is the state of a call with its number in cc_calls.state
// (OpenSIPS 3.1 and later).
type CallState int

// The states of a call.
const (
	StateNone CallState = iota
	StateWelcome
	StateDissuading1
	StateDissuading2
	StateQueued
	StatePreAgent
	StateToAgent
	StateEnded
)

// String spells the state as $cc_state and cc_list_calls do.
func (s CallState) String() string {
	return [...]string{"none", "welcome", "dissuading1", "dissuading2", "queued", "preagent", "toagent", "ended"}[s]
}

// CallRow is one row of cc_calls.
type CallRow struct {
	Call       CallID
	State      CallState
	Media      Media
	Rejections int
	SetupTime  int // seconds, -1 when unknown
	ETA        int // seconds, math.MaxInt32 when no agent was logged in
	LastStart  time.Time
	Received   time.Time
	Display    string
	User       string
	Flow       string
	Agent      string
	Param      string
}

// CDRType says how a stage of a call ended.
type CDRType int

// The types of CDR (cc_cdrs.call_type).
const (
	CDRRejected CDRType = -2 // an agent refused or did not answer
	CDRError    CDRType = -1
	CDRAnswered CDRType = 0
	CDRDropped  CDRType = 1 // the caller left before an agent answered
)

// The bits of CDR.Stats (cc_cdrs.fstats).
const (
	StatReceived    = 1
	StatDistributed = 2
	StatAnswered    = 4
	StatAbandoned   = 8
)

// CDR is one row of cc_cdrs.
type CDR struct {
	Call     CallID
	Caller   string
	Received time.Time
	Wait     time.Duration // arrival to answer, or to the end without one
	Pickup   time.Duration // how long the agent's phone rang
	Talk     time.Duration
	Flow     string
	Agent    string // "" for none
	Type     CDRType
	Rejected int // rejections before this row
	Stats    int
	CID      int // number of the call since the server started
	Media    Media
}
