package main

import (
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// oldDB makes tables as OpenSIPS 3.0 had them, with a call left in them.
func oldDB(t *testing.T) (url string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "old.db")
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, q := range []string{
		"CREATE TABLE version (table_name CHAR(32) NOT NULL UNIQUE, table_version INTEGER DEFAULT 0 NOT NULL)",
		"INSERT INTO version VALUES ('cc_flows', 1), ('cc_agents', 1), ('cc_cdrs', 1)",
		"CREATE TABLE cc_flows (id INTEGER PRIMARY KEY, flowid CHAR(64) NOT NULL UNIQUE, priority INTEGER DEFAULT 256 NOT NULL, skill CHAR(64) NOT NULL, prependcid CHAR(32) NOT NULL, message_welcome CHAR(128), message_queue CHAR(128) NOT NULL)",
		"CREATE TABLE cc_agents (id INTEGER PRIMARY KEY, agentid CHAR(128) NOT NULL UNIQUE, location CHAR(128) NOT NULL, logstate INTEGER DEFAULT 0 NOT NULL, skills CHAR(255) NOT NULL, last_call_end INTEGER DEFAULT 0 NOT NULL)",
		"CREATE TABLE cc_cdrs (id INTEGER PRIMARY KEY, caller CHAR(64) NOT NULL, received_timestamp DATETIME NOT NULL, wait_time INTEGER, pickup_time INTEGER, talk_time INTEGER, flow_id CHAR(128) NOT NULL, agent_id CHAR(128), call_type INTEGER DEFAULT -1 NOT NULL, rejected INTEGER, fstats INTEGER, cid INTEGER)",
		"CREATE TABLE cc_calls (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, ig_cback INTEGER NOT NULL, no_rej INTEGER NOT NULL, setup_time INTEGER NOT NULL, eta INTEGER NOT NULL, last_start INTEGER NOT NULL, recv_time INTEGER NOT NULL, caller_dn CHAR(128) NOT NULL, caller_un CHAR(128) NOT NULL, b2buaid CHAR(128) NOT NULL, flow CHAR(128) NOT NULL, agent CHAR(128) NOT NULL)",
		"INSERT INTO cc_calls VALUES (1, 2, 0, 0, -1, 9, 8, 8090, '', '', '1.1', 'tech', '')",
		"INSERT INTO cc_agents VALUES (1, 'al', 'sip:al@h', 1, 's', 1700000000)",
	} {
		if _, err := raw.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return "sqlite://" + path
}

func TestDBUpgrade(t *testing.T) {
	url := oldDB(t)
	_, out, _ := sipd("db", "check", "--url", url)
	if !strings.Contains(out, "layout of OpenSIPS 1.11 to 3.0, 0 flows, 1 agents\nsipd db upgrade brings it to the layout of OpenSIPS 3.3 or later") {
		t.Errorf("check says %s", out)
	}
	fails(t, exitInput, "with the layout of OpenSIPS 1.11 to 3.0, has no column wrapup_time: sipd db upgrade adds it",
		"agent", "set", "al", "--wrapup-time", "5", "--url", url)
	dry := must(t, "db", "upgrade", "--dry-run", "--url", url)
	if again := must(t, "db", "upgrade", "--dry-run", "--url", url); again != dry {
		t.Errorf("a dry run changes something:\n%s", again)
	}
	statements, _, _ := strings.Cut(dry, "-- ")
	if out := must(t, "db", "upgrade", "--url", url); !strings.HasPrefix(out, statements) || statements == "" {
		t.Errorf("announced\n%s, ran\n%s", statements, out)
	}
	must(t, "db", "check", "--url", url)
	if out := must(t, "db", "upgrade", "--url", url); !strings.Contains(out, "nothing to do") {
		t.Errorf("the second time: %s", out)
	}
	must(t, "agent", "set", "al", "--wrapup-time", "5", "--url", url)
	fails(t, exitInput, "table cc_flows is missing: there is nothing to upgrade", "db", "upgrade", "--url", "sqlite://"+filepath.Join(t.TempDir(), "x.db"))
}

func TestDBClean(t *testing.T) {
	url := oldDB(t)
	for _, c := range []struct {
		answer string
		err    error
		want   string
	}{
		{"", errDeclined, "cc_calls has 1 call of OpenSIPS"},
		{"n\n", errDeclined, "[y/N]"},
		{"y\n", nil, "1 call removed"},
		{"", nil, "cc_calls has no call of OpenSIPS"},
	} {
		var out buffer
		err := (&dbCleanCmd{place: place{URL: url}}).clean(streams{&out, io.Discard}, strings.NewReader(c.answer))
		if err != c.err || !strings.Contains(out.String(), c.want) {
			t.Errorf("answer %q: %v, want %v\n%s, want %s", c.answer, err, c.err, out.String(), c.want)
		}
	}
	url = oldDB(t)
	if out := must(t, "db", "clean", "--yes", "--url", url); !strings.Contains(out, "1 call removed") {
		t.Error(out)
	}
	fails(t, exitInput, "which database", "db", "clean")
}
