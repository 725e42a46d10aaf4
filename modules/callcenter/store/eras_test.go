package store

import (
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db"
)

// The tables as OpenSIPS releases made them. ID stands for the key, U for
// UNSIGNED.
const (
	version0 = `CREATE TABLE version (table_name CHAR(32) NOT NULL, table_version INT U DEFAULT 0 NOT NULL, CONSTRAINT t_name_idx UNIQUE (table_name))`

	flows30 = `CREATE TABLE cc_flows (ID, flowid CHAR(64) NOT NULL, priority INT(11) U DEFAULT 256 NOT NULL, skill CHAR(64) NOT NULL, prependcid CHAR(32) NOT NULL,
 message_welcome CHAR(128) DEFAULT NULL, message_queue CHAR(128) NOT NULL, CONSTRAINT unique_flowid UNIQUE (flowid))`
	agents30 = `CREATE TABLE cc_agents (ID, agentid CHAR(128) NOT NULL, location CHAR(128) NOT NULL, logstate INT(10) U DEFAULT 0 NOT NULL, skills CHAR(255) NOT NULL,
 last_call_end INT(11) DEFAULT 0 NOT NULL, CONSTRAINT unique_agentid UNIQUE (agentid))`
	calls30 = `CREATE TABLE cc_calls (ID, state INT(11) NOT NULL, ig_cback INT(11) NOT NULL, no_rej INT(11) NOT NULL, setup_time INT(11) NOT NULL, eta INT(11) NOT NULL,
 last_start INT(11) NOT NULL, recv_time INT(11) NOT NULL, caller_dn CHAR(128) NOT NULL, caller_un CHAR(128) NOT NULL, b2buaid CHAR(128) DEFAULT '' NOT NULL,
 flow CHAR(128) NOT NULL, agent CHAR(128) NOT NULL, CONSTRAINT unique_id UNIQUE (b2buaid))`

	flows31 = `CREATE TABLE cc_flows (ID, flowid CHAR(64) NOT NULL, priority INT(11) U DEFAULT 256 NOT NULL, skill CHAR(64) NOT NULL, prependcid CHAR(32) NOT NULL,
 max_wrapup_time INT(11) U DEFAULT 0 NOT NULL, dissuading_hangup INT(11) U DEFAULT 0 NOT NULL, dissuading_onhold_th INT(11) U DEFAULT 0 NOT NULL,
 dissuading_ewt_th INT(11) U DEFAULT 0 NOT NULL, dissuading_qsize_th INT(11) U DEFAULT 0 NOT NULL, message_welcome CHAR(128) DEFAULT NULL,
 message_queue CHAR(128) NOT NULL, message_dissuading CHAR(128) NOT NULL, message_flow_id CHAR(128), CONSTRAINT unique_flowid UNIQUE (flowid))`
	agents31 = `CREATE TABLE cc_agents (ID, agentid CHAR(128) NOT NULL, location CHAR(128) NOT NULL, logstate INT(10) U DEFAULT 0 NOT NULL, skills CHAR(255) NOT NULL,
 wrapup_end_time INT(11) DEFAULT 0 NOT NULL, wrapup_time INT(11) DEFAULT 0 NOT NULL, CONSTRAINT unique_agentid UNIQUE (agentid))`

	cdrs30 = `CREATE TABLE cc_cdrs (ID, caller CHAR(64) NOT NULL, received_timestamp DATETIME NOT NULL, wait_time INT(11) U DEFAULT 0 NOT NULL,
 pickup_time INT(11) U DEFAULT 0 NOT NULL, talk_time INT(11) U DEFAULT 0 NOT NULL, flow_id CHAR(128) NOT NULL, agent_id CHAR(128) DEFAULT NULL,
 call_type INT(11) DEFAULT -1 NOT NULL, rejected INT(11) U DEFAULT 0 NOT NULL, fstats INT(11) U DEFAULT 0 NOT NULL, cid INT(11) U DEFAULT 0)`
)

// makeEra makes the tables of an era with one flow "tech", one agent "al" and
// one CDR, as an OpenSIPS of that era would have left them.
func makeEra(t *testing.T, d *db.DB, era Era) {
	t.Helper()
	var sql []string
	switch era {
	case Era30:
		sql = []string{version0, flows30, agents30, calls30, cdrs30,
			"INSERT INTO version VALUES ('cc_flows', 1), ('cc_agents', 1), ('cc_cdrs', 1)",
			"INSERT INTO cc_flows (flowid, skill, prependcid, message_queue) VALUES ('tech', 's', 'T', 'sip:q@h')",
			"INSERT INTO cc_agents (agentid, location, logstate, skills, last_call_end) VALUES ('al', 'sip:al@h', 1, 's', 1700000000)"}
	case Era31:
		sql = []string{version0, flows31, agents31, strings.Replace(calls30, "agent CHAR(128) NOT NULL", "agent CHAR(128) NOT NULL, script_param CHAR(128) NOT NULL", 1), cdrs30,
			"INSERT INTO version VALUES ('cc_flows', 2), ('cc_agents', 2), ('cc_cdrs', 1), ('cc_calls', 2)",
			"INSERT INTO cc_flows (flowid, skill, prependcid, message_queue, message_dissuading) VALUES ('tech', 's', 'T', 'sip:q@h', '')",
			"INSERT INTO cc_agents (agentid, location, logstate, skills, wrapup_end_time) VALUES ('al', 'sip:al@h', 1, 's', 1700000000)"}
	case Era33:
		create(t, d)
		sql = []string{
			"INSERT INTO cc_flows (flowid, skill, prependcid, message_queue) VALUES ('tech', 's', 'T', 'sip:q@h')",
			"INSERT INTO cc_agents (agentid, location, logstate, skills, wrapup_end_time) VALUES ('al', 'sip:al@h', 1, 's', 1700000000)"}
	}
	sql = append(sql, "INSERT INTO cc_cdrs (caller, received_timestamp, flow_id) VALUES ('bob', '2020-01-02 03:04:05', 'tech')")
	id, unsigned := "id INT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL", " UNSIGNED "
	if d.Dialect() == db.SQLite {
		id, unsigned = "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", " "
	}
	text := strings.ReplaceAll(strings.Join(sql, ";\n"), "(ID,", "("+id+",")
	exec(t, d, strings.ReplaceAll(text, " U ", unsigned))
}

// eachEra runs a test on the tables of every era, in both databases.
func eachEra(t *testing.T, test func(t *testing.T, d *db.DB, era Era)) {
	for _, era := range []Era{Era30, Era31, Era33} {
		t.Run(era.String(), func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				makeEra(t, d, era)
				test(t, d, era)
			})
		})
	}
}
