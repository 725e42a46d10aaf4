package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
)

// TestF1 is the whole scenario: 1005 hears the welcome, then the queue, then
// agent 1008, who had to log in first.
func TestF1(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent := c.phone(phone.Options{Name: "1008", Ring: 100 * time.Millisecond})
		media := c.phone(phone.Options{Name: "moh"})
		welcome := c.phone(phone.Options{Name: "9999"})
		c.flow("tech_support", row{"message_welcome": welcome.URI().String(), "message_queue": media.URI().String()})
		c.agent("1008", row{"location": agent.URI().String(), "logstate": "0", "wrapup_time": "3"})
		c.start("SIPD_REJECT=0")

		caller := c.phone(phone.Options{Name: "1005"})
		call := c.call(caller, "tech_support")
		c.hears(call, "9999")
		if got := c.list("cc_list_calls", "Calls")[0]["State"]; got != "welcome" {
			t.Errorf("state %v, want welcome", got)
		}
		c.answered(welcome).Bye() // the file is over
		c.hears(call, "moh")
		music := c.answered(media)
		c.until("the call in the queue", func() bool { return len(c.list("cc_list_queue", "Calls")) == 1 })
		c.until("one row in state 4", func() bool { // it is written in the background
			got := c.rows("select state, agent from cc_calls")
			return len(got) == 1 && got[0]["state"] == "4"
		})

		c.login("1008", 1)
		inv := c.invited(agent)
		if from, _ := inv.From(); from.URI.User != "1005" {
			t.Errorf("the agent's phone shows %v, want 1005", from)
		}
		if contact, err := inv.Contact(); err != nil || contact.URI.HostPort() != c.sip {
			t.Errorf("Contact %v, %v: want %s", contact, err, c.sip)
		}
		select {
		case <-music.Ended():
			t.Error("the music ended before the agent answered")
		default:
		}
		c.hears(call, "1008")
		talk := c.answered(agent)
		c.ended(music)
		c.hears(talk, "1005")
		if got := c.agentState("1008"); got != "incall" {
			t.Errorf("agent %s, want incall", got)
		}
		<-time.After(1100 * time.Millisecond) // talk for a second: the CDR counts them
		call.Bye()
		c.ended(talk)
		c.want(c.cdrs(1)[0], map[string]string{"caller": "1005", "flow_id": "tech_support", "agent_id": "1008",
			"call_type": "0", "rejected": "0", "fstats": "7", "cid": "0", "media": "1", "talk_time": "1"})
		if got := c.agentState("1008"); got != "wrapup" {
			t.Errorf("agent %s, want wrapup", got)
		}
		c.awaitAgent("1008", "free")
		c.idle()
		c.stop()
	})
}

// TestM7M8 has the codes of cc_handle_call, and that nobody replies after it.
func TestM7M8(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent := c.phone(phone.Options{Name: "agent"})
		c.flow("open", row{"message_queue": agent.URI().String()})
		c.flow("closed", row{"message_queue": agent.URI().String(), "skill": "rare"})
		c.agent("a", row{"location": agent.URI().String()})
		c.start()
		caller := c.phone(phone.Options{Name: "bob"})
		for flow, code := range map[string]int{"noflow": 410, "nosuch": 404, "closed": 480, "login-nobody": 404} {
			_, err := c.dial(caller, flow)
			var refused phone.Refused
			if !errors.As(err, &refused) || refused.Code != code {
				t.Errorf("%s: %v, want %d", flow, err, code)
			}
		}
		call := c.call(caller, "open")
		c.hears(call, "agent")
		if strings.Contains(c.log.String(), "a second reply went out") {
			t.Error("the script answered a call that the call center owns")
		}
		call.Bye()
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "0", "agent_id": "a"})
		c.idle()
	})
}

// TestM9 queues a call with nobody logged in; the first login gets it.
func TestM9(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent, media := c.phone(phone.Options{Name: "agent"}), c.phone(phone.Options{Name: "moh"})
		c.flow("f", row{"message_queue": media.URI().String()})
		c.agent("a", row{"location": agent.URI().String(), "logstate": "0"})
		c.start("SIPD_REJECT=0")
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		c.hears(call, "moh")
		// the agent logs in by telephone: cc_agent_login in the route
		if _, err := c.dial(agent, "login-a"); err != nil {
			t.Fatal(err)
		}
		c.hears(call, "agent")
		talk := c.answered(agent)
		c.hears(talk, "bob") // joined: before that a BYE is a refusal
		talk.Bye()
		c.ended(call)
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "0", "agent_id": "a", "fstats": "7"})
		c.idle()
	})
}

// TestM10M20 serves by priority, then by arrival, and tells the place.
func TestM10M20(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent, media := c.phone(phone.Options{Name: "agent"}), c.phone(phone.Options{Name: "moh"})
		c.flow("low", row{"message_queue": media.URI().String(), "priority": "256"})
		c.flow("high", row{"message_queue": media.URI().String(), "priority": "0"})
		c.agent("a", row{"location": agent.URI().String(), "logstate": "0"})
		c.start("SIPD_REJECT=0")
		var calls []*phone.Call
		for i, wants := range []string{"low 0", "low 1", "high 0", "high 1"} {
			flow, place, _ := strings.Cut(wants, " ")
			calls = append(calls, c.call(c.phone(phone.Options{Name: "c" + string(rune('0'+i))}), flow))
			inv := c.invited(media)
			if got, _ := inv.URI.Params.Get("cc_pos"); got != place {
				t.Errorf("call %d to %s: cc_pos %q, want %s", i, flow, got, place)
			}
		}
		c.login("a", 1)
		for _, i := range []int{2, 3, 0, 1} {
			if from, _ := c.invited(agent).From(); from.URI.User != "c"+string(rune('0'+i)) {
				t.Errorf("the agent got %s, want c%d", from.URI.User, i)
			}
			c.answered(agent)
			c.hears(calls[i], "agent")
			calls[i].Bye()
		}
		c.cdrs(4)
		c.idle()
	})
}

// TestM11 routes by skill.
func TestM11(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		one, two := c.phone(phone.Options{Name: "one"}), c.phone(phone.Options{Name: "two"})
		for _, s := range []string{"a", "b", "c"} {
			c.flow("f"+s, row{"message_queue": one.URI().String(), "skill": s})
		}
		c.agent("both", row{"location": one.URI().String(), "skills": "a, b"})
		c.agent("only", row{"location": two.URI().String(), "skills": "c"})
		c.start()
		caller := c.phone(phone.Options{Name: "bob"})
		for _, tt := range []struct{ flow, who string }{{"fb", "one"}, {"fc", "two"}} {
			call := c.call(caller, tt.flow)
			c.hears(call, tt.who)
			call.Bye()
		}
		c.cdrs(2)
		c.idle()
	})
}

// TestM12 shows the flow's prefix on the agent's phone.
func TestM12(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent := c.phone(phone.Options{Name: "agent"})
		c.flow("f", row{"message_queue": agent.URI().String(), "prependcid": "Sales"})
		c.agent("a", row{"location": agent.URI().String(), "wrapup_time": "1"})
		c.start()
		for _, tt := range []struct{ display, want string }{
			{`"Bob B"`, `Sales Bob B`}, {`"Bob \"the\" B"`, `Sales Bob "the" B`}, {"", "Sales bob"}} {
			c.awaitAgent("a", "free")
			call := c.call(c.phone(phone.Options{Name: "bob"}), "f", tt.display)
			if from, _ := c.invited(agent).From(); from.Name() != tt.want {
				t.Errorf("display %s: the phone shows %q, want %q", tt.display, from.Name(), tt.want)
			}
			c.answered(agent)
			call.Bye()
		}
		c.cdrs(3)
		c.idle()
	})
}

// TestM13 goes on when the welcome is refused, or rings without end.
func TestM13(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent := c.phone(phone.Options{Name: "agent"})
		busy := c.phone(phone.Options{Name: "busy", Code: 486})
		c.flow("f", row{"message_welcome": busy.URI().String(), "message_queue": agent.URI().String()})
		c.agent("a", row{"location": agent.URI().String()})
		c.start()
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		c.hears(call, "agent")
		call.Bye()
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "0", "agent_id": "a"})

		silent := c.phone(phone.Options{Name: "silent", Never: true})
		c.exec("update cc_flows set message_welcome = ?", silent.URI().String())
		c.do("cc_reload", nil, nil)
		c.awaitAgent("a", "free")
		call = c.call(c.phone(phone.Options{Name: "eve"}), "f")
		c.hears(call, "agent")
		call.Bye()
		c.want(c.cdrs(2)[1], map[string]string{"caller": "eve", "call_type": "0", "agent_id": "a"})
		c.idle()
	})
}

// TestM14 brings the music back when its server hangs up.
func TestM14(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent, media := c.phone(phone.Options{Name: "agent"}), c.phone(phone.Options{Name: "moh"})
		c.flow("f", row{"message_queue": media.URI().String()})
		c.agent("a", row{"location": agent.URI().String(), "logstate": "0"})
		c.start("SIPD_REJECT=0")
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		for range 2 {
			c.hears(call, "moh")
			c.answered(media).Bye()
		}
		c.hears(call, "moh")
		call.Bye()
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "1", "agent_id": "NULL", "fstats": "9"})
		c.idle()
	})
}

// TestM15 tells the agent the flow before the caller is joined.
func TestM15(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent, media := c.phone(phone.Options{Name: "agent"}), c.phone(phone.Options{Name: "moh"})
		name := c.phone(phone.Options{Name: "flowid"})
		c.flow("f", row{"message_queue": media.URI().String(), "message_flow_id": name.URI().String()})
		c.agent("a", row{"location": agent.URI().String()})
		c.start()
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		c.hears(call, "moh")
		talk := c.answered(agent)
		c.hears(talk, "flowid")
		if got := c.list("cc_list_calls", "Calls")[0]["State"]; got != "preagent" {
			t.Errorf("state %v, want preagent", got)
		}
		c.answered(name).Bye()
		c.hears(call, "agent")
		c.hears(talk, "bob")
		talk.Bye()
		c.ended(call)
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "0", "agent_id": "a", "fstats": "7"})

		// an agent who hangs up during the announcement puts the call back
		c.awaitAgent("a", "free")
		call = c.call(c.phone(phone.Options{Name: "eve"}), "f")
		c.hears(call, "moh")
		talk = c.answered(agent)
		c.hears(talk, "flowid")
		talk.Bye()
		c.want(c.cdrs(2)[1], map[string]string{"call_type": "-2", "agent_id": "a", "rejected": "0"})
		c.hears(c.answered(agent), "flowid") // offered again after his wrap-up
		call.Bye()
		c.want(c.cdrs(3)[2], map[string]string{"call_type": "1", "rejected": "1"})
		c.idle()
	})
}

// TestM26M28 has a refusal and a phone that rings out before an answer.
func TestM26M28(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		media := c.phone(phone.Options{Name: "moh"})
		busy, silent := c.phone(phone.Options{Name: "busy", Code: 486}), c.phone(phone.Options{Name: "silent", Never: true})
		good := c.phone(phone.Options{Name: "good"})
		c.flow("f", row{"message_queue": media.URI().String()})
		c.agent("a1", row{"location": busy.URI().String(), "wrapup_time": "60"})
		c.start("SIPD_RING=1")
		c.agent("a2", row{"location": silent.URI().String(), "wrapup_time": "60", "logstate": "0"})
		c.agent("a3", row{"location": good.URI().String(), "logstate": "0"})
		c.do("cc_reload", nil, nil)
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		c.hears(call, "moh")
		c.awaitAgent("a1", "wrapup")
		if got := c.rows("select state, no_rej, agent from cc_calls"); len(got) == 1 {
			c.until("the row in the queue", func() bool {
				r := c.rows("select state, no_rej, agent from cc_calls")[0]
				return r["state"] == "4" && r["no_rej"] == "1" && r["agent"] == ""
			})
		}
		c.login("a2", 1)
		c.awaitAgent("a2", "wrapup") // rang out
		c.login("a3", 1)
		c.hears(call, "good")
		talk := c.answered(good)
		c.hears(talk, "bob")
		talk.Bye()
		c.ended(call)
		got := c.cdrs(3)
		c.want(got[0], map[string]string{"call_type": "-2", "agent_id": "a1", "rejected": "0", "fstats": "3"})
		c.want(got[1], map[string]string{"call_type": "-2", "agent_id": "a2", "rejected": "1"})
		c.want(got[2], map[string]string{"call_type": "0", "agent_id": "a3", "rejected": "2", "fstats": "7"})
		for _, r := range got {
			c.want(r, map[string]string{"cid": got[0]["cid"], "media": "1"})
		}
		c.idle()
	})
}

// TestCallerLeaves hangs up or cancels in every state; the agent is never
// held.
func TestCallerLeaves(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		media, welcome := c.phone(phone.Options{Name: "moh"}), c.phone(phone.Options{Name: "hello"})
		silent := c.phone(phone.Options{Name: "silent", Never: true})
		c.flow("direct", row{"message_queue": media.URI().String()})
		c.flow("full", row{"message_queue": media.URI().String(), "message_welcome": welcome.URI().String()})
		c.agent("a", row{"location": silent.URI().String(), "wrapup_time": "60"})
		c.start("SIPD_RING=30")
		caller := c.phone(phone.Options{Name: "bob"})

		// while the agent's phone rings and nobody has answered: CANCEL
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := caller.Call(ctx, "sip:direct@"+c.sip, sipAddress(caller))
			gone <- err
		}()
		c.invited(silent)
		c.awaitAgent("a", "incall")
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled call: %v", err)
		}
		c.awaitAgent("a", "free")
		c.want(c.cdrs(1)[0], map[string]string{"call_type": "1", "agent_id": "a", "fstats": "11"})

		// during the welcome
		call := c.call(caller, "full")
		c.hears(call, "hello")
		call.Bye()
		c.want(c.cdrs(2)[1], map[string]string{"call_type": "1", "agent_id": "NULL", "fstats": "9"})

		// while the agent's phone rings after the welcome
		<-welcome.Answered()
		call = c.call(caller, "full")
		c.answered(welcome).Bye()
		c.invited(silent)
		call.Bye()
		c.awaitAgent("a", "free")
		c.want(c.cdrs(3)[2], map[string]string{"call_type": "1", "agent_id": "a", "fstats": "11"})

		// in the queue
		c.login("a", 0)
		c.agent("b", row{"skills": "test", "location": silent.URI().String()})
		c.do("cc_reload", nil, nil)
		c.login("a", 0)
		first := c.callAsync(caller, "direct") // occupies b, who never answers
		c.invited(silent)
		call = c.call(c.phone(phone.Options{Name: "eve"}), "direct")
		c.hears(call, "moh")
		call.Bye()
		c.want(c.cdrs(4)[3], map[string]string{"caller": "eve", "call_type": "1", "agent_id": "NULL", "fstats": "9"})
		first()
		c.cdrs(5)
		c.idle()
		for name, want := range map[string]int{"ccg_onhold_calls": 0, "ccg_abandonned_incalls": 5, "ccg_answered_incalls": 0} {
			if got := c.stat("call_center:" + name); got != want {
				t.Errorf("%s = %d, want %d", name, got, want)
			}
		}
	})
}

// TestM23M25 has the wrap-up: the flow's ceiling, several agents freed at
// once, and its end kept over a restart.
func TestM23M25(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agents, media := c.phone(phone.Options{Name: "agents"}), c.phone(phone.Options{Name: "moh"})
		c.flow("f", row{"message_queue": media.URI().String(), "max_wrapup_time": "3"})
		for _, id := range []string{"a1", "a2", "a3"} {
			c.agent(id, row{"location": agents.URI().String(), "wrapup_time": "60"})
		}
		c.start()
		var calls []*phone.Call
		for range 3 {
			calls = append(calls, c.call(c.phone(phone.Options{Name: "bob"}), "f"))
			c.answered(agents)
		}
		var waiting []*phone.Call
		for range 3 {
			waiting = append(waiting, c.call(c.phone(phone.Options{Name: "eve"}), "f"))
		}
		for _, call := range calls {
			call.Bye()
		}
		for _, id := range []string{"a1", "a2", "a3"} {
			c.awaitAgent(id, "wrapup")
		}
		for _, call := range waiting { // all three, on the event that freed them
			c.hears(call, "agents")
		}
		for _, call := range waiting {
			call.Bye()
		}
		c.cdrs(6)
		c.idle()
		c.stop()
		ends := c.rows("select agentid, wrapup_end_time from cc_agents")
		for _, r := range ends {
			if r["wrapup_end_time"] == "0" {
				t.Errorf("agent %s has no wrapup_end_time", r["agentid"])
			}
		}
		c.exec("update cc_agents set wrapup_end_time = ? where agentid = 'a1'", time.Now().Add(time.Hour).Unix())
		c.start()
		if got := c.agentState("a1"); got != "wrapup" {
			t.Errorf("after the restart a1 is %s, want wrapup", got)
		}
		if got := c.agentState("a2"); got == "unknown" || got == "offline" {
			t.Errorf("after the restart a2 is %s", got)
		}
	})
}

// TestStopEndsCalls sends SIGTERM with calls in talk and in the queue.
func TestStopEndsCalls(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent, media := c.phone(phone.Options{Name: "agent"}), c.phone(phone.Options{Name: "moh"})
		c.flow("f", row{"message_queue": media.URI().String()})
		c.agent("a", row{"location": agent.URI().String()})
		c.start("SIPD_DB_MODE=0")
		talking := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		there := c.answered(agent)
		waiting := c.call(c.phone(phone.Options{Name: "eve"}), "f")
		c.hears(waiting, "moh")
		c.stop()
		c.ended(talking)
		c.ended(there)
		c.ended(waiting)
		got := c.cdrs(2)
		for _, r := range got {
			want := map[string]string{"bob": "0", "eve": "-1"}[r["caller"]]
			c.want(r, map[string]string{"call_type": want})
		}
		if left := c.rows("select * from cc_calls"); len(left) != 0 {
			t.Errorf("cc_calls still has %v", left)
		}
	})
}

// TestB4 names agents that cannot be reached, and skips them.
func TestB4(t *testing.T) {
	bothDatabases(t, func(t *testing.T, c *center) {
		agent := c.phone(phone.Options{Name: "agent"})
		c.flow("f", row{"message_queue": agent.URI().String()})
		c.flow("mute", row{"message_queue": ""})
		c.agent("good", row{"location": agent.URI().String()})
		c.agent("nowhere", nil)
		out := sipd(t, 2, "db", "check", "--url", c.url)
		for _, name := range []string{"mute", "nowhere"} {
			if !strings.Contains(out, name) {
				t.Errorf("db check does not name %s:\n%s", name, out)
			}
		}
		c.start()
		if got := c.agentState("nowhere"); got != "unknown" {
			t.Errorf("agent nowhere is %s, want it skipped", got)
		}
		if log := c.log.String(); !strings.Contains(log, "nowhere") || !strings.Contains(log, "mute") {
			t.Errorf("the log does not name the bad rows:\n%s", log)
		}
		call := c.call(c.phone(phone.Options{Name: "bob"}), "f")
		c.hears(call, "agent")
		if _, err := c.try("cc_reload", nil); err == nil {
			t.Error("cc_reload took a table with bad rows")
		}
		c.exec("delete from cc_agents where agentid = 'nowhere'")
		c.exec("delete from cc_flows where flowid = 'mute'")
		c.do("cc_reload", nil, nil)
		call.Bye()
		c.cdrs(1)
		c.idle()
	})
}
