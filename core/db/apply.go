package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// target is where operations go: the database, or a test.
type target interface {
	// apply does the records of one stream, in order and all at once. It
	// skips those that are done already, calls reject for one that can never
	// be done, and fails when it should be called again.
	apply(ctx context.Context, stream string, recs []record, reject func(record, error)) error
	// settle returns when what was applied would survive a power cut.
	settle(ctx context.Context) error
	// forget drops what is remembered of a stream that is over.
	forget(ctx context.Context, stream string) error
}

// JournalTable is the statement that creates the table in which a [Writer]
// remembers what it has applied. The writer does it itself when the user may.
const JournalTable = "CREATE TABLE IF NOT EXISTS sipd_journal (stream CHAR(32) NOT NULL PRIMARY KEY, seq BIGINT NOT NULL)"

// sqlTarget applies operations to a database.
type sqlTarget struct {
	db     *DB
	ready  map[string]*sqlx.Stmt // prepared statements by text; SQLite only
	stream string                // known is its row in sipd_journal, if sure
	known  uint64
	sure   bool
}

func (t *sqlTarget) apply(ctx context.Context, stream string, recs []record, reject func(record, error)) error {
	err := t.batch(ctx, stream, recs, reject)
	if err != nil {
		t.sure = false // a COMMIT may have worked although its answer was lost
	}
	if err == nil || !strings.Contains(err.Error(), "sipd_journal") || !noTable(err) {
		return t.db.Explain(err)
	}
	if _, err := t.db.write.ExecContext(ctx, JournalTable); err != nil {
		return fmt.Errorf("table sipd_journal: %w", t.db.Explain(err))
	}
	return t.db.Explain(t.batch(ctx, stream, recs, reject))
}

// batch is one transaction. The row of the stream is moved first: that locks
// out a transaction of an earlier attempt that still hangs in the server.
func (t *sqlTarget) batch(ctx context.Context, stream string, recs []record, reject func(record, error)) error {
	t.prepare(ctx, recs)
	tx, err := t.db.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if stream != t.stream {
		t.stream, t.sure = stream, false
	}
	done, last := t.known, recs[len(recs)-1].seq
	if !t.sure {
		if done, err = t.lookUp(ctx, tx); err != nil {
			return err
		}
	}
	if last <= done {
		t.known, t.sure = done, true
		return nil
	}
	if err := t.move(ctx, tx, done, last); err != nil {
		return err
	}
	for _, r := range recs {
		if r.seq <= done {
			continue
		}
		if err := t.do(ctx, tx, r, reject); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	t.known, t.sure = last, true
	return nil
}

// lookUp locks the row of the stream and returns how far it is.
func (t *sqlTarget) lookUp(ctx context.Context, tx *sqlx.Tx) (done uint64, err error) {
	insert, query := "INSERT INTO sipd_journal (stream, seq) VALUES (?, 0) ON DUPLICATE KEY UPDATE seq = seq", "SELECT seq FROM sipd_journal WHERE stream = ? FOR UPDATE"
	if t.db.Dialect() == SQLite {
		insert, query = "INSERT OR IGNORE INTO sipd_journal (stream, seq) VALUES (?, 0)", "SELECT seq FROM sipd_journal WHERE stream = ?"
	}
	if _, err := tx.ExecContext(ctx, insert, t.stream); err != nil {
		return 0, err
	}
	return done, tx.QueryRowxContext(ctx, query, t.stream).Scan(&done)
}

func (t *sqlTarget) move(ctx context.Context, tx *sqlx.Tx, from, to uint64) error {
	res, err := tx.ExecContext(ctx, "UPDATE sipd_journal SET seq = ? WHERE stream = ? AND seq = ?", int64(to), t.stream, int64(from))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("table sipd_journal: the row of stream %s is not at %d as expected: trying again", t.stream, from)
	}
	return nil
}

// do performs one operation. A refused statement leaves the transaction as it
// was, in both dialects.
func (t *sqlTarget) do(ctx context.Context, tx *sqlx.Tx, r record, reject func(record, error)) error {
	err := t.exec(ctx, tx, r.op.SQL, r.op.Args)
	if err != nil && badText(err) {
		// Better a row with ? for a character that the table cannot hold.
		err = t.exec(ctx, tx, r.op.SQL, asciiOnly(r.op.Args))
	}
	if err == nil {
		return nil
	}
	if hopeless(t.db.Dialect(), err) {
		reject(r, t.db.hide(err))
		return nil
	}
	return fmt.Errorf("%q: %w", r.op.SQL, err)
}

// maxReady bounds the prepared statements; call_center has seven.
const maxReady = 64

// prepare keeps the statements of a batch prepared. In SQLite preparing costs
// as much as a row; in MySQL it would cost a round trip. It must run outside
// a transaction, which holds the one connection. What cannot be prepared is
// left to exec, which says why.
func (t *sqlTarget) prepare(ctx context.Context, recs []record) {
	if t.db.Dialect() != SQLite {
		return
	}
	if t.ready == nil {
		t.ready = make(map[string]*sqlx.Stmt)
	}
	for _, r := range recs {
		if t.ready[r.op.SQL] != nil || len(t.ready) >= maxReady {
			continue
		}
		if st, err := t.db.write.PreparexContext(ctx, r.op.SQL); err == nil {
			t.ready[r.op.SQL] = st
		}
	}
}

func (t *sqlTarget) exec(ctx context.Context, tx *sqlx.Tx, query string, args []any) (err error) {
	if st := t.ready[query]; st != nil {
		_, err = tx.StmtxContext(ctx, st).ExecContext(ctx, args...)
	} else {
		_, err = tx.ExecContext(ctx, query, args...)
	}
	return err
}

// asciiOnly replaces every other character by a question mark.
func asciiOnly(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if s, ok := a.(string); ok {
			a = strings.Map(func(r rune) rune {
				if r > 126 {
					return '?'
				}
				return r
			}, s)
		}
		out[i] = a
	}
	return out
}

// settle copies SQLite's write-ahead log to the file: with synchronous=NORMAL
// a commit alone may be undone by a power cut.
func (t *sqlTarget) settle(ctx context.Context) error {
	if t.db.Dialect() != SQLite {
		return nil
	}
	var busy, log, copied int
	if err := t.db.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &copied); err != nil {
		return t.db.Explain(err)
	}
	if busy != 0 || copied < log {
		return errors.New("SQLite checkpoint is held up by a reader")
	}
	return nil
}

func (t *sqlTarget) forget(ctx context.Context, stream string) error {
	_, err := t.db.write.ExecContext(ctx, "DELETE FROM sipd_journal WHERE stream = ?", stream)
	if errors.Is(err, sql.ErrNoRows) || err != nil && noTable(err) {
		return nil
	}
	return t.db.Explain(err)
}
