package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// Load reads all flows and agents in one snapshot of the database, in the
// order in which the database gives them. Rows that cannot be used are left
// out and returned as bad, with their remedy; it is for the caller to go on
// without them (at start) or to refuse (at cc_reload). The error says that
// nothing could be read.
//
// What can be used and hardly was meant is logged: a skill that nobody has, a
// table version with which OpenSIPS would not start.
func (s *Store) Load(ctx context.Context) (engine.Load, []BadRow, error) {
	s.look(ctx)
	l, bad, err := load(ctx, s.opt.DB, s.names)
	if err == nil {
		s.warn(ctx, l)
	}
	return l, bad, err
}

// warn logs what is doubtful.
func (s *Store) warn(ctx context.Context, l engine.Load) {
	r := Report{Era: s.layout.Load().Agents, Findings: doubts(l, s.names)}
	if err := checkVersions(ctx, s.opt, s.names, &r); err != nil {
		s.opt.Log.Warn("the versions of the tables are not known", "err", err) // sipd can do without
	}
	for _, f := range r.Findings {
		s.opt.Log.Warn("the database: used, but doubtful", "finding", f.String())
	}
}

func load(ctx context.Context, d *db.DB, n Names) (l engine.Load, bad []BadRow, err error) {
	flows, agents := n[flowsTable], n[agentsTable]
	fCols, err := columnsOf(ctx, d, flows)
	if err != nil {
		return l, nil, err
	}
	aCols, err := columnsOf(ctx, d, agents)
	if err != nil {
		return l, nil, err
	}
	era := n.agentsEra(aCols)
	aFields, err := n.fieldsOf(agents, aCols, era, agentFields())
	if err != nil {
		return l, nil, fmt.Errorf("database %s: %w", d.URL(), err)
	}
	fFields, err := n.fieldsOf(flows, fCols, era, flowFields())
	if err != nil {
		return l, nil, fmt.Errorf("database %s: %w", d.URL(), err)
	}
	var options *sql.TxOptions // SQLite reads from a snapshot anyway
	if d.Dialect() == db.MySQL {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := d.Read().BeginTxx(ctx, options)
	if err != nil {
		return l, nil, d.Explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	r := reader{tx: tx, names: n}
	l.Flows = collect(ctx, &r, flows, fFields, fFlowID, flow)
	l.Agents = collect(ctx, &r, agents, aFields, aAgentID, agent)
	if r.err != nil {
		return engine.Load{}, nil, d.Explain(r.err)
	}
	return l, r.bad, nil
}

// reader reads tables in a transaction until something fails.
type reader struct {
	tx    *sqlx.Tx
	names Names
	bad   []BadRow
	err   error
}

// Reading thousands of rows rests for a moment after every few: calls come
// first. Go looks at its sockets at once when a processor is idle, and else
// every 10 ms only; runtime.Gosched does not change that.
const (
	yieldRows = 64
	rest      = 20 * time.Microsecond
)

// collect turns the rows of a table into configurations. idParam is the
// column that names a row; a name counts once.
func collect[T any](ctx context.Context, r *reader, table string, fields []field, idParam string, parse func(*row) T) []T {
	if r.err != nil {
		return nil
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = quote(f.name)
	}
	rows, err := r.tx.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+quote(table))
	if err != nil {
		r.err = err
		return nil
	}
	defer rows.Close()
	one := newRow(fields, r.names)
	var list []T
	seen := map[string]bool{}
	for n := 1; rows.Next(); n++ {
		if n%yieldRows == 0 {
			time.Sleep(rest)
		}
		if r.err = one.scan(rows); r.err != nil {
			return nil
		}
		config, id := parse(one), strings.TrimSpace(one.value(idParam).String)
		if one.fault == nil && seen[id] {
			one.fail(idParam, "occurs twice", "remove one of the rows")
		}
		if one.fault != nil {
			r.bad = append(r.bad, BadRow{Table: table, ID: id, Why: one.fault.why, Remedy: one.fault.remedy})
			continue
		}
		seen[id] = true
		list = append(list, config)
	}
	r.err = rows.Err()
	return list
}
