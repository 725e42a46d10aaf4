package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/ports"
	"github.com/sipd/sipd/test/rig"
)

// patience bounds every wait; a machine under load is slow, not broken.
const patience = 20 * time.Second

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// center is one running sipd with its database.
type center struct {
	t       *testing.T
	url     string // of the database
	spool   string // of the journal, kept over restarts
	db      *sql.DB
	sip, mi string
	port    string // of mi
	stay    bool   // a restart takes the same ports
	route   string
	cmd     *exec.Cmd
	done    chan struct{}
	log     *rig.Log
	starts  int // in the log, before this one
}

// bothDatabases runs fn on SQLite and on MariaDB.
func bothDatabases(t *testing.T, fn func(*testing.T, *center)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))) })
	t.Run("mariadb", func(t *testing.T) { fn(t, newCenter(t, dbtest.MariaDB(t))) })
}

// newCenter creates the tables in the database.
func newCenter(t *testing.T, url string) *center {
	t.Helper()
	c := &center{t: t, url: url, spool: t.TempDir(), route: "testdata/route.lua", log: &rig.Log{}}
	sipd(t, 0, "db", "create", "--url", url)
	c.db = rig.OpenSQL(t, url)
	return c
}

// sipd runs the binary and checks its exit code.
func sipd(t *testing.T, want int, args ...string) string {
	t.Helper()
	return rig.Run(t, want, args...)
}

// exec runs one statement.
func (c *center) exec(q string, args ...any) { c.t.Helper(); rig.Exec(c.t, c.db, q, args...) }

// row is one row as text; NULL is "NULL".
type row = rig.Row

// rows runs a query.
func (c *center) rows(q string, args ...any) []row {
	c.t.Helper()
	return rig.Rows(c.t, c.db, q, args...)
}

// cdrs waits until there are n CDRs and returns them in order.
func (c *center) cdrs(n int) []row {
	c.t.Helper()
	var got []row
	c.until(fmt.Sprintf("%d CDRs", n), func() bool {
		got = c.rows("select * from cc_cdrs order by id")
		return len(got) >= n
	})
	if len(got) != n {
		c.t.Fatalf("%d CDRs, want %d: %v", len(got), n, got)
	}
	return got
}

// want compares columns of a row.
func (c *center) want(r row, cols map[string]string) {
	c.t.Helper()
	for name, v := range cols {
		if r[name] != v {
			c.t.Errorf("%s = %q, want %q in %v", name, r[name], v, r)
		}
	}
}

// until waits for a condition.
func (c *center) until(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			c.t.Fatalf("waited %v for %s\n%s", patience, what, c.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// flow and agent insert provisioning rows; the rest of the columns have the
// defaults of the schema.
func (c *center) flow(id string, cols row) {
	c.t.Helper()
	rig.Insert(c.t, c.db, "cc_flows", row{"flowid": id, "skill": "test"}, cols)
}

func (c *center) agent(id string, cols row) {
	c.t.Helper()
	rig.Insert(c.t, c.db, "cc_agents", row{"agentid": id, "skills": "test", "logstate": "1", "wrapup_time": "1"}, cols)
}

// start runs the server and waits until it answers.
func (c *center) start(env ...string) {
	c.t.Helper()
	for range 3 { // a free port may be taken by another test meanwhile
		if c.launch(env...); c.up() {
			return
		}
	}
	c.t.Fatalf("no free port in three attempts\n%s", c.log)
}

// launch runs the binary on free ports.
func (c *center) launch(env ...string) {
	c.t.Helper()
	if !c.stay || c.sip == "" {
		c.port = strconv.Itoa(ports.Free(c.t))
		c.sip = "127.0.0.1:" + strconv.Itoa(ports.Free(c.t))
		c.mi = "http://127.0.0.1:" + c.port + "/mi"
	}
	c.starts = c.started()
	cmd := exec.Command(rig.Bin, "run", "-f", c.route)
	cmd.Env = append(os.Environ(), "SIPD_LISTEN=udp:"+c.sip, "SIPD_DB_URL="+c.url, "SIPD_MI_PORT="+c.port, "SIPD_SPOOL="+c.spool)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	c.cmd, c.done = cmd, done
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if strings.Contains(c.log.String(), "DATA RACE") {
			c.t.Error("the server has a data race")
		}
		if c.t.Failed() {
			c.t.Logf("server log:\n%s", c.log)
		}
	})
}

// started counts the starts in the log that took calls.
func (c *center) started() int { return strings.Count(c.log.String(), "sipd: listening on") }

// up waits until the server answers; false means that a port was taken.
func (c *center) up() (answers bool) {
	c.t.Helper()
	c.until("the server to answer", func() bool {
		select {
		case <-c.done:
			if !strings.Contains(c.log.String(), "already in use") {
				c.t.Fatalf("the server ended at start\n%s", c.log)
			}
			return true
		default:
		}
		// The management interface is up before calls are taken.
		raw, err := c.try("sr_get_status", []string{"core"})
		answers = err == nil && strings.Contains(string(raw), `"Readiness":true`)
		return answers
	})
	return answers
}

// kill sends SIGKILL, as the kernel does when memory is short.
func (c *center) kill() { rig.Kill(c.cmd, c.done) }

// stop sends SIGTERM and checks that the server exits with 0 within 5 s.
func (c *center) stop() { c.t.Helper(); rig.Stop(c.t, c.cmd, c.done) }

// miError is an error answer of the management interface.
type miError = rig.Error

// try sends a management command.
func (c *center) try(method string, params any) (json.RawMessage, error) {
	return rig.Try(c.mi, method, params)
}

// do sends a management command that must succeed, and decodes its result.
func (c *center) do(method string, params, into any) {
	c.t.Helper()
	raw, err := c.try(method, params)
	if err != nil {
		c.t.Fatalf("MI %s: %v", method, err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			c.t.Fatalf("MI %s: %v in %s", method, err, raw)
		}
	}
}

// list returns the members of cc_list_queue and its like.
func (c *center) list(method, member string) []map[string]any {
	c.t.Helper()
	var all map[string][]map[string]any
	c.do(method, nil, &all)
	return all[member]
}

// agentState is what cc_list_agents says of an agent: "offline" or its State.
func (c *center) agentState(id string) string {
	c.t.Helper()
	for _, a := range c.list("cc_list_agents", "Agents") {
		if a["id"] == id {
			if s, ok := a["State"].(string); ok {
				return s
			}
			return "offline"
		}
	}
	return "unknown"
}

// awaitAgent waits for a state of an agent.
func (c *center) awaitAgent(id, state string) {
	c.t.Helper()
	c.until("agent "+id+" "+state, func() bool { return c.agentState(id) == state })
}

// idle waits until no call and no B2B session is left, in memory or as a row.
func (c *center) idle() {
	c.t.Helper()
	c.until("no call left", func() bool {
		return len(c.list("cc_list_calls", "Calls")) == 0 && len(c.rows("select id from cc_calls")) == 0 &&
			c.stat("b2b_logic:active_sessions") == 0
	})
}

// stat reads one statistic.
func (c *center) stat(name string) int {
	c.t.Helper()
	var got map[string]int
	c.do("get_statistics", map[string]any{"statistics": []string{name}}, &got)
	return got[name]
}

// phone opens a phone on loopback.
func (c *center) phone(o phone.Options) *phone.Phone {
	c.t.Helper()
	return rig.Phone(c.t, "127.0.0.1", o)
}

// call calls a flow and fails the test when it is refused.
func (c *center) call(p *phone.Phone, flow string, display ...string) *phone.Call {
	c.t.Helper()
	got, err := c.dial(p, flow, display...)
	if err != nil {
		c.t.Fatalf("call to %s: %v\n%s", flow, err, c.log)
	}
	return got
}

func (c *center) dial(p *phone.Phone, flow string, display ...string) (*phone.Call, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	from := sip.Address{URI: p.URI()}
	if len(display) > 0 {
		from.Display = display[0]
	}
	return p.Call(ctx, "sip:"+flow+"@"+c.sip, from)
}

// hears waits until the call is joined to the party of that name.
func (c *center) hears(call *phone.Call, who string) {
	c.t.Helper()
	c.receive("to hear "+who, func(stop <-chan time.Time) bool {
		for {
			select {
			case got := <-call.Heard():
				if got == who {
					return true
				}
			case <-stop:
				return false
			}
		}
	})
}

// invited waits for the next INVITE that opens a call at a phone.
func (c *center) invited(p *phone.Phone) (req *sip.Request) {
	c.t.Helper()
	c.receive("an INVITE", func(stop <-chan time.Time) bool {
		select {
		case req = <-p.Invited():
			return true
		case <-stop:
			return false
		}
	})
	return req
}

// answered waits for the next call that a phone takes.
func (c *center) answered(p *phone.Phone) (call *phone.Call) {
	c.t.Helper()
	c.receive("an answered call", func(stop <-chan time.Time) bool {
		select {
		case call = <-p.Answered():
			return true
		case <-stop:
			return false
		}
	})
	return call
}

// ended waits for the end of a call.
func (c *center) ended(call *phone.Call) {
	c.t.Helper()
	c.receive("the end of a call", func(stop <-chan time.Time) bool {
		select {
		case <-call.Ended():
			return true
		case <-stop:
			return false
		}
	})
}

func (c *center) receive(what string, wait func(<-chan time.Time) bool) {
	c.t.Helper()
	if !wait(time.After(patience)) {
		c.t.Fatalf("waited %v for %s\n%s", patience, what, c.log)
	}
}

// login logs an agent in or out.
func (c *center) login(agent string, on int) {
	c.t.Helper()
	c.do("cc_agent_login", map[string]any{"agent_id": agent, "state": on}, nil)
}

// sipAddress is the From of a phone.
func sipAddress(p *phone.Phone) sip.Address { return sip.Address{URI: p.URI()} }

// callAsync calls without waiting for the answer, and returns what cancels
// the call.
func (c *center) callAsync(p *phone.Phone, flow string) (cancel func()) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Call(ctx, "sip:"+flow+"@"+c.sip, sipAddress(p)) // it is cancelled
	}()
	return func() { stop(); <-done }
}
