package callcenter

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// newDB makes an SQLite database with the tables and returns its URL.
func newDB(t *testing.T, dir, name string) string {
	t.Helper()
	url := "sqlite://" + filepath.Join(dir, name)
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := CreateTables(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return url
}

// count counts the rows of a table.
func count(t *testing.T, url, table string) (n int) {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Read().GetContext(t.Context(), &n, "SELECT count(*) FROM "+table); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestThreeDatabases writes each table where its URL says.
func TestThreeDatabases(t *testing.T) {
	dir := t.TempDir()
	one, two, three := newDB(t, dir, "one.db"), newDB(t, dir, "two.db"), newDB(t, dir, "three.db")
	for _, tt := range []struct {
		name        string
		acc, rt     string
		connections int
		cdrs, calls map[string]int
	}{
		{"shared", "", "", 1, map[string]int{one: 1}, map[string]int{one: 1}},
		{"the same thrice", one, one, 1, map[string]int{one: 2}, map[string]int{one: 2}},
		{"distinct", two, three, 3, map[string]int{one: 2, two: 1, three: 0}, map[string]int{one: 2, two: 0, three: 1}},
		{"two of three", two, two, 2, map[string]int{two: 2}, map[string]int{two: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := defaults()
			p.dbURL, p.accDBURL, p.rtDBURL = one, tt.acc, tt.rt
			s, err := openStore(t.Context(), &p, &fakeHost{})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(s.open); got != tt.connections {
				t.Errorf("%d connections, want %d", got, tt.connections)
			}
			s.Save(engine.SaveCall{Row: engine.CallRow{Call: engine.CallID(tt.name), Media: engine.RTP}})
			s.Save(engine.WriteCDR{CDR: engine.CDR{Received: time.Now(), Media: engine.RTP}})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := s.Close(ctx); err != nil {
				t.Fatal(err)
			}
			for url, want := range tt.cdrs {
				if got := count(t, url, "cc_cdrs"); got != want {
					t.Errorf("%d CDRs in %s, want %d", got, url, want)
				}
			}
			for url, want := range tt.calls {
				if got := count(t, url, "cc_calls"); got != want {
					t.Errorf("%d calls in %s, want %d", got, url, want)
				}
			}
		})
	}
}

func TestSpoolDir(t *testing.T) {
	dir := t.TempDir()
	lite := db.URL{Dialect: db.SQLite, Name: filepath.Join(dir, "sub", "cc.db")}
	if got, err := spoolDir(spoolPath("", lite)); got != filepath.Join(dir, "sub") || err != nil {
		t.Errorf("beside the file: %q, %v", got, err)
	}
	named := filepath.Join(dir, "a", "b")
	if got, err := spoolDir(spoolPath(named, lite)); got != named || err != nil {
		t.Errorf("named: %q, %v", got, err)
	}
	if st, err := os.Stat(named); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("made as %v, %v", st, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := spoolDir(spoolPath(filepath.Join(file, "x"), lite)); err == nil ||
		!strings.Contains(err.Error(), "the journal's directory") || !strings.Contains(err.Error(), `modparam("call_center", "spool_dir"`) {
		t.Errorf("below a file: %v", err)
	}
}

// TestOpenStoreFails names the parameter and hides the password.
func TestOpenStoreFails(t *testing.T) {
	const password = "s3cret-Pw"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "mysql://sipd:" + password + "@" + l.Addr().String() + "/cc"
	l.Close()
	good := newDB(t, t.TempDir(), "good.db")
	for _, tt := range []struct {
		name    string
		own     string
		acc, rt string
		dflt    string
		want    []string
	}{
		{"none", "", "", "", "", []string{"no database", `modparam("call_center", "db_url"`}},
		{"db_url", gone, "", "", "", []string{"db_url: database mysql://sipd:***@", "is the server running"}},
		{"acc_db_url", good, gone, "", "", []string{"acc_db_url: database mysql://sipd:***@"}},
		{"rt_db_url", good, "", gone, "", []string{"rt_db_url: database mysql://sipd:***@"}},
		{"the default", "", "", "", gone, []string{"db_default_url: database mysql://sipd:***@"}},
		{"no directory", "sqlite:///no/such/dir/cc.db", "", "", "", []string{"db_url: database sqlite:///no/such/dir/cc.db", "the directory must exist"}},
		{"another kind", "postgres://sipd:" + password + "@h/cc", "", "", "", []string{"db_url: bad database URL", "want mysql or sqlite"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := defaults()
			p.dbURL, p.accDBURL, p.rtDBURL = tt.own, tt.acc, tt.rt
			s, err := openStore(t.Context(), &p, &fakeHost{defaultDB: tt.dflt})
			if err == nil {
				t.Fatal(s.Close(t.Context()))
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("error %q shows the password", err)
			}
		})
	}
}

// TestInit starts on a database, empties cc_calls of our rows, and stops.
func TestInit(t *testing.T) {
	url := newDB(t, t.TempDir(), "cc.db")
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"INSERT INTO cc_flows (flowid, skill, message_queue) VALUES ('f', 's', 'sip:q@q')",
		"INSERT INTO cc_agents (agentid, location, skills, logstate) VALUES ('a', 'sip:a@a', 's', 1)",
		"INSERT INTO cc_agents (agentid, skills) VALUES ('nowhere', 's')",
		"INSERT INTO cc_calls (state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param) " +
			"VALUES (4, 0, 0, 0, -1, 0, 0, 1700000000, '', '', 'of a server that crashed', 'f', '', '')",
		"INSERT INTO cc_calls (state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param) " +
			"VALUES (4, 0, 0, 0, -1, 0, 8123, 8090, '', '', 'of OpenSIPS', 'f', '', '')",
	} {
		if _, err := d.Write().ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	var log bytes.Buffer
	host := &fakeHost{modules: map[string]core.Module{"b2b_logic": b2b.New()}, log: slog.New(slog.NewTextHandler(&log, nil))}
	m := New().(*module)
	m.params.dbURL = url
	if err := m.Init(host); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "run sipd db clean") || !strings.Contains(log.String(), "rows=1") {
		t.Errorf("the row of OpenSIPS is not told: %s", log.String())
	}
	m.runner.ask(func(e *engine.Engine, now time.Time) {
		if a := e.Agents(now); len(a) != 1 || a[0].ID != "a" || a[0].State != engine.Free {
			t.Errorf("agents %+v", a)
		}
	})
	if err := m.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "cc_calls"); n != 1 {
		t.Errorf("%d rows in cc_calls, want only the one of OpenSIPS", n)
	}
}

// TestInitFails stops the server before it takes a call; Stop copes with half
// an Init.
func TestInitFails(t *testing.T) {
	empty := "sqlite://" + filepath.Join(t.TempDir(), "empty.db")
	for _, tt := range []struct {
		name string
		set  func(*params)
		b2b  core.Module
		want string
	}{
		{"another b2b_logic", nil, New(), "module b2b_logic is of another build"},
		{"caller_offer", func(p *params) { p.callerOffer = "a:b" }, b2b.New(), `caller_offer "a:b"`},
		{"no database", nil, b2b.New(), "no database"},
		{"no tables", func(p *params) { p.dbURL = empty }, b2b.New(), "sipd db create"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New().(*module)
			if tt.set != nil {
				tt.set(&m.params)
			}
			err := m.Init(&fakeHost{modules: map[string]core.Module{"b2b_logic": tt.b2b}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
			if err := m.Stop(t.Context()); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
}
