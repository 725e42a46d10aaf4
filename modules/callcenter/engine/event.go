package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// CallID names a call for its whole life. It is the B2B session key, as MI
// and cc_calls.b2buaid show it.
type CallID string

// Media is what kind of session a call is.
type Media = dispatch.Media

// The media of a call.
const (
	RTP  = dispatch.RTP
	MSRP = dispatch.MSRP
)

// Event is something that happened. [Engine.Step] takes one at a time.
type Event interface{ event() }

type (
	// Load replaces flows and agents by what the database holds now: at start
	// and at cc_reload. Known ids are updated in place, new ones added,
	// missing ones leave once no call uses them. AtStart also takes wrap-up
	// ends from the configuration. KeepLogins leaves those agents logged in or
	// out as they are whose row says what it said before. It must be valid: the
	// store refuses bad rows before.
	Load struct {
		Flows      []FlowConfig
		Agents     []AgentConfig
		AtStart    bool
		KeepLogins bool
	}

	// CallArrived asks for a call to be put into a flow (cc_handle_call). It
	// is answered by exactly one Answer action.
	CallArrived struct {
		Call    CallID
		Flow    string
		Media   Media
		User    string // user part of the caller's From
		Display string // display name of From as received, quotes kept, or ""
		Param   string // opaque text of the script
	}

	// Connected says that the destination of attempt N and the caller hear
	// each other.
	Connected struct {
		Call    CallID
		Attempt int
	}
	// Announcing says that the agent of attempt N answered and hears the
	// flow's announcement; the caller still hears the queue.
	Announcing struct {
		Call    CallID
		Attempt int
	}
	// AnnounceDone says that the announcement is over and the agent of
	// attempt N is being joined to the caller.
	AnnounceDone struct {
		Call    CallID
		Attempt int
	}
	// ConnectFailed says that attempt N came to nothing: refused, not
	// answered in time (408), or gone before it was joined to the caller.
	ConnectFailed struct {
		Call    CallID
		Attempt int
		Code    int
	}
	// PeerGone says that the far side, connected by attempt N, hung up. The
	// caller is still there, with nobody to hear.
	PeerGone struct {
		Call    CallID
		Attempt int
	}
	// CallerGone says that the caller hung up or cancelled. Every leg is
	// being ended already.
	CallerGone struct{ Call CallID }
	// CallLost says that the call ended by a fault: the caller's side failed,
	// or its longest duration is over. Every leg is being ended already.
	CallLost struct {
		Call   CallID
		Reason string
	}

	// AgentLogin logs an agent in or out. It is answered by one Answer action
	// with an empty Call: Done or NoSuchAgent.
	AgentLogin struct {
		Agent string
		On    bool
	}
	// Assign gives a waiting call to an agent (cc_dispatch_call_to_agent). It
	// is answered by one Answer action with an empty Call.
	Assign struct {
		Call  CallID
		Agent string
	}
	// SetDispatching turns internal dispatching on or off
	// (cc_internal_call_dispatching). Off, the engine never picks an agent
	// itself and every call waits; on again, it catches up at once.
	SetDispatching struct{ On bool }
	// ResetStats is cc_reset_stats.
	ResetStats struct{}
	// HangUpAll ends every call with CDR and Hangup: the server stops.
	HangUpAll struct{}
	// Tick says that time has passed: it is due at [Engine.Wake].
	Tick struct{}
)

func (Load) event()           {}
func (CallArrived) event()    {}
func (Connected) event()      {}
func (Announcing) event()     {}
func (AnnounceDone) event()   {}
func (ConnectFailed) event()  {}
func (PeerGone) event()       {}
func (CallerGone) event()     {}
func (CallLost) event()       {}
func (AgentLogin) event()     {}
func (Assign) event()         {}
func (SetDispatching) event() {}
func (ResetStats) event()     {}
func (HangUpAll) event()      {}
func (Tick) event()           {}

// FlowConfig is one row of cc_flows.
type FlowConfig struct {
	ID         string
	Priority   int // smaller is served first
	Skill      string
	PrependCID string
	MaxWrapup  time.Duration // ceiling of the wrap-up, 0: none
	Welcome    string        // SIP URI, or ""
	Queue      string        // SIP URI, never ""
	FlowID     string        // message_flow_id: SIP URI heard by the agent, or ""

	// Dissuading is the message that talks callers out of waiting: a SIP URI,
	// or "" for none. It is played to a call that waited for
	// DissuadingOnHold, that would wait longer than DissuadingEWT, or that
	// meets DissuadingQueueSize calls of this flow waiting (0: off). After it
	// the call goes on, or ends when DissuadingHangup is set.
	Dissuading                      string
	DissuadingHangup                bool
	DissuadingOnHold, DissuadingEWT time.Duration
	DissuadingQueueSize             int

	Site string // where its calls come in, for policies; "" in a center of one site
}

// AgentConfig is one row of cc_agents.
type AgentConfig struct {
	ID           string
	Location     string // SIP URI for audio, or "" for none
	MSRPLocation string // SIP URI for chats, or "" for none
	MSRPSessions int    // most chats at once
	Skills       []string
	LoggedIn     bool
	Wrapup       time.Duration // 0: the global one
	WrapupEnds   time.Time     // zero when none is running
	Site         string        // where he sits, for policies; "" in a center of one site
}
