package callcenter

import (
	"fmt"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// params are the parameters of the module, under their OpenSIPS names.
type params struct {
	dbURL, accDBURL, rtDBURL string
	spoolDir                 string
	wrapup                   time.Duration
	rejectOnNoAgents         bool
	queuePosParam            string
	posRefresh               time.Duration
	chatPolicy               string
	internalDispatching      bool
	ctxParam                 string
	ringTimeout              time.Duration
	mediaTimeout             time.Duration
	compatETW                bool
	maxFailures              int
	agentRetry               time.Duration
	bridgeMode               string
	callerOffer              string
	policy                   policyParams
	names                    map[string]*string // tables and columns, by parameter
}

// The values of bridge_mode.
const (
	keepOld = "keep-old"
	compat  = "compat"
)

func defaults() params {
	p := params{
		wrapup:              30 * time.Second,
		rejectOnNoAgents:    true,
		chatPolicy:          "balancing",
		internalDispatching: true,
		ctxParam:            "call_center",
		ringTimeout:         20 * time.Second,
		mediaTimeout:        2 * time.Second,
		maxFailures:         3,
		agentRetry:          5 * time.Minute,
		bridgeMode:          keepOld,
		policy:              policyParams{deadline: 50 * time.Millisecond},
		names:               map[string]*string{},
	}
	for _, n := range nameParams {
		value := n.value
		p.names[n.param] = &value
	}
	return p
}

// nameParams are the parameters that rename tables and columns, each with its
// default.
var nameParams = []struct{ param, value string }{
	{"cc_agents_table", "cc_agents"},
	{"cca_agentid_column", "agentid"},
	{"cca_location_column", "location"},
	{"cca_msrp_location_column", "msrp_location"},
	{"cca_msrp_max_sessions_column", "msrp_max_sessions"},
	{"cca_skills_column", "skills"},
	{"cca_logstate_column", "logstate"},
	{"cca_wrapupend_column", "wrapup_end_time"},
	{"cca_wrapuptime_column", "wrapup_time"},
	{"cc_flows_table", "cc_flows"},
	{"ccf_flowid_column", "flowid"},
	{"ccf_priority_column", "priority"},
	{"ccf_skill_column", "skill"},
	{"ccf_cid_column", "prependcid"},
	{"ccf_max_wrapup_column", "max_wrapup_time"},
	{"ccf_dissuading_hangup_column", "dissuading_hangup"},
	{"ccf_dissuading_onhold_th_column", "dissuading_onhold_th"},
	{"ccf_dissuading_ewt_th_column", "dissuading_ewt_th"},
	{"ccf_dissuading_qsize_th_column", "dissuading_qsize_th"},
	{"ccf_m_welcome_column", "message_welcome"},
	{"ccf_m_queue_column", "message_queue"},
	{"ccf_m_dissuading_column", "message_dissuading"},
	{"ccf_m_flow_id_column", "message_flow_id"},
}

func (p *params) declare() []core.Param {
	list := []core.Param{
		core.String("db_url", &p.dbURL, "database of cc_flows and cc_agents; empty takes db_default_url").Checked(databaseURL),
		core.String("acc_db_url", &p.accDBURL, "database of cc_cdrs; empty takes db_url").Checked(databaseURL),
		core.String("rt_db_url", &p.rtDBURL, "database of cc_calls; empty takes db_url").Checked(databaseURL),
		core.String("spool_dir", &p.spoolDir, "directory of the journal; empty takes the folder of the SQLite file, else /var/lib/sipd/spool"),
		core.Seconds("wrapup_time", &p.wrapup, "pause of an agent after a call"),
		core.Bool("reject_on_no_agents", &p.rejectOnNoAgents, "1: cc_handle_call answers -4 when nobody with the skill is logged in; 0: the call waits"),
		core.String("queue_pos_param", &p.queuePosParam, "URI parameter that tells the queue's media server how many calls are ahead; empty: none").
			Checked(word),
		core.Seconds("queue_pos_refresh", &p.posRefresh, "how often at most a waiting caller is connected to the queue anew because his position has changed; 0: never"),
		core.Enum("chat_dispatch_policy", &p.chatPolicy, []string{"balancing", "full-load"}, "which agent gets the next chat"),
		core.Bool("internal_call_dispatching", &p.internalDispatching, "0: sipd never picks an agent itself"),
		core.String("b2b_logic_ctx_param", &p.ctxParam, "name under which the second argument of cc_handle_call is kept in the B2B context").Checked(word),
		core.SecondsIn("agent_ring_timeout", &p.ringTimeout, 1, 1, day, "how long an agent's phone may ring"),
		core.SecondsIn("media_answer_timeout", &p.mediaTimeout, 1, 1, day, "how long a media server may take to answer before the call goes on without it"),
		core.Int("agent_max_failures", &p.maxFailures, 0, 1000, "how often in a row an agent's phone may fail until he counts as not reachable; 0: for ever"),
		core.Seconds("agent_retry", &p.agentRetry, "how long an agent who is not reachable gets no calls, unless he logs in"),
		core.Bool("compat_etw", &p.compatETW, "1: the expected wait is OpenSIPS's: average talk time times calls of the flow over agents, fixed at arrival"),
		core.Enum("bridge_mode", &p.bridgeMode, []string{keepOld, compat}, "keep-old: the caller hears the queue until the agent answers; compat: the queue is hung up first, as OpenSIPS does"),
		core.String("caller_offer", &p.callerOffer, "destinations invited with the caller's SDP instead of without one: hosts, host:port or flow=ID, separated by ';', or *").
			Checked(func(text string) error { _, err := parseOffers(text); return err }),
	}
	list = append(list, p.policy.declare()...)
	for _, n := range nameParams {
		list = append(list, core.String(n.param, p.names[n.param], "table or column name").Checked(store.CheckName))
	}
	return list
}

// day bounds how long a phone may ring, in seconds.
const day = 24 * 3600

// databaseURL is a URL that [db.Parse] takes, or nothing.
func databaseURL(text string) error {
	if text == "" {
		return nil
	}
	_, err := db.Parse(text)
	return err
}

// word refuses what cannot be the name of a URI parameter.
func word(text string) error {
	if strings.ContainsAny(text, " \t\r\n;=?&<>\",@:") {
		return fmt.Errorf("want a name without spaces and punctuation, got %q", text)
	}
	return nil
}

// offers is the parsed caller_offer.
type offers struct {
	all   bool
	hosts map[string]bool // "host" or "host:port", lower case
	flows map[string]bool
}

func parseOffers(text string) (offers, error) {
	o := offers{hosts: map[string]bool{}, flows: map[string]bool{}}
	for item := range strings.SplitSeq(text, ";") {
		item = strings.TrimSpace(item)
		flow, isFlow := strings.CutPrefix(item, "flow=")
		switch {
		case item == "":
		case item == "*":
			o.all = true
		case isFlow:
			o.flows[flow] = true
		default:
			host, port, err := sip.SplitHostPort(item)
			if err != nil {
				return o, fmt.Errorf("%q: %w: want host, host:port, flow=ID or *", item, err)
			}
			o.hosts[strings.ToLower(sip.HostPort(host, port))] = true
		}
	}
	return o, nil
}

// caller reports whether the party at uri is to get the caller's offer.
func (o offers) caller(flow, uri string) bool {
	if o.all || o.flows[flow] {
		return true
	}
	if len(o.hosts) == 0 {
		return false
	}
	u, err := sip.ParseURI(uri)
	return err == nil && (o.hosts[strings.ToLower(sip.HostPort(u.Host, 0))] || o.hosts[strings.ToLower(u.HostPort())])
}
