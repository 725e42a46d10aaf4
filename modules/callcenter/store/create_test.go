package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db"
)

func TestCreate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, "INSERT INTO cc_agents (agentid, location, skills) VALUES ('al', 'sip:al@h', 's');\nDROP TABLE cc_cdrs")
		create(t, d) // again, with one table missing
		for _, table := range []string{"version", "cc_flows", "cc_agents", "cc_cdrs", "cc_calls"} {
			cols, err := d.Columns(t.Context(), table)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range cols {
				names = append(names, c.Name)
			}
			if want := currentColumns(table); !slices.Equal(names, want) {
				t.Errorf("%s has %v, want %v", table, names, want)
			}
		}
		for _, v := range tableVersions() {
			if got, err := d.Version(t.Context(), v.table); got != v.number || err != nil {
				t.Errorf("version of %s: %d, %v; want %d", v.table, got, err, v.number)
			}
		}
		if got := all(t, d, "SELECT agentid, location, logstate, msrp_location, msrp_max_sessions, wrapup_end_time, wrapup_time FROM cc_agents"); !slices.Equal(got, []string{"al|sip:al@h|0|NULL|4|0|0"}) {
			t.Errorf("agents after the second Create: %q", got)
		}
	})
}

// TestCreateTypes compares types, defaults and indexes with OpenSIPS's.
func TestCreateTypes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		if d.Dialect() != db.MySQL {
			exec(t, d, "INSERT INTO cc_agents (agentid, skills) VALUES ('a', '')")
			if _, err := d.Write().Exec("INSERT INTO cc_agents (agentid, skills) VALUES ('a', '')"); err == nil {
				t.Error("agentid is not unique")
			}
			return
		}
		got := all(t, d, "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position")
		for _, want := range []string{
			"cc_flows id int(10) unsigned NO", "cc_flows flowid char(64) NO", "cc_flows priority int(11) unsigned NO 256",
			"cc_flows prependcid char(32) YES NULL", "cc_flows dissuading_qsize_th int(11) unsigned NO 0", "cc_flows message_queue char(128) NO",
			"cc_agents logstate int(10) unsigned NO 0", "cc_agents msrp_max_sessions int(10) unsigned NO 4", "cc_agents skills char(255) NO",
			"cc_agents wrapup_end_time int(11) NO 0", "cc_cdrs received_timestamp datetime NO", "cc_cdrs call_type int(11) NO -1",
			"cc_cdrs cid int(11) unsigned YES 0", "cc_cdrs media int(11) NO 0", "cc_calls b2buaid char(128) NO ''", "cc_calls script_param char(128) NO",
			"version table_name char(32) NO", "version table_version int(10) unsigned NO 0",
		} {
			if !slices.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
			}
		}
		got = all(t, d, "SELECT CONCAT_WS(' ', table_name, index_name, non_unique) FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' ORDER BY 1")
		want := []string{"cc_agents unique_agentid 0", "cc_calls b2buaid_idx 1", "cc_calls unique_id 0", "cc_flows unique_flowid 0", "version t_name_idx 0"}
		if !slices.Equal(got, want) {
			t.Errorf("indexes %q, want %q", got, want)
		}
	})
}

func TestCreateRefuses(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		exec(t, d, eraAgents31)
		err := Create(t.Context(), d)
		if err == nil || !strings.Contains(err.Error(), "table cc_agents exists without the columns msrp_location, msrp_max_sessions; nothing was changed") {
			t.Errorf("Create: %v", err)
		}
		if cols, err := d.Columns(t.Context(), "cc_flows"); err != nil || cols != nil {
			t.Errorf("cc_flows was created: %v, %v", cols, err)
		}
	})
}

func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		o := Options{DB: d}
		check := func(want ...string) {
			t.Helper()
			r, err := Check(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			text := r.String()
			for _, w := range want {
				if !strings.Contains(text, w) {
					t.Errorf("no %q in\n%s", w, text)
				}
			}
			if len(r.Findings) != len(want)-1 {
				t.Errorf("%d findings, want %d:\n%s", len(r.Findings), len(want)-1, text)
			}
		}
		check("layout of OpenSIPS 3.3 or later", "cc_flows: cannot be used: table cc_flows is missing: create it with sipd db create", "table cc_agents is missing", "cc_calls: is missing", "cc_cdrs: is missing", "cc_flows: has no row in table version", "cc_agents: has no row in table version")
		create(t, d)
		check("0 flows, 0 agents")
		exec(t, d, `UPDATE version SET table_version = 2 WHERE table_name = 'cc_agents';
UPDATE version SET table_version = 3 WHERE table_name = 'cc_flows';
INSERT INTO cc_flows (flowid, skill, message_queue) VALUES ('tech', 'Support', 'sip:q@h'), ('bad', 'x', '');
INSERT INTO cc_agents (agentid, location, msrp_location, msrp_max_sessions, skills) VALUES ('al', 'sip:al@h', NULL, 4, 'support'), ('bo', 'sip:bo@h', 'sip:bo@h', 0, ' , ')`)
		check("1 flows, 2 agents",
			`cc_flows: has version 3 with the columns of OpenSIPS 3.3 or later, so OpenSIPS would not start: UPDATE version SET table_version = 2 WHERE table_name = 'cc_flows'`,
			`cc_agents: has version 2`,
			`cc_flows "bad": message_queue is empty`,
			`cc_flows "tech": no agent has the skill "Support"`,
			`cc_agents "bo": skills names no skill`,
			`cc_agents "bo": msrp_max_sessions is 0`)
		exec(t, d, "ALTER TABLE cc_flows DROP COLUMN message_dissuading")
		if _, _, err := start(t, o).Load(t.Context()); err == nil || !strings.Contains(err.Error(), "message_dissuading (ccf_m_dissuading_column)") {
			t.Errorf("Load without a column: %v", err)
		}
	})
}
