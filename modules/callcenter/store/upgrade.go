package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sipd/sipd/core/db"
)

// Statement is a step of an upgrade.
type Statement struct {
	DB  *db.DB
	SQL string // complete: no value is bound
}

// Plan lists the statements that bring the tables to the layout of OpenSIPS
// 3.3.3 and later, without changing anything; none when they have it. It
// looks at each column and not at the era, so that an upgrade that stopped
// half-way is planned to its end. Values are kept as OpenSIPS's own migrations
// keep them: last_call_end becomes wrapup_end_time, new columns have their
// defaults.
func Plan(ctx context.Context, o Options) ([]Statement, error) {
	o.fill()
	names, err := fullNames(o.Names)
	if err != nil {
		return nil, err
	}
	all, err := versionTables(ctx, o)
	if err != nil {
		return nil, err
	}
	// The column that tells the newest era is the last of the agents: until
	// then the tables count as what they were.
	for _, t := range []struct {
		db         *db.DB
		table      string
		standard   string
		fields     []field
		provisions bool
	}{
		{o.DB, names[flowsTable], "cc_flows", flowFields(), true}, {o.AccDB, "cc_cdrs", "cc_cdrs", nil, false},
		{o.RtDB, "cc_calls", "cc_calls", nil, false}, {o.DB, names[agentsTable], "cc_agents", agentFields(), true},
	} {
		u := upgrade{db: t.db, table: t.table, standard: t.standard, renamed: map[string]string{}}
		for _, f := range t.fields {
			u.renamed[f.name] = names[f.param]
		}
		list, err := t.db.Columns(ctx, t.table)
		switch {
		case err != nil:
			return nil, err
		case list == nil && t.provisions:
			return nil, fmt.Errorf("database %s: table %s is missing: there is nothing to upgrade; sipd db create makes new tables", t.db.URL(), t.table)
		}
		if err := u.plan(ctx, list); err != nil {
			return nil, t.db.Explain(err)
		}
		all = append(all, u.list...)
	}
	return all, nil
}

// versionTables makes the table version where there is none.
func versionTables(ctx context.Context, o Options) (list []Statement, err error) {
	seen := map[*db.DB]bool{}
	for _, d := range []*db.DB{o.DB, o.AccDB, o.RtDB} {
		if seen[d] {
			continue
		}
		seen[d] = true
		columns, err := d.Columns(ctx, "version")
		if err != nil {
			return nil, err
		}
		if _, statements := schema(d.Dialect()); columns == nil {
			list = append(list, Statement{d, statements[0]})
		}
	}
	return list, nil
}

// upgrade plans the statements for one table.
type upgrade struct {
	db       *db.DB
	table    string            // as it is called
	standard string            // as OpenSIPS calls it
	renamed  map[string]string // OpenSIPS's name of a column to its own
	have     map[string]db.Column
	list     []Statement
}

func (u *upgrade) add(format string, args ...any) {
	u.list = append(u.list, Statement{u.db, fmt.Sprintf(format, args...)})
}

// name is what a column is called in this database.
func (u *upgrade) name(column string) string {
	if n := u.renamed[column]; n != "" {
		return n
	}
	return column
}

func (u *upgrade) plan(ctx context.Context, list []db.Column) error {
	defs := definitions(u.db.Dialect(), u.standard)
	if list == nil {
		tables, statements := schema(u.db.Dialect())
		for i, t := range tables {
			if t == u.standard {
				u.list = append(u.list, Statement{u.db, statements[i]})
			}
		}
		return u.version(ctx)
	}
	u.have = map[string]db.Column{}
	for _, c := range list {
		u.have[c.Name] = c
	}
	if u.standard == "cc_agents" {
		u.wrapups()
	}
	states := u.standard == "cc_calls" && u.have["script_param"].Name == ""
	if states {
		u.setAsideStates()
	}
	after := "id"
	for _, column := range currentColumns(u.standard)[1:] { // id is the key, as every release has it
		u.column(u.name(column), defs[column], after)
		after = u.name(column)
	}
	if u.standard == "cc_calls" {
		if err := u.newStates(ctx, states); err != nil {
			return err
		}
	}
	return u.version(ctx)
}

// column adds a column that is missing, and lets one take NULL that now may.
func (u *upgrade) column(name, def, after string) {
	c, there := u.have[name]
	sqlite := u.db.Dialect() == db.SQLite
	switch {
	case !there && sqlite:
		if strings.Contains(def, "NOT NULL") && !strings.Contains(def, "DEFAULT") { // SQLite wants a value for the rows there are
			def = strings.Replace(def, "NOT NULL", "DEFAULT "+map[bool]string{true: "''", false: "0"}[strings.Contains(def, "CHAR")]+" NOT NULL", 1)
		}
		u.add("ALTER TABLE %s ADD COLUMN %s %s", quote(u.table), quote(name), def)
	case !there:
		u.add("ALTER TABLE %s ADD COLUMN %s %s%s", quote(u.table), quote(name), def, u.place(after))
		u.have[name] = db.Column{Name: name}
	case !c.NotNull || strings.Contains(def, "NOT NULL"):
	case sqlite:
		// SQLite cannot change a column: a new one takes its place.
		next := "sipd_new_" + name
		u.add("ALTER TABLE %s ADD COLUMN %s %s", quote(u.table), quote(next), def)
		u.add("UPDATE %s SET %s = %s", quote(u.table), quote(next), quote(name))
		u.add("ALTER TABLE %s DROP COLUMN %s", quote(u.table), quote(name))
		u.add("ALTER TABLE %s RENAME COLUMN %s TO %s", quote(u.table), quote(next), quote(name))
	default:
		u.add("ALTER TABLE %s MODIFY COLUMN %s %s", quote(u.table), quote(name), def)
	}
}

// place keeps the order of OpenSIPS's columns, where that is possible.
func (u *upgrade) place(after string) string {
	if _, there := u.have[after]; !there {
		return ""
	}
	return " AFTER " + quote(after)
}

// wrapups turns last_call_end into wrapup_end_time, in one statement.
func (u *upgrade) wrapups() {
	const old = "last_call_end"
	ends := u.name("wrapup_end_time")
	_, there := u.have[old]
	if _, newest := u.have[u.name("msrp_location")]; !there || newest {
		return // in the newest layout it is a column of somebody else
	}
	if _, both := u.have[ends]; both {
		u.add("UPDATE %s SET %s = %s WHERE %s = 0", quote(u.table), quote(ends), quote(old), quote(ends))
		u.add("ALTER TABLE %s DROP COLUMN %s", quote(u.table), quote(old))
		return
	}
	if u.db.Dialect() == db.SQLite {
		u.add("ALTER TABLE %s RENAME COLUMN %s TO %s", quote(u.table), quote(old), quote(ends))
	} else {
		u.add("ALTER TABLE %s CHANGE COLUMN %s %s INT(11) DEFAULT 0 NOT NULL", quote(u.table), quote(old), quote(ends))
	}
	u.have[ends] = db.Column{Name: ends, NotNull: true}
}

// States before 3.1 have other numbers. Adding 10 marks those that are the
// new ones already: a second run would turn queued (2 to 4) into ended.
const newState = 10

func (u *upgrade) setAsideStates() {
	u.add("UPDATE %s SET state = CASE state WHEN 2 THEN %d WHEN 3 THEN %d ELSE %d END WHERE state BETWEEN 2 AND 4",
		quote(u.table), newState+4, newState+6, newState+7)
}

func (u *upgrade) newStates(ctx context.Context, setAside bool) error {
	var n int
	if !setAside {
		if err := u.db.Read().GetContext(ctx, &n, "SELECT COUNT(*) FROM "+quote(u.table)+" WHERE state >= ?", newState); err != nil {
			return err
		}
	}
	if setAside || n > 0 {
		u.add("UPDATE %s SET state = state - %d WHERE state >= %d", quote(u.table), newState, newState)
	}
	return nil
}

// version sets the version of the table to what OpenSIPS 3.3.3 looks for.
func (u *upgrade) version(ctx context.Context) error {
	want := 0
	for _, v := range tableVersions() {
		if v.table == u.standard {
			want = v.number
		}
	}
	got, err := u.db.Version(ctx, u.table)
	switch {
	case errors.Is(err, db.ErrNoVersion):
		u.add("INSERT INTO version (table_name, table_version) VALUES ('%s', %d)", u.table, want)
	case err != nil:
		return err
	case got != want:
		u.add("UPDATE version SET table_version = %d WHERE table_name = '%s'", want, u.table)
	}
	return nil
}

// definition finds the lines of a CREATE TABLE that define columns.
var definition = regexp.MustCompile(`(?m)^    ([a-z0-9_]+) (.+?),?$`)

// definitions returns how the newest layout defines the columns of a table.
func definitions(d db.Dialect, table string) map[string]string {
	defs := map[string]string{}
	tables, statements := schema(d)
	for i, t := range tables {
		if t != table || !strings.HasPrefix(statements[i], "CREATE TABLE") {
			continue
		}
		for _, m := range definition.FindAllStringSubmatch(statements[i], -1) {
			defs[m[1]] = m[2]
		}
	}
	return defs
}

// Upgrade runs the statements of [Plan] and tells each before it runs. In
// SQLite all of them happen or none; MySQL keeps those that were told before
// the one that failed, and another Plan begins there.
func Upgrade(ctx context.Context, plan []Statement, told func(Statement)) error {
	txs := map[*db.DB]*sqlx.Tx{}
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // harmless after Commit
		}
	}()
	for _, s := range plan {
		told(s)
		if s.DB.Dialect() == db.MySQL {
			if _, err := s.DB.Write().ExecContext(ctx, s.SQL); err != nil {
				return fmt.Errorf("stopped at the last statement, the ones before it stay; mend the cause and run it again, it goes on from there: %w", s.DB.Explain(err))
			}
			continue
		}
		if err := inTx(ctx, txs, s); err != nil {
			return fmt.Errorf("stopped at the last statement, nothing was changed in this database; mend the cause and run it again: %w", s.DB.Explain(err))
		}
	}
	for d, tx := range txs {
		if err := tx.Commit(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			return fmt.Errorf("nothing was changed in this database; run it again: %w", d.Explain(err))
		}
	}
	return nil
}

func inTx(ctx context.Context, txs map[*db.DB]*sqlx.Tx, s Statement) (err error) {
	if txs[s.DB] == nil {
		if txs[s.DB], err = s.DB.Write().BeginTxx(ctx, nil); err != nil {
			delete(txs, s.DB)
			return err
		}
	}
	_, err = txs[s.DB].ExecContext(ctx, s.SQL)
	return err
}
