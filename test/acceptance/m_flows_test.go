package acceptance

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestM7 has a script that answers after cc_handle_call.
func TestM7(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("twice", nil)
	c.Start()
	call := c.Call(c.desk("bob"), "twice")
	c.Hears(call, "moh")
	c.Logged("the request belongs to a module now; the script may not answer it", "route.lua:")
	if strings.Contains(c.Log(), "a second reply went out") {
		t.Error("send_reply told the script that it had answered")
	}
	c.Live(call, "the call")
	call.Bye()
	c.CDR(1, row{"flow_id": "twice", "call_type": "1"})
}

// invite is an INVITE with this From and body, as text.
func (c *center) invite(flow, from, body string) func(local string) string {
	return func(local string) string {
		return strings.ReplaceAll(fmt.Sprintf(`INVITE sip:%s@%s SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s
Max-Forwards: 70
From: %s
To: <sip:%s@%s>
Call-ID: %s
CSeq: 1 INVITE
Contact: <sip:bob@%s>
Content-Type: application/sdp
Content-Length: %d

`, flow, c.SIP, local, strings.Trim(local, "127.:"), from, flow, c.SIP, local, local, len(body)), "\n", "\r\n") + body
	}
}

// TestM8 has every code of cc_handle_call that a caller can cause; the routes
// answer each with a status of its own. A From that cannot be parsed (-2) is
// refused before the routes.
func TestM8(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "reject_on_no_agents", "1")
	c.flow("open", nil)
	c.flow("closed", row{"skill": "rare"})
	agent := c.desk("agent")
	c.Agent("a", at(agent))
	c.Agent("r", at(agent, "skills", "rare", "logstate", "0"))
	c.Start()
	bob := c.desk("bob")
	c.RefusedWith(410, bob, "noflow") // -1
	c.RefusedWith(404, bob, "nosuch") // -3
	c.RefusedWith(480, bob, "closed") // -4
	const good = `<sip:bob@127.0.0.1>;tag=1`
	sdp := "v=0\r\no=bob 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	for _, tt := range []struct{ status, from, body string }{
		{"400", `<sip:b ob@@>;tag=1`, sdp + "m=audio 9 RTP/AVP 0\r\n"}, // -2 in OpenSIPS; the routes never see it
		{"488", good, "hello"},                         // -6
		{"415", good, sdp + "m=image 9 udptl t38\r\n"}, // -7
	} {
		if answer := c.Raw(c.invite("open", tt.from, tt.body)); !strings.HasPrefix(answer, "SIP/2.0 "+tt.status) {
			t.Errorf("From %s, body %q: %.60q, want %s", tt.from, tt.body, answer, tt.status)
		}
	}
	c.Stats(map[string]int{"ccg_incalls": 0})
	late := c.Phone(phone.Options{Name: "late", Late: true}) // no SDP: a call
	call := c.Call(late, "open")
	c.Hears(call, "agent")
	c.Hears(c.Answered(agent), "late")
	call.Bye()
	c.CDR(1, row{"caller": "late", "media": "1", "call_type": "0"})
	c.Idle()
}

// TestM9 queues a call with nobody logged in; the first login gets it.
func TestM9(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "reject_on_no_agents", "0")
	agent := c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(agent, "logstate", "0"))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	c.Queued(1)
	c.Row("select state, agent, caller_un from cc_calls", row{"state": "4", "agent": "", "caller_un": "bob"})
	c.Login("a", 1)
	c.Hears(call, "agent")
	c.Hears(c.Answered(agent), "bob")
	call.Bye()
	c.CDR(1, row{"call_type": "0", "agent_id": "a"})
	c.Reported("a", "free", "incall", "wrapup", "free")
}

// TestM10 serves priority 0 before 256, and equals by arrival.
func TestM10(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("agent")
	c.flow("low", row{"priority": "256"})
	c.flow("high", row{"priority": "0"})
	c.Agent("a", at(agent, "logstate", "0"))
	c.Start()
	calls := map[string]*phone.Call{}
	for _, who := range []string{"low1", "low2", "high1", "high2"} {
		calls[who] = c.Call(c.desk(who), who[:len(who)-1])
		c.Hears(calls[who], "moh")
	}
	order := []string{"high1", "high2", "low1", "low2"}
	for i, q := range c.Queued(4) {
		if q["Caller username"] != order[i] {
			t.Errorf("place %d is %v's, want %s", i, q["Caller username"], order[i])
		}
	}
	c.Login("a", 1)
	for _, who := range order {
		if got := from(c.Invited(agent)); got != who {
			t.Errorf("the agent got %s, want %s", got, who)
		}
		c.Hears(c.Answered(agent), who)
		calls[who].Bye()
	}
	for i, r := range c.CDRs(4) {
		c.Want(r, row{"caller": order[i], "call_type": "0"})
	}
}

// TestM11 gives an agent the calls of his skills and no others.
func TestM11(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("agent")
	for _, skill := range []string{"a", "b", "c"} {
		c.flow("f"+skill, row{"skill": skill})
	}
	c.Agent("x", at(agent, "skills", " a , b "))
	c.Start()
	other := c.Call(c.desk("eve"), "fc")
	c.Hears(other, "moh")
	for i, flow := range []string{"fa", "fb"} {
		call, _ := c.join(c.desk("bob"), flow, agent)
		call.Bye()
		c.CDR(i+1, row{"flow_id": flow, "agent_id": "x", "call_type": "0"})
		c.AwaitState("x", "free")
	}
	if q := c.Queued(1)[0]; q["Skill"] != "c" {
		t.Errorf("the queue has %v", q)
	}
}

// TestM12 shows the flow's prefix on the agent's phone.
func TestM12(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("agent")
	c.flow("f", row{"prependcid": "Sales"})
	c.Agent("a", at(agent, "wrapup_time", "0"))
	c.Set("call_center.wrapup_time", "0")
	c.Start()
	long := strings.Repeat("é", 100)
	for _, tt := range []struct{ display, want string }{
		{`"Bob B"`, "Sales Bob B"}, {"Bob", "Sales Bob"}, {"", "Sales bob"}, {`"` + long + `"`, ""},
	} {
		c.AwaitState("a", "free")
		call := c.Call(c.desk("bob"), "f", tt.display)
		inv := c.Invited(agent)
		header := inv.Headers.Get("From")
		f, err := inv.From()
		if err != nil || !strings.HasPrefix(header, `"`) {
			t.Errorf("From: %s: %v, want it quoted", header, err)
		}
		name := f.Name()
		if tt.want != "" && name != tt.want {
			t.Errorf("display %s: the phone shows %q, want %q", tt.display, name, tt.want)
		}
		if n := utf8.RuneCountInString(f.Display); n > 64 || !utf8.ValidString(name) || !strings.HasPrefix(name, "Sales ") {
			t.Errorf("display %s: the phone shows %q, %d characters", tt.display, name, n)
		}
		call.Bye()
	}
}

// TestM13 has a welcome that plays, is refused, never answers, or is absent.
func TestM13(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "media_answer_timeout", "1")
	agent, hello := c.desk("agent"), c.desk("hello")
	c.flow("plays", row{"message_welcome": rig.URI(hello)})
	c.flow("busy", row{"message_welcome": rig.URI(c.busy("busy", 486))})
	c.flow("broken", row{"message_welcome": rig.URI(c.busy("broken", 503))})
	c.flow("silent", row{"message_welcome": rig.URI(c.silent("silent"))})
	c.flow("none", nil)
	for i := range 5 {
		c.Agent(fmt.Sprint("a", i), at(agent))
	}
	c.Start()
	bob := c.desk("bob")
	call := c.Call(bob, "plays")
	c.Hears(call, "hello")
	c.InState("welcome")
	rig.None(c.Server, "the agent during the welcome", agent.Invited())
	c.Answered(hello).Bye()
	c.Hears(call, "agent")
	for _, flow := range []string{"busy", "broken", "silent", "none"} {
		begin := time.Now()
		call := c.Call(bob, flow)
		c.Hears(call, "agent")
		c.within(5*time.Second, begin, flow+": the agent came")
		c.Live(call, "the call")
	}
}

// TestM15 tells the agent the flow's name before the caller is joined.
func TestM15(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, name := c.desk("agent"), c.desk("name")
	c.flow("f", row{"message_flow_id": rig.URI(name)})
	c.Agent("a", at(agent))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	music := c.Answered(c.media)
	talk := c.Answered(agent)
	c.Hears(talk, "name")
	c.InState("preagent")
	c.Live(music, "the music")
	c.Answered(name).Bye()
	c.Hears(call, "agent")
	c.Hears(talk, "bob")
	c.InState("toagent")
	talk.Bye()
	c.Ended(call)
	c.CDR(1, row{"call_type": "0", "agent_id": "a"})

	// he hangs up during the announcement: the call is back in the queue
	c.AwaitState("a", "free")
	call = c.Call(c.desk("eve"), "f")
	c.Hears(call, "moh")
	music = c.Answered(c.media)
	talk = c.Answered(agent)
	c.Hears(talk, "name")
	talk.Bye()
	c.CDR(2, row{"call_type": "-2", "agent_id": "a", "caller": "eve"})
	c.InState("queued")
	c.Live(call, "the call")
	c.Live(music, "the music")
	c.Row("select state, no_rej, agent from cc_calls", row{"state": "4", "no_rej": "1", "agent": ""})
}
