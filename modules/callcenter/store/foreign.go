package store

import "context"

// foreignRows are the rows of cc_calls that OpenSIPS wrote: they hold ticks
// where ours hold Unix times.
const foreignRows = "FROM cc_calls WHERE recv_time <= ?"

// Foreign counts the rows of cc_calls in RtDB that OpenSIPS left. Their calls
// cannot be taken up: what SIP needs of them is in OpenSIPS's b2b tables, and
// their times count from its start. A table that is missing has none.
func Foreign(ctx context.Context, o Options) (n int, err error) {
	o.fill()
	if c, err := columnsOf(ctx, o.RtDB, "cc_calls"); err != nil || c == nil {
		return 0, err
	}
	err = o.RtDB.Read().QueryRowxContext(ctx, "SELECT COUNT(*) "+foreignRows, ticksLimit).Scan(&n)
	return n, o.RtDB.Explain(err)
}

// Foreign is the function [Foreign] for the store's own databases.
func (s *Store) Foreign(ctx context.Context) (int, error) { return Foreign(ctx, s.opt) }

// Clean removes what [Foreign] counts, and returns how many rows that were.
// An OpenSIPS that runs on the table would lose its live calls.
func Clean(ctx context.Context, o Options) (n int, err error) {
	o.fill()
	if c, err := columnsOf(ctx, o.RtDB, "cc_calls"); err != nil || c == nil {
		return 0, err
	}
	res, err := o.RtDB.Write().ExecContext(ctx, "DELETE "+foreignRows, ticksLimit)
	if err != nil {
		return 0, o.RtDB.Explain(err)
	}
	gone, err := res.RowsAffected()
	return int(gone), o.RtDB.Explain(err)
}
