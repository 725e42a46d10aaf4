package db

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
)

func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		d := openDB(t, url)
		createNotes(t, d)
		cols, err := d.Columns(t.Context(), "notes")
		if err != nil || len(cols) != 3 || cols[1].Name != "text" || !cols[1].NotNull || !strings.EqualFold(cols[1].Type, "varchar(10)") {
			t.Errorf("%+v, %v", cols, err)
		}
		if cols, err = d.Columns(t.Context(), "none"); err != nil || cols != nil {
			t.Errorf("no table: %+v, %v", cols, err)
		}
		if _, err := d.Version(t.Context(), "notes"); !errors.Is(err, ErrNoVersion) {
			t.Errorf("no table version: %v", err)
		}
		run(t, d, "CREATE TABLE version (table_name CHAR(32) NOT NULL UNIQUE, table_version INT DEFAULT 0 NOT NULL)")
		if _, err := d.Version(t.Context(), "notes"); !errors.Is(err, ErrNoVersion) {
			t.Errorf("no row: %v", err)
		}
		run(t, d, "INSERT INTO version VALUES ('notes', 7)")
		if v, err := d.Version(t.Context(), "notes"); v != 7 || err != nil {
			t.Errorf("version %d, %v", v, err)
		}
	})
}

func TestOpenErrors(t *testing.T) {
	up := dbtest.MariaDB(t)
	user, host, _ := strings.Cut(strings.TrimPrefix(up, "mysql://"), "@127")
	_ = user
	for _, c := range []struct{ url, want string }{
		{"mysql://sipd:canary@127" + host, "check user and password"},
		{strings.Replace(up, "/t", "/absent_t", 1), "create the database"},
		{"mysql://sipd:canary@127.0.0.1:1/x", "is the server running"},
		{"sqlite:///nowhere/at/all.db", "the directory must exist"},
		{"sqlite://" + t.TempDir(), "the directory must exist"},
		{"bad", "want mysql://"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := Open(ctx, c.url)
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%s): %v; want %q", c.url, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), dbtest.Password)) {
			t.Errorf("the password is in: %v", err)
		}
	}
}
