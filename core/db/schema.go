package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Column is one column of a table.
type Column struct {
	Name    string
	Type    string // as the database spells it: "char(64)", "INTEGER"
	NotNull bool
}

// Columns returns the columns of a table in their order, or none when there
// is no such table.
func (d *DB) Columns(ctx context.Context, table string) ([]Column, error) {
	query := "SELECT column_name, column_type, is_nullable = 'NO' FROM information_schema.columns" +
		" WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position"
	if d.Dialect() == SQLite {
		query = `SELECT name, type, "notnull" FROM pragma_table_info(?) ORDER BY cid`
	}
	rows, err := d.read.QueryContext(ctx, query, table)
	if err != nil {
		return nil, d.Explain(err)
	}
	defer rows.Close()
	var list []Column
	for rows.Next() {
		var c Column
		if err := rows.Scan(&c.Name, &c.Type, &c.NotNull); err != nil {
			return nil, d.Explain(err)
		}
		list = append(list, c)
	}
	return list, d.Explain(rows.Err())
}

// ErrNoVersion is returned by [DB.Version] for a table without a version.
var ErrNoVersion = errors.New("no row in table version")

// Version returns the version of a table as OpenSIPS keeps it: the row of
// the table in the table version.
func (d *DB) Version(ctx context.Context, table string) (int, error) {
	var n int
	err := d.read.QueryRowContext(ctx, "SELECT table_version FROM version WHERE table_name = ?", table).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) || err != nil && noTable(err) {
		return 0, fmt.Errorf("database %s: table %s: %w", d.url, table, ErrNoVersion)
	}
	return n, d.Explain(err)
}
