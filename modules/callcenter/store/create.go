package store

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/sipd/sipd/core/db"
)

//go:embed schema/mysql.sql
var mysqlSchema string

//go:embed schema/sqlite.sql
var sqliteSchema string

// schema returns the statements that create the tables, and for each the
// table it belongs to, in order.
func schema(d db.Dialect) (tables, statements []string) {
	text := mysqlSchema
	if d == db.SQLite {
		text = sqliteSchema
	}
	_, text, _ = strings.Cut(text, "\n") // the comment
	for statement := range strings.SplitSeq(text, ";\n") {
		words := strings.Fields(statement)
		if len(words) < 5 {
			continue
		}
		table := words[2] // CREATE TABLE name
		if words[1] == "INDEX" {
			table = words[4] // CREATE INDEX name ON table
		}
		tables, statements = append(tables, table), append(statements, strings.TrimSpace(statement))
	}
	return tables, statements
}

// tableVersion is a row of the table version.
type tableVersion struct {
	table  string
	number int
}

// tableVersions are the rows that OpenSIPS 3.3.3 and later look for.
func tableVersions() []tableVersion {
	return []tableVersion{{"cc_flows", 2}, {"cc_agents", 3}, {"cc_cdrs", 2}, {"cc_calls", 3}}
}

// Create makes the tables of call_center that are missing, in the layout of
// OpenSIPS 3.3.3 and later, and the table of the writer. It may be called
// again. When a table exists and lacks a column, nothing at all is changed
// and the error says which.
func Create(ctx context.Context, d *db.DB) error {
	tables, statements := schema(d.Dialect())
	absent, err := absentTables(ctx, d, tables)
	if err != nil {
		return err
	}
	for i, table := range tables {
		if !absent[table] {
			continue
		}
		if _, err := d.Write().ExecContext(ctx, statements[i]); err != nil {
			return fmt.Errorf("create table %s: %w", table, d.Explain(err))
		}
	}
	if _, err := d.Write().ExecContext(ctx, db.JournalTable); err != nil {
		return fmt.Errorf("create table sipd_journal: %w", d.Explain(err))
	}
	ignore := "INSERT IGNORE"
	if d.Dialect() == db.SQLite {
		ignore = "INSERT OR IGNORE"
	}
	for _, v := range tableVersions() {
		if _, err := d.Write().ExecContext(ctx, ignore+" INTO version (table_name, table_version) VALUES (?, ?)", v.table, v.number); err != nil {
			return fmt.Errorf("table version: %w", d.Explain(err))
		}
	}
	return nil
}

// absentTables returns which tables are not there, and fails when one that is
// there lacks a column.
func absentTables(ctx context.Context, d *db.DB, tables []string) (map[string]bool, error) {
	absent := map[string]bool{}
	for _, table := range slices.Compact(slices.Clone(tables)) {
		c, err := columnsOf(ctx, d, table)
		if err != nil {
			return nil, err
		}
		if c == nil {
			absent[table] = true
			continue
		}
		if lacks := c.missing(currentColumns(table)); len(lacks) > 0 {
			return nil, fmt.Errorf("database %s: table %s exists without the columns %s; nothing was changed: sipd can use tables of older OpenSIPS releases as they are; sipd db upgrade brings them to the newest layout; or create the tables in another database",
				d.URL(), table, strings.Join(lacks, ", "))
		}
	}
	return absent, nil
}
