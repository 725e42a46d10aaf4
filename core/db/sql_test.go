package db

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
)

// each runs a test on both databases, each empty.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite://"+filepath.Join(t.TempDir(), "a b.db")) })
	t.Run("mariadb", func(t *testing.T) { test(t, dbtest.MariaDB(t)) })
}

func openDB(t *testing.T, url string) *DB {
	t.Helper()
	d, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func run(t *testing.T, d *DB, query string) {
	t.Helper()
	if _, err := d.Write().Exec(query); err != nil {
		t.Fatal(d.Explain(err))
	}
}

const notes = "CREATE TABLE notes (n INT NOT NULL UNIQUE, text VARCHAR(10) NOT NULL, place INTEGER NOT NULL PRIMARY KEY "

func createNotes(t *testing.T, d *DB) {
	t.Helper()
	if d.Dialect() == SQLite {
		run(t, d, notes+"AUTOINCREMENT)")
		return
	}
	run(t, d, notes+"AUTO_INCREMENT) ENGINE=InnoDB")
}

func sqlNote(i int) Op {
	return Op{SQL: "INSERT INTO notes (n, text) VALUES (?, ?)", Args: []any{i, fmt.Sprint("n", i)}}
}

// inOrder checks that the table holds 0..n-1 and that they came in order.
func inOrder(t *testing.T, d *DB, n int) {
	t.Helper()
	var got []int
	if err := d.Read().Select(&got, "SELECT n FROM notes ORDER BY place"); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if i != v {
			t.Fatalf("row %d is note %d: order lost, doubled or missing", i, v)
		}
	}
	if len(got) != n {
		t.Fatalf("%d rows, want %d", len(got), n)
	}
}

func writer(t *testing.T, d *DB, dir string, change ...func(*WriterOptions)) *Writer {
	t.Helper()
	o := WriterOptions{DB: d, Dir: dir}
	for _, c := range change {
		c(&o)
	}
	w, err := OpenWriter(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func put(t *testing.T, w *Writer, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := w.Write(sqlNote(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSQLWriter(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d, dir := openDB(t, url), t.TempDir()
		createNotes(t, d)
		w := writer(t, d, dir)
		put(t, w, 0, 2000)
		flush(t, w)
		inOrder(t, d, 2000)
		closeAll(t, w)
		var rows int
		if err := d.Read().Get(&rows, "SELECT COUNT(*) FROM sipd_journal"); err != nil || rows != 0 {
			t.Errorf("%d rows left in sipd_journal, %v", rows, err)
		}
	})
}

// TestSQLKilled abandons a writer in the middle, as kill -9 does, with its
// journal not removed although part of it is applied.
func TestSQLKilled(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d, dir := openDB(t, url), t.TempDir()
		createNotes(t, d)
		for i := range 5 {
			w := writer(t, d, dir)
			put(t, w, i*500, i*500+500)
			durable(t, w)
			kill(t, w)
		}
		w := writer(t, d, dir)
		put(t, w, 2500, 2510)
		flush(t, w)
		inOrder(t, d, 2510)
		closeAll(t, w)
	})
}

// kill ends the writer's goroutines without any of what Close does: the
// transaction under way is cut off, and files and rows stay as they are.
func kill(t *testing.T, w *Writer) {
	t.Helper()
	w.stop()
	<-w.applyDone
	w.queue.close()
	<-w.spoolDone
	if err := w.lock.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSQLKilledAfterCommit replays a journal that is applied in full.
func TestSQLKilledAfterCommit(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d, dir := openDB(t, url), t.TempDir()
		createNotes(t, d)
		for i := range 3 {
			w := writer(t, d, dir)
			put(t, w, i*10, i*10+10)
			flush(t, w)
			durable(t, w)
			kill(t, w)
		}
		w := writer(t, d, dir)
		closeAll(t, w)
		inOrder(t, d, 30)
		if s := w.Stats(); s.Rejected != 0 {
			t.Errorf("%d operations were tried twice", s.Rejected)
		}
	})
}

func TestSQLPoison(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d, dir := openDB(t, url), t.TempDir()
		createNotes(t, d)
		w := writer(t, d, dir)
		put(t, w, 0, 10)
		for _, op := range []Op{
			sqlNote(3), // a duplicate
			{SQL: "INSERT INTO notes (n, text) VALUES (?, ?)", Args: []any{50, nil}},
			{SQL: "INSERT INTO INTO notes", Args: nil},
		} {
			if err := w.Write(op); err != nil {
				t.Fatal(err)
			}
		}
		put(t, w, 10, 20)
		flush(t, w)
		var n int
		if err := d.Read().Get(&n, "SELECT COUNT(*) FROM notes"); err != nil || n != 20 {
			t.Errorf("%d rows, %v; want 20", n, err)
		}
		if s := w.Stats(); s.Rejected != 3 {
			t.Errorf("%d rejected, want 3", s.Rejected)
		}
		closeAll(t, w)
	})
}

// TestSQLMissingTable waits for the operator to create it.
func TestSQLMissingTable(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d, dir := openDB(t, url), t.TempDir()
		told := make(chan string, 10)
		w := writer(t, d, dir, func(o *WriterOptions) { o.Alarm = func(s string) { told <- s } })
		put(t, w, 0, 10)
		if text := <-told; !strings.Contains(text, "notes") || !strings.Contains(text, "sipd db create") {
			t.Errorf("alarm %q does not say what to do", text)
		}
		createNotes(t, d)
		flush(t, w)
		inOrder(t, d, 10)
		closeAll(t, w)
	})
}

func TestSQLLatin1(t *testing.T) {
	d := openDB(t, dbtest.MariaDB(t))
	run(t, d, "CREATE TABLE notes (n INT, text CHAR(10) NOT NULL) CHARACTER SET latin1")
	w := writer(t, d, t.TempDir())
	if err := w.Write(Op{SQL: "INSERT INTO notes (n, text) VALUES (?, ?)", Args: []any{1, "a→b"}}); err != nil {
		t.Fatal(err)
	}
	flush(t, w)
	var text string
	if err := d.Read().Get(&text, "SELECT text FROM notes"); err != nil || text != "a?b" {
		t.Errorf("%q, %v; want a?b", text, err)
	}
	closeAll(t, w)
}

// TestMariaDBOutage stops, resumes, kills and restarts the server under
// writes.
func TestMariaDBOutage(t *testing.T) {
	s := dbtest.Start(t)
	d, dir, out := openDB(t, s.Database(t)), t.TempDir(), &logText{}
	createNotes(t, d)
	w := writer(t, d, dir, func(o *WriterOptions) { o.Attempt, o.Log = 300*time.Millisecond, out.logger() })
	n := 0
	more := func() {
		put(t, w, n, n+1000)
		n += 1000
		durable(t, w)
	}
	more()
	s.Pause()
	more()
	s.Resume()
	more()
	flush(t, w)
	more()
	s.Kill()
	more()
	s.Restart(t)
	more()
	flush(t, w)
	inOrder(t, d, n)
	s.Pause()
	more()
	closeNow(t, w) // the server process ends while the database hangs
	s.Kill()
	s.Restart(t)
	w = writer(t, d, dir)
	more()
	flush(t, w)
	inOrder(t, d, n)
	closeAll(t, w)
	if strings.Contains(out.String(), dbtest.Password) {
		t.Error("the password is in the log")
	}
	if !strings.Contains(out.String(), "works again") {
		t.Errorf("the log does not tell that it is over:\n%s", out)
	}
}

func records(from, to int) (list []record) {
	for i := from; i < to; i++ {
		list = append(list, record{seq: uint64(i + 1), op: sqlNote(i)})
	}
	return list
}

// TestSQLOverlap applies batches of which part, or all, is applied already.
func TestSQLOverlap(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d := openDB(t, url)
		createNotes(t, d)
		no := func(r record, err error) { t.Errorf("%d was applied twice: %v", r.seq, err) }
		apply := func(target *sqlTarget, from, to int) error {
			return target.apply(t.Context(), "s", records(from, to), no)
		}
		one := &sqlTarget{db: d}
		if err := apply(one, 0, 3); err != nil {
			t.Fatal(err)
		}
		two := &sqlTarget{db: d}
		for _, r := range [][2]int{{1, 5}, {0, 5}, {4, 6}} {
			if err := apply(two, r[0], r[1]); err != nil {
				t.Fatal(err)
			}
		}
		inOrder(t, d, 6)
		// one believes that the stream is at 3: as after a COMMIT whose
		// answer was lost. It finds out, and skips what is done.
		if err := apply(one, 3, 8); err == nil {
			t.Error("a batch was applied on a wrong belief")
		}
		if err := apply(one, 3, 8); err != nil {
			t.Error(err)
		}
		inOrder(t, d, 8)
	})
}
