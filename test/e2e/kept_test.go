package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
)

// queued is who waits, in order.
func (c *center) queued() (users []string) {
	c.t.Helper()
	for _, q := range c.list("cc_list_queue", "Calls") {
		users = append(users, q["Caller username"].(string))
	}
	return users
}

// joined waits for the call of a phone that is joined to the party of that
// name. The phone may have taken another while the server was away.
func (c *center) joined(p *phone.Phone, who string) (call *phone.Call) {
	c.t.Helper()
	var all []*phone.Call
	c.until("a call joined to "+who, func() bool {
		select {
		case one := <-p.Answered():
			all = append(all, one)
		default:
		}
		for _, call = range all {
			select {
			case got := <-call.Heard():
				if got == who {
					return true
				}
			default:
			}
		}
		return false
	})
	return call
}

// TestKept looks at everything that a restart in the middle of calls must keep:
// rows, order, waits, talk time, pauses and logins.
func TestKept(t *testing.T) {
	c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
	c.stay = true
	restart := func() {
		t.Helper()
		c.kill()
		begun := time.Now()
		c.start("SIPD_REJECT=0")
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("up again after %v, want 2 s at most", took)
		}
	}
	media := c.phone(phone.Options{Name: "moh"})
	busy, slow := c.phone(phone.Options{Name: "busy"}), c.phone(phone.Options{Name: "slow", Ring: time.Second})
	c.flow("f", row{"message_queue": media.URI().String()})
	c.agent("busy", row{"location": busy.URI().String(), "wrapup_time": "60"})
	c.agent("slow", row{"location": slow.URI().String(), "logstate": "0"})
	c.exec(`insert into cc_calls (state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param)
		values (4, 0, 0, 0, -1, 95, 8123, 8090, 'Old', 'old', 'opensips.1', 'f', '', '')`)
	c.start("SIPD_REJECT=0")
	if !strings.Contains(c.log.String(), "sipd db clean") {
		t.Error("the row of OpenSIPS was not told")
	}
	talking := c.call(c.phone(phone.Options{Name: "talks"}), "f")
	c.hears(talking, "busy")
	there := c.answered(busy)
	talked := time.Now()
	var waiting []*phone.Call
	for _, name := range []string{"first", "second", "third"} {
		call := c.call(c.phone(phone.Options{Name: name}), "f")
		c.hears(call, "moh")
		waiting = append(waiting, call)
	}
	<-time.After(1100 * time.Millisecond) // what the CDRs count in seconds
	c.login("slow", 1)
	c.invited(slow) // for first
	restart()

	if got := c.agentState("busy"); got != "incall" {
		t.Errorf("agent busy is %s, want incall", got)
	}
	c.invited(slow) // at once, and it is no refusal
	c.hears(waiting[0], "slow")
	with := c.joined(slow, "first")
	if got := strings.Join(c.queued(), " "); got != "second third" {
		t.Errorf("the queue is %s", got)
	}
	for _, q := range c.list("cc_list_queue", "Calls") {
		if q["Waiting for"].(float64) < 1 {
			t.Errorf("the wait began anew: %v", q)
		}
	}
	c.until("four rows of ours and one of OpenSIPS", func() bool {
		return len(c.rows("select id from cc_calls where recv_time > 1000000000")) == 4 &&
			len(c.rows("select id from cc_calls where b2buaid = 'opensips.1'")) == 1
	})
	there.Bye() // the agent hangs up
	c.ended(talking)
	talk := int(time.Since(talked).Seconds())
	got := c.cdrs(1)[0]
	c.want(got, map[string]string{"caller": "talks", "agent_id": "busy", "call_type": "0", "fstats": "7"})
	if s := got["talk_time"]; s != strconv.Itoa(talk) && s != strconv.Itoa(talk-1) {
		t.Errorf("talk_time %s, want %d", s, talk)
	}
	if got := c.agentState("busy"); got != "wrapup" {
		t.Errorf("agent busy is %s, want wrapup", got)
	}
	for i, call := range waiting { // each in his turn
		name := []string{"first", "second", "third"}[i]
		if i > 0 {
			c.hears(call, "slow")
			with = c.joined(slow, name)
		}
		call.Bye()
		c.ended(with)
		c.want(c.cdrs(i + 2)[i+1], map[string]string{"caller": name, "agent_id": "slow", "call_type": "0", "rejected": "0"})
	}
	c.until("no row of ours", func() bool { return len(c.rows("select id from cc_calls")) == 1 })
	c.until("no session", func() bool { return c.stat("b2b_logic:active_sessions") == 0 })

	restart()
	if got := c.agentState("busy"); got != "wrapup" {
		t.Errorf("after the second restart agent busy is %s, want wrapup", got)
	}
	if got := c.agentState("slow"); got == "offline" {
		t.Error("agent slow was logged in by a command and is logged out")
	}
	c.cdrs(4) // and no more
}
