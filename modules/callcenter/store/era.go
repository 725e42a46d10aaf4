package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sipd/sipd/core/db"
)

// Era is the range of OpenSIPS releases whose layout a table has.
type Era int

// The eras.
const (
	Era30 Era = iota // 1.11 to 3.0
	Era31            // 3.1 and 3.2
	Era33            // 3.3 and later
)

// String names the releases.
func (e Era) String() string {
	return [...]string{"OpenSIPS 1.11 to 3.0", "OpenSIPS 3.1 and 3.2", "OpenSIPS 3.3 or later"}[e]
}

// columns are the columns of a table; nil when there is no such table.
type columns map[string]bool

func columnsOf(ctx context.Context, d *db.DB, table string) (columns, error) {
	list, err := d.Columns(ctx, table)
	if err != nil || list == nil {
		return nil, err
	}
	c := columns{}
	for _, col := range list {
		c[col.Name] = true
	}
	return c, nil
}

// agentsEra tells the era of the table of agents. Columns of a later era may
// be renamed, so the default name counts too.
func (n Names) agentsEra(c columns) Era {
	switch {
	case c[n[aMSRPLocation]] || c["msrp_location"]:
		return Era33
	case c["last_call_end"] && !c[n[aWrapupEnd]]:
		return Era30
	}
	return Era31
}

// callsEra tells the era of cc_calls; a table that is not there will be made
// in the newest layout.
func callsEra(c columns) Era {
	switch {
	case c == nil || c["media"]:
		return Era33
	case c["script_param"]:
		return Era31
	}
	return Era30
}

// currentColumns returns the columns of a table in the newest layout, in
// order.
func currentColumns(table string) []string {
	return strings.Fields(map[string]string{
		"version":   "table_name table_version",
		"cc_flows":  "id flowid priority skill prependcid max_wrapup_time dissuading_hangup dissuading_onhold_th dissuading_ewt_th dissuading_qsize_th message_welcome message_queue message_dissuading message_flow_id",
		"cc_agents": "id agentid location logstate msrp_location msrp_max_sessions skills wrapup_end_time wrapup_time",
		"cc_cdrs":   "id caller received_timestamp wait_time pickup_time talk_time flow_id agent_id call_type rejected fstats cid media",
		"cc_calls":  "id state media ig_cback no_rej setup_time eta last_start recv_time caller_dn caller_un b2buaid flow agent script_param",
	}[table])
}

// missing returns which of the wanted columns a table lacks.
func (c columns) missing(want []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(name string) bool { return c[name] })
}

// fieldsOf picks the fields that exist in a table of an era, and fails when
// one that the era has is missing.
func (n Names) fieldsOf(table string, c columns, era Era, all []field) ([]field, error) {
	if c == nil {
		return nil, fmt.Errorf("table %s is missing: create it with sipd db create", table)
	}
	var have []field
	var lacks []string
	for _, f := range all {
		f.name = n[f.param]
		switch {
		case c[f.name]:
			have = append(have, f)
		case f.since <= era:
			lacks = append(lacks, f.name+" ("+f.param+")")
		}
	}
	if lacks != nil {
		return nil, fmt.Errorf("table %s, with the layout of %s, has no column %s: add it, or name it with the parameter", table, era, strings.Join(lacks, ", "))
	}
	return have, nil
}

// MarshalText is String, for JSON.
func (e Era) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (e *Era) UnmarshalText(text []byte) error {
	for _, era := range []Era{Era30, Era31, Era33} {
		if era.String() == string(text) {
			*e = era
			return nil
		}
	}
	return fmt.Errorf("no layout is called %q", text)
}
