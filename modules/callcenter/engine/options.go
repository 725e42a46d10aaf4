package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Options are the parameters of the module that bear on its decisions.
type Options struct {
	// Wrapup is the pause of an agent who has none of his own (wrapup_time;
	// OpenSIPS's default is 30 s). 0: none.
	Wrapup time.Duration
	// RejectOnNoAgents refuses calls to a flow nobody with the skill is
	// logged in for (reject_on_no_agents; OpenSIPS's default is true).
	RejectOnNoAgents bool
	// QueuePosParam is the URI parameter that tells the queue's media server
	// how many calls are ahead (queue_pos_param), or "" for none.
	QueuePosParam string
	// PosRefresh is how often at most a waiting caller is connected to the
	// queue anew because his position has changed (queue_pos_refresh). 0:
	// never.
	PosRefresh time.Duration
	// ChatPolicy is chat_dispatch_policy: "balancing", also when empty, or
	// "full-load".
	ChatPolicy string
	// Policy decides who gets whom, and stands under PolicyName; nil: ChatPolicy
	// does. See also [SetPolicy].
	Policy     dispatch.Policy
	PolicyName string
	// PolicyDeadline is how long a policy outside the engine may take to
	// answer until the built-in rule takes over; 0: 50 ms.
	PolicyDeadline time.Duration
	// InternalDispatching lets the engine pick agents itself
	// (internal_call_dispatching; OpenSIPS's default is true).
	InternalDispatching bool
	// MaxFailures is how often in a row an agent's phone may fail to answer
	// until he counts as not reachable, as if he were logged out
	// (agent_max_failures). 0: for ever.
	MaxFailures int
	// AgentRetry is how long he does, unless he logs in (agent_retry).
	AgentRetry time.Duration
	// CompatETW shows and uses OpenSIPS's expected wait: average talk time
	// times calls of the flow waiting over agents with the skill, fixed at
	// arrival (compat_etw).
	CompatETW bool
	// Fallback is the SIP URI of music that waiting callers hear while the
	// queue's media fails, or "" for none.
	Fallback string
	// DropOld says that the runner ends what the caller hears before it
	// connects something else (bridge_mode "compat"), so that he has nobody
	// when that fails.
	DropOld bool
}

// chatPolicy is the rule of OpenSIPS.
func (o Options) chatPolicy() dispatch.ChatPolicy {
	if o.ChatPolicy == string(dispatch.FullLoad) {
		return dispatch.FullLoad
	}
	return dispatch.Balancing
}

func (o Options) deadline() time.Duration {
	if o.PolicyDeadline > 0 {
		return o.PolicyDeadline
	}
	return policyDeadline
}

// The engine's own times.
const (
	refusalPause = time.Second      // shortest pause of an agent after a refusal
	mediaWindow  = 10 * time.Second // a queue leg that lasted so long was all right
	mediaTries   = 3                // failures within mediaWindow until the alarm
	mediaBackoff = 2 * time.Second  // first pause then, doubled each time
	mediaRetry   = 30 * time.Second // longest pause
	alarmQuiet   = time.Minute      // between two equal alarms of one flow
)
