package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
)

func editor(t *testing.T, d *db.DB, n Names, kind Provisioned) *Editor {
	t.Helper()
	e, err := NewEditor(t.Context(), d, n, kind)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEdit adds, changes and removes rows, which the server then loads, in
// the tables of every release.
func TestEdit(t *testing.T) {
	eachEra(t, func(t *testing.T, d *db.DB, era Era) {
		flows, agents := editor(t, d, nil, Flows), editor(t, d, nil, Agents)
		row, err := flows.Add(t.Context(), "sales", Changes{"skill": "sell", "message_queue": "player:moh", "priority": "7"})
		if err != nil || row.ID() != "sales" || row.Get("priority") != "7" {
			t.Fatal(row, err)
		}
		if _, err := agents.Add(t.Context(), "Zoë", Changes{"skills": "sell, s", "location": "sip:z@h"}); err != nil {
			t.Fatal(err)
		}
		if _, err := agents.Set(t.Context(), "Zoë", Changes{"logstate": "1", "skills": "sell"}); err != nil {
			t.Fatal(err)
		}
		l, bad, err := start(t, Options{DB: d}).Load(t.Context())
		if err != nil || bad != nil || len(l.Flows) != 2 || len(l.Agents) != 2 {
			t.Fatal(l, bad, err)
		}
		if a := l.Agents[1]; a.ID != "Zoë" || !a.LoggedIn || !slices.Equal(a.Skills, []string{"sell"}) {
			t.Errorf("agent %+v", a)
		}
		if f := l.Flows[1]; f.ID != "sales" || f.Priority != 7 || f.Queue != "player:moh" || f.PrependCID != "" {
			t.Errorf("flow %+v", f)
		}
		rows, err := agents.List(t.Context())
		if err != nil || len(rows) != 2 || rows[1].ID() != "Zoë" {
			t.Errorf("list %v, %v", rows, err)
		}
		if err := agents.Remove(t.Context(), "Zoë"); err != nil {
			t.Error(err)
		}
		if got := all(t, d, "SELECT agentid FROM cc_agents"); !slices.Equal(got, []string{"al"}) {
			t.Errorf("left %q", got)
		}
		_, err = flows.Set(t.Context(), "tech", Changes{"message_dissuading": "sip:d@h"})
		if want := "has no column message_dissuading: sipd db upgrade"; era == Era30 && (err == nil || !strings.Contains(err.Error(), want)) || era != Era30 && err != nil {
			t.Errorf("message_dissuading: %v", err)
		}
		_, err = agents.Set(t.Context(), "al", Changes{"msrp_location": "sip:c@h"})
		if (err == nil) != (era == Era33) {
			t.Errorf("msrp_location: %v", err)
		}
	})
}

// TestEditRefuses holds that nothing is written which the server would not
// load, and that the error says what to do.
func TestEditRefuses(t *testing.T) {
	eachEra(t, func(t *testing.T, d *db.DB, era Era) {
		flows, agents := editor(t, d, nil, Flows), editor(t, d, nil, Agents)
		before := slices.Concat(all(t, d, "SELECT * FROM cc_flows"), all(t, d, "SELECT * FROM cc_agents"))
		long := strings.Repeat("ж", 129)
		for _, c := range []struct {
			kind Provisioned
			id   string
			set  bool
			c    Changes
			want string
		}{
			{Flows, "tech", false, Changes{"skill": "s", "message_queue": "sip:q@h"}, `cc_flows "tech" exists already`},
			{Flows, "x", false, Changes{"message_queue": "sip:q@h"}, "skill is"},
			{Flows, "x", false, Changes{"skill": "s"}, "message_queue is"},
			{Flows, "x", false, Changes{"skill": "s", "message_queue": "moh"}, `message_queue is a bad URI "moh"`},
			{Flows, " x", false, Changes{"skill": "s", "message_queue": "sip:q@h"}, "without blanks"},
			{Flows, "", false, Changes{"skill": "s", "message_queue": "sip:q@h"}, "want a name"},
			{Flows, long[:130], false, Changes{"skill": "s", "message_queue": "sip:q@h"}, "cc_flows.flowid has 65 characters and the column takes 64"},
			{Flows, "tech", true, Changes{"skill": ""}, "skill is empty"},
			{Flows, "tech", true, Changes{"priority": "-1"}, `cc_flows.priority "-1": want a whole number`},
			{Flows, "tech", true, Changes{"priority": "4294967296"}, "want a whole number"},
			{Flows, "tech", true, Changes{"priority": ""}, "want a whole number"},
			{Flows, "tech", true, Changes{"message_welcome": "http://h/x.wav"}, "is not a SIP URI"},
			{Flows, "tech", true, Changes{"prependcid": "a\r\nb"}, "cannot be stored"},
			{Flows, "tech", true, Changes{"prependcid": "a\xff"}, "cannot be stored"},
			{Flows, "tech", true, Changes{"colour": "red"}, "cc_flows has no column colour"},
			{Flows, "Tech", true, Changes{"skill": "x"}, `cc_flows has no "Tech"`},
			{Agents, "x", false, Changes{"skills": "s"}, "location is"},
			{Agents, "al", true, Changes{"location": ""}, "location is"},
			{Agents, "al", true, Changes{"location": "player:moh"}, "is not a SIP URI"},
			{Agents, "al", true, Changes{"skills": long + long}, "the column takes 255"},
			{Agents, "Al", true, Changes{"logstate": "1"}, `cc_agents has no "Al"`},
		} {
			e := flows
			if c.kind == Agents {
				e = agents
			}
			do := e.Add
			if c.set {
				do = e.Set
			}
			if _, err := do(t.Context(), c.id, c.c); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q %v: %v, want %s", c.id, c.c, err, c.want)
			}
		}
		var none *NoRowError
		if err := agents.Remove(t.Context(), "alan"); !errors.Is(err, ErrNoRow) || !errors.As(err, &none) || !slices.Equal(none.Known, []string{"al"}) {
			t.Errorf("remove: %v", err)
		}
		if err := agents.Remove(t.Context(), "AL"); !errors.Is(err, ErrNoRow) {
			t.Errorf("remove: %v", err)
		}
		if got := slices.Concat(all(t, d, "SELECT * FROM cc_flows"), all(t, d, "SELECT * FROM cc_agents")); !slices.Equal(got, before) {
			t.Errorf("changed: %q, was %q", got, before)
		}
	})
}

// TestEditRenamed works on renamed tables and columns.
func TestEditRenamed(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, "ALTER TABLE cc_agents RENAME TO staff;\nALTER TABLE staff RENAME COLUMN agentid TO who;\nALTER TABLE staff RENAME COLUMN skills TO can")
		names := Names{agentsTable: "staff", aAgentID: "who", aSkills: "can"}
		e := editor(t, d, names, Agents)
		row, err := e.Add(t.Context(), "al'; --", Changes{"skills": "x", "location": "sip:a@h"})
		if err != nil || row.Get("skills") != "x" || row.Get("agentid") != "al'; --" {
			t.Error(row, err)
		}
		if got := all(t, d, "SELECT who, can FROM staff"); !slices.Equal(got, []string{"al'; --|x"}) {
			t.Errorf("%q", got)
		}
		if _, err := NewEditor(t.Context(), d, nil, Agents); err == nil || !strings.Contains(err.Error(), "table cc_agents is missing") {
			t.Errorf("without the names: %v", err)
		}
		rows, err := e.List(t.Context())
		if err != nil || len(rows) != 1 || rows[0].Fault != nil {
			t.Error(rows, err)
		}
		exec(t, d, "UPDATE staff SET location = 'bad'")
		if rows, err := e.List(t.Context()); err != nil || rows[0].Fault == nil {
			t.Error(rows, err)
		}
	})
}

// TestEditTwins has ids that differ in case only, which a table without the
// unique key may hold: each is changed alone.
func TestEditTwins(t *testing.T) {
	d := openDB(t, dbtest.MariaDB(t))
	create(t, d)
	exec(t, d, "ALTER TABLE cc_agents DROP INDEX unique_agentid;\n"+
		"INSERT INTO cc_agents (agentid, location, skills) VALUES ('al', 'sip:a@h', 's'), ('Al', 'sip:b@h', 's')")
	e := editor(t, d, nil, Agents)
	if _, err := e.Set(t.Context(), "Al", Changes{"skills": "x"}); err != nil {
		t.Error(err)
	}
	if got := all(t, d, "SELECT agentid, skills FROM cc_agents"); !slices.Equal(got, []string{"al|s", "Al|x"}) {
		t.Errorf("%q", got)
	}
	if err := e.Remove(t.Context(), "al"); err != nil {
		t.Error(err)
	}
	if got := all(t, d, "SELECT agentid FROM cc_agents"); !slices.Equal(got, []string{"Al"}) {
		t.Errorf("%q", got)
	}
}
