package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sipd/sipd/core/db"
)

// Provisioned is a table that operators fill.
type Provisioned int

// The tables.
const (
	Flows Provisioned = iota
	Agents
)

// Errors of an [Editor]; ErrNoRow comes as a [*NoRowError].
var (
	ErrExists = errors.New("exists already")
	ErrNoRow  = errors.New("no such row")
)

// NoRowError tells that a flow or agent is not in its table.
type NoRowError struct {
	Table, ID string
	Known     []string // the ids that are there
}

// Error implements error.
func (e *NoRowError) Error() string { return fmt.Sprintf("%s has no %q", e.Table, e.ID) }

// Unwrap makes it an [ErrNoRow].
func (e *NoRowError) Unwrap() error { return ErrNoRow }

// Cell is a column of a row, under OpenSIPS's name of it; a nil Value is NULL.
type Cell struct {
	Column string
	Value  *string
	Number bool // the column holds numbers
}

// Row is one flow or agent, column by column as the table has them. The
// first is its id.
type Row struct {
	Cells []Cell
	// Fault says why sipd would not use the row; nil when it would.
	Fault *BadRow
}

// ID is the flowid or agentid.
func (r Row) ID() string { return r.Get(r.Cells[0].Column) }

// Get returns the text of a column, "" for NULL and for a column that the
// table does not have.
func (r Row) Get(column string) string {
	for _, c := range r.Cells {
		if c.Column == column && c.Value != nil {
			return *c.Value
		}
	}
	return ""
}

// Changes are new values by OpenSIPS's name of the column. An empty text is
// NULL where the column takes NULL.
type Changes map[string]string

// Editor reads and changes cc_flows or cc_agents, in the layout of every
// release. What sipd would not load it does not write. A row is written
// whole or not at all.
type Editor struct {
	db     *db.DB
	names  Names
	table  string
	era    Era
	kind   Provisioned
	fields []field              // that the table has; the first is the id
	words  map[string]string    // OpenSIPS's name of a column, by parameter
	types  map[string]db.Column // by parameter
}

// NewEditor looks at the tables. The error says that they cannot be used.
func NewEditor(ctx context.Context, d *db.DB, given Names, kind Provisioned) (*Editor, error) {
	names, err := fullNames(given)
	if err != nil {
		return nil, err
	}
	e := &Editor{db: d, names: names, kind: kind, table: names[flowsTable], words: map[string]string{}, types: map[string]db.Column{}}
	all := flowFields()
	if kind == Agents {
		e.table, all = names[agentsTable], agentFields()
	}
	for _, f := range all {
		e.words[f.param] = f.name
	}
	agents, err := columnsOf(ctx, d, names[agentsTable])
	if err != nil {
		return nil, err
	}
	e.era = names.agentsEra(agents)
	list, err := d.Columns(ctx, e.table)
	if err != nil {
		return nil, err
	}
	var have columns
	for _, c := range list {
		if have == nil {
			have = columns{}
		}
		have[c.Name] = true
		for _, f := range all {
			if names[f.param] == c.Name {
				e.types[f.param] = c
			}
		}
	}
	if e.fields, err = names.fieldsOf(e.table, have, e.era, all); err != nil {
		return nil, fmt.Errorf("database %s: %w", d.URL(), err)
	}
	return e, nil
}

// List returns all rows, sorted by id.
func (e *Editor) List(ctx context.Context) ([]Row, error) {
	rows, err := e.read(ctx, e.db.Read(), "")
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.ID()), strings.ToLower(b.ID())), cmp.Compare(a.ID(), b.ID()))
	})
	return rows, e.db.Explain(err)
}

// Add writes a new row and returns what the table holds then.
func (e *Editor) Add(ctx context.Context, id string, c Changes) (Row, error) {
	values, err := e.values(c)
	if err != nil {
		return Row{}, err
	}
	if err := e.fits(e.fields[0], id); err != nil {
		return Row{}, err
	}
	if id == "" || id != strings.TrimSpace(id) {
		return Row{}, fmt.Errorf("%s.%s %q: want a name without blanks around it", e.table, e.fields[0].name, id)
	}
	values[e.fields[0].param] = &id
	return e.write(ctx, id, func(tx *sqlx.Tx) error {
		if there, err := e.find(ctx, tx, id); err != nil || there != "" {
			return errors.Join(err, e.exists(there))
		}
		i := insert{table: quote(e.table)}
		for _, f := range e.fields {
			v, given := values[f.param]
			if !given && e.types[f.param].NotNull && e.isText(f) {
				empty := "" // 3.2 and earlier have no default for it
				v, given = &empty, true
			}
			if given {
				i.set(quote(f.name), v)
			}
		}
		op := i.op()
		_, err := tx.ExecContext(ctx, op.SQL, op.Args...)
		return err
	})
}

// Set changes columns of a row and returns what the table holds then.
func (e *Editor) Set(ctx context.Context, id string, c Changes) (Row, error) {
	values, err := e.values(c)
	if err != nil {
		return Row{}, err
	}
	return e.write(ctx, id, func(tx *sqlx.Tx) error {
		if err := e.mustFind(ctx, tx, id); err != nil {
			return err
		}
		var sets []string
		var args []any
		for _, f := range e.fields {
			if v, given := values[f.param]; given {
				sets, args = append(sets, quote(f.name)+" = ?"), append(args, v)
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE "+quote(e.table)+" SET "+strings.Join(sets, ", ")+" WHERE "+e.whereID(), append(args, id)...)
		return err
	})
}

// Remove deletes a row.
func (e *Editor) Remove(ctx context.Context, id string) error {
	return e.change(ctx, func(tx *sqlx.Tx) error {
		if err := e.mustFind(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM "+quote(e.table)+" WHERE "+e.whereID(), id)
		return err
	})
}

// write changes one row, and keeps the change when sipd could use the row.
func (e *Editor) write(ctx context.Context, id string, do func(*sqlx.Tx) error) (row Row, err error) {
	err = e.change(ctx, func(tx *sqlx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		rows, err := e.read(ctx, tx, "WHERE "+e.whereID(), id)
		switch {
		case err != nil:
			return err
		case len(rows) != 1:
			return fmt.Errorf("%s has %d rows %q: remove all but one of them", e.table, len(rows), id)
		case rows[0].Fault != nil:
			return errors.New(rows[0].Fault.String())
		}
		row = rows[0]
		return nil
	})
	return row, err
}

// change runs do in a transaction.
func (e *Editor) change(ctx context.Context, do func(*sqlx.Tx) error) error {
	tx, err := e.db.Write().BeginTxx(ctx, nil)
	if err != nil {
		return e.db.Explain(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return e.db.Explain(err)
	}
	return e.db.Explain(tx.Commit())
}

// querier is a transaction or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (e *Editor) read(ctx context.Context, q querier, rest string, args ...any) ([]Row, error) {
	names := make([]string, len(e.fields))
	for i, f := range e.fields {
		names[i] = quote(f.name)
	}
	rows, err := q.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+quote(e.table)+" "+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	one := newRow(e.fields, e.names)
	var list []Row
	for rows.Next() {
		if err := one.scan(rows); err != nil {
			return nil, err
		}
		list = append(list, e.row(one))
	}
	return list, rows.Err()
}

// row lists the columns and looks at them as the server does.
func (e *Editor) row(one *row) (r Row) {
	for _, f := range e.fields {
		c := Cell{Column: e.words[f.param], Number: !e.isText(f)}
		if v := one.value(f.param); v.Valid {
			c.Value = &v.String
		}
		r.Cells = append(r.Cells, c)
	}
	if e.kind == Flows {
		_ = flow(one)
	} else {
		_ = agent(one)
	}
	if one.fault != nil {
		r.Fault = &BadRow{Table: e.table, ID: r.ID(), Why: one.fault.why, Remedy: one.fault.remedy}
	}
	return r
}

// whereID compares letter by letter: MySQL would take "Alice" for "alice",
// and the server does not.
func (e *Editor) whereID() string {
	id := quote(e.fields[0].name)
	if e.db.Dialect() == db.MySQL {
		return "CONVERT(" + id + " USING utf8mb4) COLLATE utf8mb4_bin = ?"
	}
	return id + " = ?"
}

// find returns the id that the database takes for this one, or "".
func (e *Editor) find(ctx context.Context, tx *sqlx.Tx, id string) (there string, err error) {
	name := quote(e.fields[0].name)
	err = tx.QueryRowContext(ctx, "SELECT "+name+" FROM "+quote(e.table)+" WHERE "+name+" = ?", id).Scan(&there)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return there, err
}

func (e *Editor) exists(id string) error {
	if id == "" {
		return nil
	}
	return fmt.Errorf("%s %q %w: change it with set, or remove it first", e.table, id, ErrExists)
}

// mustFind fails with a [*NoRowError] when there is no such row.
func (e *Editor) mustFind(ctx context.Context, tx *sqlx.Tx, id string) error {
	rows, err := e.read(ctx, tx, "")
	if err != nil {
		return err
	}
	known := make([]string, len(rows))
	for i, r := range rows {
		known[i] = r.ID()
	}
	if slices.Contains(known, id) {
		return nil
	}
	return &NoRowError{Table: e.table, ID: id, Known: known}
}
