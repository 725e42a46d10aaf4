package store

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// cell shows a value the same for both drivers.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	case time.Time:
		return v.Format(time.DateTime)
	}
	return fmt.Sprint(v)
}

const (
	callRows = "SELECT state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param FROM cc_calls ORDER BY id"
	cdrRows  = "SELECT caller, received_timestamp, wait_time, pickup_time, talk_time, flow_id, agent_id, call_type, rejected, fstats, cid, media FROM cc_cdrs ORDER BY id"
)

var start0 = time.Date(2026, 8, 20, 10, 11, 12, 987e6, time.Local)

func callRow(id string) engine.CallRow {
	return engine.CallRow{
		Call: engine.CallID(id), State: engine.StateQueued, Media: engine.RTP, SetupTime: -1, ETA: math.MaxInt32,
		LastStart: start0.Add(time.Second), Received: start0, Display: `"TECH Bob"`, User: "bob", Flow: "tech",
	}
}

func TestCallRow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		s := start(t, Options{DB: d})
		r := callRow("233.4")
		s.Save(engine.SaveCall{Row: r})
		flush(t, s)
		at := strconv.FormatInt(start0.Unix(), 10)
		later := strconv.FormatInt(start0.Unix()+1, 10)
		want := `4|0|0|0|-1|2147483647|` + later + `|` + at + `|"TECH Bob"|bob|233.4|tech||`
		if got := all(t, d, callRows); len(got) != 1 || got[0] != want {
			t.Errorf("inserted %q, want %q", got, want)
		}
		r.State, r.Rejections, r.Agent, r.LastStart = engine.StateToAgent, 1, "alice", start0
		s.Save(engine.UpdateCall{Row: r})
		flush(t, s)
		want = `6|0|0|1|-1|2147483647|` + at + `|` + at + `|"TECH Bob"|bob|233.4|tech|alice|`
		if got := all(t, d, callRows); len(got) != 1 || got[0] != want {
			t.Errorf("updated %q, want %q", got, want)
		}
		s.Save(engine.DeleteCall{Call: r.Call})
		flush(t, s)
		if got := all(t, d, callRows); got != nil {
			t.Errorf("deleted: %q", got)
		}
		d.Write().MustExec("INSERT INTO cc_calls (state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param) VALUES (4, 0, 0, 0, -1, 95, 8123, 8090, 'Bob', 'bob', '233.4', 'tech', '', '')")
		s.Save(engine.SaveCall{Row: callRow("1.1")})
		s.ClearCalls() // OpenSIPS's row, in ticks, is not ours to remove
		s.Save(engine.SaveCall{Row: callRow("2.2")})
		flush(t, s)
		if got := all(t, d, "SELECT b2buaid FROM cc_calls ORDER BY id"); !slices.Equal(got, []string{"233.4", "2.2"}) {
			t.Errorf("after ClearCalls: %q", got)
		}
	})
}

func TestCDR(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		s := start(t, Options{DB: d})
		c := engine.CDR{Caller: "bob", Received: start0, Wait: 47*time.Second + 999*time.Millisecond, Pickup: 6 * time.Second,
			Talk: 183 * time.Second, Flow: "tech", Agent: "alice", Type: engine.CDRAnswered, Rejected: 1, Stats: 7, CID: 12, Media: engine.RTP}
		s.Save(engine.WriteCDR{CDR: c})
		c.Agent, c.Type, c.Stats, c.Media, c.Talk = "", engine.CDRRejected, 9, engine.MSRP, -time.Second
		s.Save(engine.WriteCDR{CDR: c})
		s.Save(engine.Hangup{}) // not for the store
		flush(t, s)
		want := []string{
			"bob|2026-08-20 10:11:12|47|6|183|tech|alice|0|1|7|12|1",
			"bob|2026-08-20 10:11:12|47|6|0|tech|NULL|-2|1|9|12|2",
		}
		if got := all(t, d, cdrRows); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// TestTooLong has every text longer than its column: no row may be lost.
func TestTooLong(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		s := start(t, Options{DB: d})
		long := strings.Repeat("ж", 300)
		s.Save(engine.WriteCDR{CDR: engine.CDR{Caller: "a" + long, Received: start0, Flow: long, Agent: "\xff\xfe" + long, Wait: math.MaxInt64}})
		r := callRow(long)
		r.Display, r.User, r.Flow, r.Agent, r.Param = long, long, long, long, long
		s.Save(engine.SaveCall{Row: r})
		s.Save(engine.UpdateCall{Row: r})
		flush(t, s)
		if st := s.Stats(); st.Rejected != 0 || st.Refused != 0 || st.Cut == 0 {
			t.Errorf("%+v", st)
		}
		length := "CHAR_LENGTH"
		if d.Dialect() == db.SQLite {
			length = "LENGTH"
		}
		if got := all(t, d, "SELECT "+length+"(caller), "+length+"(flow_id), "+length+"(agent_id) FROM cc_cdrs"); !slices.Equal(got, []string{"64|128|128"}) {
			t.Errorf("lengths %q", got)
		}
		s.Save(engine.DeleteCall{Call: r.Call})
		flush(t, s)
		if got := all(t, d, callRows); got != nil {
			t.Errorf("a call with a long id stays: %q", got)
		}
	})
}

func TestWrapup(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, "INSERT INTO cc_agents (agentid, location, skills) VALUES ('alice', 'sip:a@h', 's'), ('bob', 'sip:b@h', 's')")
		s := start(t, Options{DB: d})
		ends := start0.Add(30 * time.Second)
		begun := time.Now()
		s.Save(engine.SaveWrapup{Agent: "alice", Ends: ends})
		flush(t, s)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("visible after %v", took)
		}
		l, bad, err := s.Load(t.Context())
		if err != nil || bad != nil {
			t.Fatal(err, bad)
		}
		if got := l.Agents[0].WrapupEnds; !got.Equal(ends.Truncate(time.Second)) {
			t.Errorf("wrap-up of alice ends %v, want %v", got, ends)
		}
		if got := l.Agents[1].WrapupEnds; !got.IsZero() {
			t.Errorf("wrap-up of bob ends %v", got)
		}
	})
}

// TestThreeDatabases writes each table to its own database, from one spool.
func TestThreeDatabases(t *testing.T) {
	dir := t.TempDir()
	var dbs []*db.DB
	for _, name := range []string{"own", "acc", "rt"} {
		d := openDB(t, "sqlite://"+filepath.Join(dir, name))
		create(t, d)
		dbs = append(dbs, d)
	}
	s := start(t, Options{DB: dbs[0], AccDB: dbs[1], RtDB: dbs[2], SpoolDir: dir})
	s.Save(engine.SaveCall{Row: callRow("1.1")})
	s.Save(engine.WriteCDR{CDR: engine.CDR{Caller: "x", Received: start0}})
	flush(t, s)
	if n := len(all(t, dbs[1], cdrRows)); n != 1 {
		t.Errorf("%d CDRs in acc_db_url", n)
	}
	if n := len(all(t, dbs[2], callRows)); n != 1 {
		t.Errorf("%d calls in rt_db_url", n)
	}
}

// TestOutage kills and stops the database while calls go on: no CDR is lost
// or doubled, no call stays in cc_calls, and Save never waits.
func TestOutage(t *testing.T) {
	server := dbtest.Start(t)
	var out bytes.Buffer
	d := openDB(t, server.Database(t))
	create(t, d)
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, n, slowest := start(t, Options{DB: d, SpoolDir: dir, Log: log}), 0, time.Duration(0)
	calls := func() {
		for range 300 {
			begun := time.Now()
			r := callRow(strconv.Itoa(n))
			s.Save(engine.SaveCall{Row: r})
			s.Save(engine.UpdateCall{Row: r})
			s.Save(engine.WriteCDR{CDR: engine.CDR{Caller: "c" + strconv.Itoa(n), Received: start0, CID: n}})
			s.Save(engine.DeleteCall{Call: r.Call})
			slowest = max(slowest, time.Since(begun))
			n++
		}
	}
	calls()
	server.Kill()
	calls()
	server.Restart(t)
	calls()
	server.Pause()
	calls()
	server.Resume()
	calls()
	flush(t, s)
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := all(t, d, "SELECT cid FROM cc_cdrs ORDER BY id")
	for i, cid := range got {
		if cid != strconv.Itoa(i) {
			t.Fatalf("row %d has cid %s: order lost, doubled or missing", i, cid)
		}
	}
	if len(got) != n {
		t.Errorf("%d CDRs, want %d", len(got), n)
	}
	if left := all(t, d, callRows); left != nil {
		t.Errorf("%d calls left", len(left))
	}
	if slowest > 200*time.Millisecond {
		t.Errorf("four writes took the caller %v", slowest)
	}
	if strings.Contains(out.String(), dbtest.Password) {
		t.Error("the password is in the log")
	}
}

// TestStartWithoutDatabase starts before the database does.
func TestStartWithoutDatabase(t *testing.T) {
	server := dbtest.Start(t)
	url := server.Database(t)
	create(t, openDB(t, url))
	server.Kill()
	d, err := db.New(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	s := start(t, Options{DB: d})
	s.Save(engine.WriteCDR{CDR: engine.CDR{Caller: "x", Received: start0}})
	if _, _, err := s.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "is the server running") || strings.Contains(err.Error(), dbtest.Password) {
		t.Errorf("Load without a server: %v", err)
	}
	server.Restart(t)
	flush(t, s)
	if n := len(all(t, d, cdrRows)); n != 1 {
		t.Errorf("%d CDRs, want 1", n)
	}
}

func TestNames(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		exec(t, d, "ALTER TABLE cc_agents RENAME TO staff;\nALTER TABLE staff RENAME COLUMN agentid TO who;\n"+
			"ALTER TABLE staff RENAME COLUMN msrp_location TO chat_place;\nALTER TABLE staff RENAME COLUMN wrapup_end_time TO pause;\n"+
			"INSERT INTO staff (who, chat_place, skills) VALUES ('al', 'sip:c@h', 'x')")
		s := start(t, Options{DB: d, Names: Names{agentsTable: "staff", aAgentID: "who", aMSRPLocation: "chat_place", aWrapupEnd: "pause"}})
		s.Save(engine.SaveWrapup{Agent: "al", Ends: start0})
		flush(t, s)
		l, bad, err := s.Load(t.Context())
		if err != nil || bad != nil || len(l.Agents) != 1 || l.Agents[0].MSRPLocation != "sip:c@h" || l.Agents[0].WrapupEnds.Unix() != start0.Unix() {
			t.Errorf("%+v, %v, %v", l.Agents, bad, err)
		}
	})
	for _, n := range []Names{{"x": "y"}, {agentsTable: "a`b"}, {agentsTable: ""}} {
		if _, err := New(t.Context(), Options{Names: n}); err == nil {
			t.Errorf("names %v were taken", n)
		}
	}
}
