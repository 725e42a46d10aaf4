package db

import (
	"context"
	"fmt"
	"os"
)

// Backlog is what a journal holds that its database has not.
type Backlog struct {
	Statements int
	Files      int
	Damaged    int // bytes that belong to no record
}

// BacklogOf reads the journal of a database in dir, from outside and without
// changing anything. While a [Writer] works on it, the answer is of a moment.
func BacklogOf(ctx context.Context, d *DB, dir string) (b Backlog, err error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return b, nil
	}
	segments, err := segmentsIn(dir, d.url.ID())
	if err != nil {
		return b, err
	}
	applied, err := d.applied(ctx)
	if err != nil {
		return b, err
	}
	for _, g := range segments {
		data, err := os.ReadFile(g.path)
		if os.IsNotExist(err) {
			continue // the writer was faster
		}
		if err != nil {
			return b, fmt.Errorf("journal: %w", err)
		}
		j, waiting := journal{data: data}, 0
		for r, ok := j.next(); ok; r, ok = j.next() {
			if r.seq > applied[g.stream] {
				waiting++
			}
		}
		b.Statements += waiting
		b.Damaged += j.damaged
		if waiting > 0 {
			b.Files++
		}
	}
	return b, nil
}

// applied returns how far each stream is in the database.
func (d *DB) applied(ctx context.Context) (map[string]uint64, error) {
	done := map[string]uint64{}
	rows, err := d.read.QueryContext(ctx, "SELECT stream, seq FROM sipd_journal")
	if err != nil {
		if noTable(err) {
			return done, nil
		}
		return nil, d.Explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		var stream string
		var seq int64
		if err := rows.Scan(&stream, &seq); err != nil {
			return nil, d.Explain(err)
		}
		done[stream] = uint64(seq)
	}
	return done, d.Explain(rows.Err())
}
