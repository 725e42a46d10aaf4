package scripting

import (
	"time"

	"github.com/sipd/sipd/core"
)

// globals are the values of the global parameters that this package itself
// uses; the others are only checked here and used by the SIP stack.
type globals struct {
	states                        int
	wait, budget, slow, call      time.Duration
	steps                         int
	t1, t2, t4, fr, frInv         time.Duration
	wt                            time.Duration
	maxTransactions, maxConns     int
	connsPerIP, maxMessage        int
	tcpIdle, tcpMessage, dnsTimer time.Duration
	rate, burst                   int
	trusted                       string
	forceRport                    bool
}

func defaultGlobals() globals {
	return globals{
		states: 256, wait: 500 * time.Millisecond, budget: 50 * time.Millisecond, slow: time.Second,
		call: 2 * time.Second, steps: 1_000_000,
		t1: 500 * time.Millisecond, t2: 4 * time.Second, t4: 5 * time.Second, fr: 32 * time.Second, frInv: 120 * time.Second,
		wt: 32 * time.Second, maxTransactions: 100_000, maxConns: 2048, connsPerIP: 64, maxMessage: 65535,
		tcpIdle: 300 * time.Second, tcpMessage: 4 * time.Second, dnsTimer: 5 * time.Second,
		rate: 2000, burst: 4000, trusted: "127.0.0.0/8,::1/128",
	}
}

// params declares them: the names that set{} takes.
func (g *globals) params() []core.Param {
	return []core.Param{
		core.Millis("t1_timer", &g.t1, "SIP timer T1, the round trip; milliseconds"),
		core.Millis("t2_timer", &g.t2, "SIP timer T2, the longest retransmission interval; milliseconds"),
		core.Millis("t4_timer", &g.t4, "SIP timer T4, how long a message stays in the network; milliseconds"),
		core.SecondsIn("fr_timeout", &g.fr, 1, 1, 86400, "how long to wait for any reply to a request; seconds"),
		core.SecondsIn("fr_inv_timeout", &g.frInv, 1, 1, 86400, "how long an agent may ring, unless agent_ring_timeout of call_center says otherwise; seconds"),
		core.Seconds("wt_timer", &g.wt, "how long an ended transaction is kept; seconds"),
		core.Int("max_transactions", &g.maxTransactions, 1, 10_000_000, "live transactions; more are answered 503"),
		core.Int("tcp_max_connections", &g.maxConns, 1, 1_000_000, "open connections"),
		core.Int("tcp_max_connections_per_ip", &g.connsPerIP, 1, 1_000_000, "open connections of one address"),
		core.Int("max_message_size", &g.maxMessage, 1024, 1<<20, "bytes of one message"),
		core.Int("rate_per_source", &g.rate, 1, 1_000_000, "messages a second that one IPv4 address or IPv6 /64 may send; more are dropped"),
		core.Int("rate_burst", &g.burst, 1, 1_000_000, "messages that one source may send at once"),
		core.String("trusted_networks", &g.trusted, "networks without rate and without a limit of connections, separated by ','; name trunks and gateways here"),
		core.Bool("force_rport", &g.forceRport, "1: answer UDP requests to the port they came from, also without rport in their Via"),
		core.Seconds("tcp_idle_timeout", &g.tcpIdle, "when an idle connection is closed; seconds"),
		core.Seconds("tcp_message_timeout", &g.tcpMessage, "how long one message may take to arrive; seconds"),
		core.Seconds("dns_timeout", &g.dnsTimer, "how long a name may take to resolve; seconds"),
		core.Int("lua_states", &g.states, 1, 4096, "routes that run at once"),
		core.Millis("lua_wait", &g.wait, "how long a request waits for a free state before it is answered 503; milliseconds"),
		core.Millis("lua_budget", &g.budget, "time a message route may take, not counting calls of module functions; milliseconds"),
		core.Millis("lua_slow_budget", &g.slow, "the same for timer, event and startup routes and the top level; milliseconds"),
		core.Int("lua_instructions", &g.steps, 10_000, 1_000_000_000, "instructions a message route may take; ten times as many for the others"),
		core.Millis("lua_call_timeout", &g.call, "how long one call of a module function may take; milliseconds"),
	}
}

// tmTimers are parameters of tm that are global ones in sipd.
var tmTimers = [...]string{"fr_timeout", "fr_inv_timeout", "wt_timer", "t1_timer", "t2_timer"}
