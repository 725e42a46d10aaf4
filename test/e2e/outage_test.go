package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/core/sip/phone"
)

// outage is a center on a MariaDB of its own, with an agent who takes every
// call at once.
type outage struct {
	*center
	db     *dbtest.Server
	agent  *phone.Phone
	caller int
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	db := dbtest.Start(t)
	o := outageOn(t, newCenter(t, db.Database(t)))
	o.db = db
	o.start("SIPD_DB_MODE=0")
	return o
}

// outageOn adds the agent, and does not start the server yet.
func outageOn(t *testing.T, c *center) *outage {
	t.Helper()
	o := &outage{center: c}
	o.agent = o.phone(phone.Options{Name: "agent"})
	media := o.phone(phone.Options{Name: "moh"})
	o.flow("f", row{"message_queue": media.URI().String()})
	for i := range 30 { // enough that none is in wrap-up when he is needed
		o.center.agent(fmt.Sprint("a", i), row{"location": o.agent.URI().String()})
	}
	return o
}

// quick bounds the way of a call to its agent; it takes a few milliseconds,
// and far longer than this when anything waits for the database.
const quick = 2 * time.Second

// serve makes calls that reach an agent, one after another.
func (o *outage) serve(n int) {
	o.t.Helper()
	for range n {
		o.caller++
		p := o.phone(phone.Options{Name: fmt.Sprintf("c%03d", o.caller)})
		begun := time.Now()
		call := o.call(p, "f")
		o.hears(call, "agent")
		if took := time.Since(begun); took > quick {
			o.t.Errorf("caller %d reached the agent after %v", o.caller, took)
		}
		o.answered(o.agent)
		call.Bye()
		o.until("the call to end", func() bool { return len(o.list("cc_list_calls", "Calls")) == 0 })
	}
}

// allThere waits for the CDRs of all callers so far: each once, in order.
func (o *outage) allThere() {
	o.t.Helper()
	for i, r := range o.cdrs(o.caller) {
		o.want(r, map[string]string{"caller": fmt.Sprintf("c%03d", i+1), "call_type": "0"})
	}
}

// journal reports whether the CDR of a caller is in the journal on disk. The
// row of cc_calls has his name too, and goes there first.
func (o *outage) journal(caller string) bool {
	o.t.Helper()
	record := regexp.MustCompile(`cc_cdrs[^{}]*"` + caller + `"`) // within one JSON object
	files, err := os.ReadDir(o.spool)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, f := range files {
		data, _ := os.ReadFile(filepath.Join(o.spool, f.Name())) // it may be gone by now
		if record.Match(data) {
			return true
		}
	}
	return false
}

// TestDatabaseDies kills MariaDB between calls, and during one.
func TestDatabaseDies(t *testing.T) {
	o := newOutage(t)
	o.serve(2)
	talking := o.call(o.phone(phone.Options{Name: "c003"}), "f")
	o.hears(talking, "agent")
	o.answered(o.agent)
	o.db.Kill()
	talking.Bye()
	o.caller++
	o.until("the call to end", func() bool { return len(o.list("cc_list_calls", "Calls")) == 0 })
	o.serve(8)
	if _, err := o.try("cc_reload", nil); err == nil || !strings.Contains(err.Error(), "500 Failed to reload") {
		t.Errorf("cc_reload without a database: %v", err)
	}
	if got := o.agentState("a0"); got == "unknown" || got == "offline" {
		t.Errorf("after the failed cc_reload a0 is %s", got)
	}
	o.db.Restart(t)
	o.serve(2)
	o.allThere()
	o.idle()
	o.do("cc_reload", nil, nil)
	if strings.Contains(o.log.String(), dbtest.Password) {
		t.Error("the log shows the password of the database")
	}
	o.stop()
}

// TestDatabaseHangs stops MariaDB in its tracks, which looks like a network
// that swallows everything.
func TestDatabaseHangs(t *testing.T) {
	o := newOutage(t)
	o.serve(2)
	o.db.Pause()
	o.serve(8)
	o.db.Resume()
	o.serve(2)
	o.allThere()
	o.idle()
}

// TestStopWhileDatabaseHangs ends with SIGTERM in time, a cc_reload that
// waits for the database notwithstanding, and loses nothing.
func TestStopWhileDatabaseHangs(t *testing.T) {
	o := newOutage(t)
	o.db.Pause()
	o.serve(3)
	talking := o.call(o.phone(phone.Options{Name: "c004"}), "f")
	o.hears(talking, "agent")
	there := o.answered(o.agent)
	o.caller++
	reload := make(chan error, 1)
	go func() {
		_, err := o.try("cc_reload", nil)
		reload <- err
	}()
	o.stop()
	o.ended(talking) // BYE had its time
	o.ended(there)
	if err := <-reload; err == nil {
		t.Error("cc_reload answered without a database")
	}
	o.db.Resume()
	o.start("SIPD_DB_MODE=0")
	o.allThere()
	o.idle()
}

// TestKillWhileDatabaseHangs kills the server with CDRs that are in the
// journal only, and starts it again on the same journal.
func TestKillWhileDatabaseHangs(t *testing.T) {
	o := newOutage(t)
	o.serve(2)
	o.db.Pause()
	o.serve(5)
	waiting := o.call(o.phone(phone.Options{Name: "lost"}), "f")
	o.hears(waiting, "agent")
	o.answered(o.agent)
	o.until("the last CDR in the journal", func() bool { return o.journal("c007") })
	o.kill()
	o.db.Resume()
	o.start("SIPD_DB_MODE=0")
	o.serve(2)
	o.allThere()
	o.idle() // the row of the call that died with the server is gone too
	o.stop()
	o.start("SIPD_DB_MODE=0")
	o.allThere() // applied once, not at each start
}

// TestStartWithoutDatabase starts while MariaDB is down, on what it read last.
func TestStartWithoutDatabase(t *testing.T) {
	o := newOutage(t)
	o.serve(1)
	o.stop()
	o.db.Kill()
	o.start("SIPD_DB_MODE=0")
	if !strings.Contains(o.log.String(), "read again as soon as the database is back") {
		t.Error("that the database is away was not told")
	}
	o.serve(3)
	o.db.Restart(t)
	o.until("the database was read", func() bool { return strings.Contains(o.log.String(), "the database is back") })
	o.serve(1)
	o.allThere()
	o.idle()
}
