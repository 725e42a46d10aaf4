package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test on both databases, each empty.
func each(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openDB(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))) })
	t.Run("mariadb", func(t *testing.T) { test(t, openDB(t, dbtest.MariaDB(t))) })
}

func openDB(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func create(t *testing.T, d *db.DB) {
	t.Helper()
	if err := Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// exec runs statements that end with ";\n" or the text.
func exec(t *testing.T, d *db.DB, text string) {
	t.Helper()
	for q := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(q) == "" {
			continue
		}
		if _, err := d.Write().Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// all returns the rows of a query as text, columns joined by "|".
func all(t *testing.T, d *db.DB, query string) (list []string) {
	t.Helper()
	rows, err := d.Read().Queryx(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, v := range values {
			cells = append(cells, cell(v))
		}
		list = append(list, strings.Join(cells, "|"))
	}
	return list
}

func start(t *testing.T, o Options) *Store {
	t.Helper()
	if o.SpoolDir == "" {
		o.SpoolDir = t.TempDir()
	}
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

func flush(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}
