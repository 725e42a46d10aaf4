package prometheus

import (
	"strings"

	"github.com/sipd/sipd/core/stat"
)

// metric is the name of a metric, without the prefix, and its unit.
type metric struct {
	name    string
	percent bool // the statistic is in percent and the metric a ratio
	micro   bool // the statistic is in microseconds and the metric in seconds
}

func (m metric) scale() float64 {
	switch {
	case m.percent:
		return 1e-2
	case m.micro:
		return 1e-6
	}
	return 1
}

// known are the metrics of statistics whose own names say too little, by
// group:name or, for a flow's or agent's, group:family. Counters get _total.
var known = map[string]metric{
	"call_center:ccg_incalls":             {name: "callcenter_all_calls"},
	"call_center:ccg_distributed_incalls": {name: "callcenter_all_distributed_calls"},
	"call_center:ccg_answered_incalls":    {name: "callcenter_all_answered_calls"},
	"call_center:ccg_answered_inchats":    {name: "callcenter_all_answered_chats"},
	"call_center:ccg_abandonned_incalls":  {name: "callcenter_all_abandoned_calls"},
	"call_center:ccg_onhold_calls":        {name: "callcenter_all_waiting_calls"},
	"call_center:ccg_onhold_chats":        {name: "callcenter_all_waiting_chats"},
	"call_center:ccg_free_agents":         {name: "callcenter_all_free_agents"},
	"call_center:ccg_awt":                 {name: "callcenter_all_average_wait_seconds"},
	"call_center:ccg_load":                {name: "callcenter_all_load_ratio", percent: true},
	"call_center:ccg_max_delay":           {name: "callcenter_max_delay_seconds", micro: true},

	"call_center:ccf_incalls":      {name: "callcenter_calls"},
	"call_center:ccf_dist_incalls": {name: "callcenter_distributed_calls"},
	"call_center:ccf_answ_incalls": {name: "callcenter_answered_calls"},
	"call_center:ccf_answ_inchats": {name: "callcenter_answered_chats"},
	"call_center:ccf_aban_incalls": {name: "callcenter_abandoned_calls"},
	"call_center:ccf_onhold_calls": {name: "callcenter_waiting_calls"},
	"call_center:ccf_onhold_chats": {name: "callcenter_waiting_chats"},
	"call_center:ccf_queued_calls": {name: "callcenter_queued_calls"},
	"call_center:ccf_free_agents":  {name: "callcenter_free_agents"},
	"call_center:ccf_etw":          {name: "callcenter_expected_wait_seconds"},
	"call_center:ccf_awt":          {name: "callcenter_average_wait_seconds"},
	"call_center:ccf_load":         {name: "callcenter_load_ratio", percent: true},

	"call_center:cca_dist_incalls": {name: "callcenter_agent_distributed_calls"},
	"call_center:cca_answ_incalls": {name: "callcenter_agent_calls"},
	"call_center:cca_answ_inchats": {name: "callcenter_agent_chats"},
	"call_center:cca_aban_incalls": {name: "callcenter_agent_refused_calls"},
	"call_center:cca_att":          {name: "callcenter_agent_average_talk_seconds"},

	"call_center:cc_policy_active":     {name: "callcenter_policy_active"},
	"call_center:cc_policy_assigned":   {name: "callcenter_policy_assignments"},
	"call_center:cc_policy_asked":      {name: "callcenter_policy_questions"},
	"call_center:cc_policy_decided":    {name: "callcenter_policy_answers"},
	"call_center:cc_policy_stale":      {name: "callcenter_policy_stale_proposals"},
	"call_center:cc_policy_impossible": {name: "callcenter_policy_impossible_proposals"},
	"call_center:cc_policy_late":       {name: "callcenter_policy_late_answers"},
	"call_center:cc_policy_fallbacks":  {name: "callcenter_policy_fallbacks"},
	"call_center:cc_policy_restarts":   {name: "callcenter_policy_restarts"},

	"core:timestamp":       {name: "uptime_seconds"},
	"load:load":            {name: "cpu_load_ratio", percent: true},
	"shmem:total_size":     {name: "memory_total_bytes"},
	"shmem:used_size":      {name: "memory_used_bytes"},
	"shmem:real_used_size": {name: "memory_real_used_bytes"},
	"shmem:max_used_size":  {name: "memory_max_used_bytes"},
	"shmem:free_size":      {name: "memory_free_bytes"},
	"shmem:fragments":      {name: "memory_objects"},

	"evi:subscribers": {name: "event_subscribers"},
	"evi:sent":        {name: "events_sent"},
	"evi:failed":      {name: "events_failed"},
	"evi:dropped":     {name: "events_dropped"},
}

// translate names the metric of a statistic: one of the known, or group_name.
func translate(v stat.Value) metric {
	name := v.Name
	if v.Family != "" {
		name = v.Family
	}
	m, ok := known[v.Group+":"+name]
	if !ok {
		m.name = clean(v.Group + "_" + name)
	}
	if v.Kind == stat.Counter && !strings.HasSuffix(m.name, "_total") {
		m.name += "_total"
	}
	return m
}

// clean replaces what the name of a metric cannot hold.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, name)
}
