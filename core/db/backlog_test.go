package db

import (
	"path/filepath"
	"testing"
)

// TestBacklog counts what the journal holds and the database has not.
func TestBacklog(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(t.Context(), "sqlite://"+filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	count := func(want Backlog, dir string) {
		t.Helper()
		if got, err := BacklogOf(t.Context(), d, dir); got != want || err != nil {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	count(Backlog{}, dir) // no journal, no table
	count(Backlog{}, filepath.Join(dir, "none"))
	s, err := openSpool(dir, d.URL().ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write([]record{{seq: 1, op: note(1)}, {seq: 2, op: note(2)}, {seq: 3, op: note(3)}}, 0, func() {}); err != nil {
		t.Fatal(err)
	}
	s.close()
	count(Backlog{Statements: 3, Files: 1}, dir)
	d.Write().MustExec(JournalTable)
	d.Write().MustExec("INSERT INTO sipd_journal VALUES (?, 2)", s.stream)
	count(Backlog{Statements: 1, Files: 1}, dir)
	d.Write().MustExec("UPDATE sipd_journal SET seq = 3")
	count(Backlog{}, dir)
}
