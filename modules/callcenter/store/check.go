package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// Report is what [Check] found.
type Report struct {
	Era           Era // of the table of agents
	Flows, Agents int // rows that can be used
	Findings      []BadRow
	// Upgrade are the statements with which sipd db upgrade would bring the
	// tables to the newest layout; none when they have it, or are not there.
	Upgrade []string
}

// String writes a line for the tables and one for each finding.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "layout of %s, %d flows, %d agents\n", r.Era, r.Flows, r.Agents)
	if n := len(r.Upgrade); n > 0 {
		fmt.Fprintf(&b, "sipd db upgrade brings it to the layout of %s; statements: %d, shown by --dry-run\n", Era33, n)
	}
	for _, f := range r.Findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// Check examines the tables: their columns and versions, and every flow and
// agent. It changes nothing. Of the options it uses the databases and the
// names. The error says that a database could not be read.
func Check(ctx context.Context, o Options) (Report, error) {
	o.fill()
	names, err := fullNames(o.Names)
	if err != nil {
		return Report{}, err
	}
	r := Report{Era: Era33}
	for _, check := range []func(context.Context, Options, Names, *Report) error{checkConfig, checkWritten, checkVersions} {
		if err := check(ctx, o, names, &r); err != nil {
			return Report{}, err
		}
	}
	if plan, err := Plan(ctx, o); err == nil {
		for _, s := range plan {
			r.Upgrade = append(r.Upgrade, s.SQL)
		}
	}
	return r, nil
}

// checkConfig looks at cc_flows and cc_agents.
func checkConfig(ctx context.Context, o Options, n Names, r *Report) error {
	usable := true
	for _, t := range []struct {
		table  string
		fields []field
	}{{n[agentsTable], agentFields()}, {n[flowsTable], flowFields()}} {
		c, err := columnsOf(ctx, o.DB, t.table)
		if err != nil {
			return err
		}
		if t.table == n[agentsTable] && c != nil {
			r.Era = n.agentsEra(c)
		}
		if _, err := n.fieldsOf(t.table, c, r.Era, t.fields); err != nil {
			usable = false
			r.add(t.table, "cannot be used", err.Error())
		}
	}
	if !usable {
		return nil
	}
	l, bad, err := load(ctx, o.DB, n)
	if err != nil {
		return err
	}
	r.Flows, r.Agents = len(l.Flows), len(l.Agents)
	r.Findings = append(r.Findings, bad...)
	r.Findings = append(r.Findings, doubts(l, n)...)
	return nil
}

func (r *Report) add(table, why, remedy string) {
	r.Findings = append(r.Findings, BadRow{Table: table, Why: why, Remedy: remedy})
}

// doubts are rows that can be used and hardly are what was meant.
func doubts(l engine.Load, n Names) (list []BadRow) {
	skills := map[string]bool{}
	for _, a := range l.Agents {
		for _, s := range a.Skills {
			skills[s] = true
		}
		if len(a.Skills) == 0 {
			list = append(list, BadRow{Table: n[agentsTable], ID: a.ID, Used: true, Why: n[aSkills] + " names no skill, so the agent gets no calls", Remedy: "list skills with commas between"})
		}
		if a.MSRPLocation != "" && a.MSRPSessions == 0 {
			list = append(list, BadRow{Table: n[agentsTable], ID: a.ID, Used: true, Why: n[aMSRPSessions] + " is 0, so the agent gets no chats", Remedy: "set it to 1 or more, or " + n[aMSRPLocation] + " to NULL"})
		}
	}
	for _, f := range l.Flows {
		if !skills[f.Skill] {
			list = append(list, BadRow{Table: n[flowsTable], ID: f.ID, Used: true, Why: fmt.Sprintf("no agent has the skill %q", f.Skill), Remedy: "give it to an agent; upper and lower case differ"})
		}
	}
	return list
}

// checkWritten looks at the columns of cc_calls and cc_cdrs.
func checkWritten(ctx context.Context, o Options, _ Names, r *Report) error {
	optional := []string{"id", "media", "script_param"} // media is of Era33, script_param of Era31
	for _, t := range []struct {
		db    *db.DB
		table string
	}{{o.RtDB, "cc_calls"}, {o.AccDB, "cc_cdrs"}} {
		c, err := columnsOf(ctx, t.db, t.table)
		if err != nil {
			return err
		}
		want := slices.DeleteFunc(currentColumns(t.table), func(s string) bool { return slices.Contains(optional, s) })
		switch lacks := c.missing(want); {
		case c == nil:
			r.add(t.table, "is missing in "+t.db.URL().String(), "create it with sipd db create")
		case len(lacks) > 0:
			r.add(t.table, "has no column "+strings.Join(lacks, ", "), "add it")
		}
	}
	return nil
}

// Writable tells with an error, which says what to do, that cc_calls or
// cc_cdrs is missing or lacks a column: no write to it would ever succeed.
func (s *Store) Writable(ctx context.Context) error {
	var r Report
	if err := checkWritten(ctx, s.opt, s.names, &r); err != nil {
		return err
	}
	if len(r.Findings) == 0 {
		return nil
	}
	return errors.New(r.Findings[0].String())
}

// checkVersions compares the table version with what the layout's OpenSIPS
// looks for. sipd does not need it; going back to OpenSIPS would.
func checkVersions(ctx context.Context, o Options, n Names, r *Report) error {
	want := map[Era]map[string]int{
		Era30: {"cc_flows": 1, "cc_agents": 1},
		Era31: {"cc_flows": 2, "cc_agents": 2},
		Era33: {"cc_flows": 2, "cc_agents": 3},
	}[r.Era]
	for _, table := range []string{"cc_flows", "cc_agents"} {
		if n[flowsTable] != table && n[agentsTable] != table {
			continue // renamed, and its version with it
		}
		got, err := o.DB.Version(ctx, table)
		switch {
		case errors.Is(err, db.ErrNoVersion):
			r.add(table, "has no row in table version, so OpenSIPS would not start", fmt.Sprintf("INSERT INTO version (table_name, table_version) VALUES ('%s', %d)", table, want[table]))
		case err != nil:
			return err
		case got != want[table]:
			r.add(table, fmt.Sprintf("has version %d with the columns of %s, so OpenSIPS would not start", got, r.Era), fmt.Sprintf("UPDATE version SET table_version = %d WHERE table_name = '%s'", want[table], table))
		}
	}
	return nil
}
