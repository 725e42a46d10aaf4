package store

import (
	"fmt"
	"regexp"
	"slices"
)

// Names renames tables and columns. The keys are OpenSIPS parameters, such as
// cc_agents_table or ccf_flowid_column; what is not there has its default.
// The tables cc_calls and cc_cdrs have no parameter.
type Names map[string]string

// field is a column that is read, by the parameter that names it.
type field struct {
	param, name string
	since       Era
}

// The fields of cc_flows.
const (
	fFlowID     = "ccf_flowid_column"
	fPriority   = "ccf_priority_column"
	fSkill      = "ccf_skill_column"
	fCID        = "ccf_cid_column"
	fMaxWrapup  = "ccf_max_wrapup_column"
	fHangup     = "ccf_dissuading_hangup_column"
	fOnHold     = "ccf_dissuading_onhold_th_column"
	fEWT        = "ccf_dissuading_ewt_th_column"
	fQueueSize  = "ccf_dissuading_qsize_th_column"
	fWelcome    = "ccf_m_welcome_column"
	fQueue      = "ccf_m_queue_column"
	fDissuading = "ccf_m_dissuading_column"
	fFlowIDMsg  = "ccf_m_flow_id_column"
)

// The fields of cc_agents.
const (
	aAgentID      = "cca_agentid_column"
	aLocation     = "cca_location_column"
	aLogState     = "cca_logstate_column"
	aMSRPLocation = "cca_msrp_location_column"
	aMSRPSessions = "cca_msrp_max_sessions_column"
	aSkills       = "cca_skills_column"
	aWrapupEnd    = "cca_wrapupend_column"
	aWrapupTime   = "cca_wrapuptime_column"
)

const (
	flowsTable  = "cc_flows_table"
	agentsTable = "cc_agents_table"
)

func flowFields() []field {
	return []field{
		{fFlowID, "flowid", Era30}, {fPriority, "priority", Era30}, {fSkill, "skill", Era30},
		{fCID, "prependcid", Era30}, {fMaxWrapup, "max_wrapup_time", Era31},
		{fHangup, "dissuading_hangup", Era31}, {fOnHold, "dissuading_onhold_th", Era31},
		{fEWT, "dissuading_ewt_th", Era31}, {fQueueSize, "dissuading_qsize_th", Era31},
		{fWelcome, "message_welcome", Era30}, {fQueue, "message_queue", Era30},
		{fDissuading, "message_dissuading", Era31}, {fFlowIDMsg, "message_flow_id", Era31},
	}
}

func agentFields() []field {
	return []field{
		{aAgentID, "agentid", Era30}, {aLocation, "location", Era30}, {aLogState, "logstate", Era30},
		{aMSRPLocation, "msrp_location", Era33}, {aMSRPSessions, "msrp_max_sessions", Era33},
		{aSkills, "skills", Era30}, {aWrapupEnd, "wrapup_end_time", Era31}, {aWrapupTime, "wrapup_time", Era31},
	}
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_$]{1,64}$`)

// CheckName refuses what cannot name a table or column.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q: want a name of letters, digits, _ and $", name)
	}
	return nil
}

// fullNames fills in the defaults and refuses what cannot be a name.
func fullNames(given Names) (Names, error) {
	all := Names{flowsTable: "cc_flows", agentsTable: "cc_agents"}
	for _, f := range slices.Concat(flowFields(), agentFields()) {
		all[f.param] = f.name
	}
	for param, name := range given {
		if _, known := all[param]; !known {
			return nil, fmt.Errorf("%s names no table or column", param)
		}
		if err := CheckName(name); err != nil {
			return nil, fmt.Errorf("%s %w", param, err)
		}
		all[param] = name
	}
	return all, nil
}

// quote writes a name for SQL; MySQL and SQLite both take backquotes.
func quote(name string) string { return "`" + name + "`" }
