package db

import (
	"testing"

	"github.com/sipd/sipd/core/db/dbtest"
)

// BenchmarkSQL writes as fast as the database takes it.
func BenchmarkSQL(b *testing.B) {
	for _, c := range []struct{ name, url string }{{"sqlite", "sqlite://" + b.TempDir() + "/x.db"}, {"mariadb", dbtest.MariaDB(b)}} {
		b.Run(c.name, func(b *testing.B) {
			d, err := Open(b.Context(), c.url)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			if _, err := d.Write().Exec("CREATE TABLE IF NOT EXISTS cdr (a CHAR(64), b CHAR(64), c INT, d INT)"); err != nil {
				b.Fatal(err)
			}
			w, err := OpenWriter(WriterOptions{DB: d, Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close(b.Context())
			for i := 0; b.Loop(); i++ {
				_ = w.Write(Op{SQL: "INSERT INTO cdr (a, b, c, d) VALUES (?, ?, ?, ?)", Args: []any{"caller", "agent", i, 2}})
				if i%5000 == 4999 {
					_ = w.Flush(b.Context())
				}
			}
			_ = w.Flush(b.Context())
		})
	}
}

// BenchmarkLatency is the time from one Write to its row being visible.
func BenchmarkLatency(b *testing.B) {
	for _, c := range []struct{ name, url string }{{"sqlite", "sqlite://" + b.TempDir() + "/x.db"}, {"mariadb", dbtest.MariaDB(b)}} {
		b.Run(c.name, func(b *testing.B) {
			d, err := Open(b.Context(), c.url)
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			if _, err := d.Write().Exec("CREATE TABLE IF NOT EXISTS t (a INT)"); err != nil {
				b.Fatal(err)
			}
			w, err := OpenWriter(WriterOptions{DB: d, Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close(b.Context())
			for b.Loop() {
				_ = w.Write(Op{SQL: "INSERT INTO t (a) VALUES (?)", Args: []any{1}})
				_ = w.Flush(b.Context())
			}
		})
	}
}
