package callcenter

import (
	"context"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// Report is what [CheckTables] found.
type Report = store.Report

// CreateTables makes the tables of OpenSIPS 3.3 and later where they are
// missing. A table that is there with other columns is an error, and then
// nothing is changed.
func CreateTables(ctx context.Context, d *db.DB) error { return store.Create(ctx, d) }

// CheckTables looks at tables, versions and rows, and names what is wrong
// with its remedy. The error says that the database could not be read.
func CheckTables(ctx context.Context, d *db.DB) (Report, error) {
	return store.Check(ctx, store.Options{DB: d})
}

// ForeignCalls counts the rows of cc_calls that OpenSIPS left. sipd does not
// touch them and cannot take up their calls.
func ForeignCalls(ctx context.Context, d *db.DB) (int, error) {
	return store.Foreign(ctx, store.Options{DB: d})
}

// CleanCalls removes the rows that [ForeignCalls] counts and returns their
// number. No OpenSIPS may run on the table meanwhile. A sipd may: its own rows
// stay.
func CleanCalls(ctx context.Context, d *db.DB) (int, error) {
	return store.Clean(ctx, store.Options{DB: d})
}
