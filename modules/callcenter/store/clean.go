package store

import (
	"context"

	"github.com/sipd/sipd/core/db"
)

// foreignCalls selects the rows of cc_calls that OpenSIPS wrote: see
// [Store.ClearCalls].
const foreignCalls = " FROM cc_calls WHERE recv_time <= ?"

// ForeignCalls counts the rows of cc_calls that OpenSIPS left.
func ForeignCalls(ctx context.Context, d *db.DB) (n int, err error) {
	err = d.Read().GetContext(ctx, &n, "SELECT COUNT(*)"+foreignCalls, ticksLimit)
	return n, d.Explain(err)
}

// CleanCalls removes the rows of cc_calls that OpenSIPS left, and returns how
// many there were. Those of sipd stay.
func CleanCalls(ctx context.Context, d *db.DB) (n int64, err error) {
	res, err := d.Write().ExecContext(ctx, "DELETE"+foreignCalls, ticksLimit)
	if err != nil {
		return 0, d.Explain(err)
	}
	n, err = res.RowsAffected()
	return n, d.Explain(err)
}
