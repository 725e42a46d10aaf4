package rig

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite" // the driver
)

// Row is one row as text; [Null] is NULL.
type Row map[string]string

// Null is NULL in a [Row].
const Null = "NULL"

// OpenSQL opens the database of an OpenSIPS URL the way any other program
// would.
func OpenSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", strings.TrimPrefix(url, "sqlite://")+"?_pragma=busy_timeout(10000)"
	if rest, ok := strings.CutPrefix(url, "mysql://"); ok {
		at := strings.LastIndexByte(rest, '@') // a password may have one too
		auth, place := rest[:at], rest[at+1:]
		cfg := mysql.NewConfig()
		cfg.User, cfg.Passwd, _ = strings.Cut(auth, ":")
		cfg.Net = "tcp"
		cfg.Addr, cfg.DBName, _ = strings.Cut(place, "/")
		driver, dsn = "mysql", cfg.FormatDSN()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Exec runs one statement.
func (c *Server) Exec(q string, args ...any) {
	c.t.Helper()
	Exec(c.t, c.DB, q, args...)
}

// Exec runs one statement on a database.
func Exec(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Rows runs a query.
func (c *Server) Rows(q string, args ...any) []Row {
	c.t.Helper()
	return Rows(c.t, c.DB, q, args...)
}

// Rows runs a query on a database.
func Rows(t testing.TB, db *sql.DB, q string, args ...any) (list []Row) {
	t.Helper()
	rs, err := db.Query(q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rs.Close()
	names, _ := rs.Columns()
	for rs.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rs.Scan(into...); err != nil {
			t.Fatal(err)
		}
		r := Row{}
		for i, n := range names {
			r[n] = Null
			if cells[i].Valid {
				r[n] = cells[i].String
			}
		}
		list = append(list, r)
	}
	return list
}

// Flow and Agent insert rows; the other columns have the defaults of the
// schema.
func (c *Server) Flow(id string, cols Row) {
	c.t.Helper()
	Insert(c.t, c.DB, "cc_flows", Row{"flowid": id, "skill": "test"}, cols)
}

// Agent inserts an agent, logged in, with the skill test and a second of
// wrap-up: see [Server.Flow].
func (c *Server) Agent(id string, cols Row) {
	c.t.Helper()
	Insert(c.t, c.DB, "cc_agents", Row{"agentid": id, "skills": "test", "logstate": "1", "wrapup_time": "1"}, cols)
}

// Insert inserts a row; cols wins over defaults.
func Insert(t testing.TB, db *sql.DB, table string, defaults, cols Row) {
	t.Helper()
	row := Row{}
	maps.Copy(row, defaults)
	maps.Copy(row, cols)
	names := slices.Sorted(maps.Keys(row))
	var args []any
	for _, n := range names {
		if row[n] == Null {
			args = append(args, nil)
		} else {
			args = append(args, row[n])
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(names)), ",")
	Exec(t, db, fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(names, ","), marks), args...)
}

// CDRs waits until there are n CDRs and returns them in order.
func (c *Server) CDRs(n int) []Row {
	c.t.Helper()
	var got []Row
	c.Until(fmt.Sprintf("%d CDRs", n), func() bool {
		got = c.Rows("select * from cc_cdrs order by id")
		return len(got) >= n
	})
	if len(got) != n {
		c.t.Fatalf("%d CDRs, want %d: %v", len(got), n, got)
	}
	return got
}

// CDR waits until there are n CDRs and compares columns of the last.
func (c *Server) CDR(n int, want Row) Row {
	c.t.Helper()
	r := c.CDRs(n)[n-1]
	c.Want(r, want)
	return r
}

// Want compares columns of a row.
func (c *Server) Want(r, want Row) {
	c.t.Helper()
	for name, v := range want {
		if r[name] != v {
			c.t.Errorf("%s = %q, want %q in %v", name, r[name], v, r)
		}
	}
}

// Row waits until a query gives one row with these values.
func (c *Server) Row(query string, want Row) {
	c.t.Helper()
	var got []Row
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s: %v", query, got)
		}
	}()
	c.Until(fmt.Sprintf("%s: one row with %v", query, want), func() bool {
		got = c.Rows(query)
		if len(got) != 1 {
			return false
		}
		for name, v := range want {
			if got[0][name] != v {
				return false
			}
		}
		return true
	})
}
