package acceptance

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestB1 has a call and a chat in one flow, with one agent for both.
func TestB1(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	voice, text := c.desk("voice"), c.chat("text")
	c.flow("f", nil)
	c.Agent("x", at(voice, "msrp_location", rig.URI(text), "logstate", "0"))
	c.Start()
	call, chat := c.Call(c.desk("bob"), "f"), c.Call(c.chat("eve"), "f")
	queue := c.Queued(2)
	for i, want := range []object{{"Media": "RTP", "Caller username": "bob"}, {"Media": "MSRP", "Caller username": "eve"}} {
		for k, v := range want {
			if queue[i][k] != v {
				t.Errorf("place %d: %s is %v, want %v", i, k, queue[i][k], v)
			}
		}
	}
	c.Login("x", 1)
	c.Hears(call, "voice")
	if got := c.Invited(voice); from(got) != "bob" || got.URI.User != "voice" {
		t.Errorf("the phone got %s for %v", from(got), got.URI)
	}
	rig.None(c.Server, "the chat came during the call", text.Invited())
	talk := c.Answered(voice)
	c.Hears(talk, "bob")
	talk.Bye()
	c.Ended(call)
	c.Hears(chat, "text")
	if got := c.Invited(text); from(got) != "eve" || got.URI.User != "text" {
		t.Errorf("the chat program got %s for %v", from(got), got.URI)
	}
	c.Hears(c.Answered(text), "eve")
	chat.Bye()
	cdrs := c.CDRs(2)
	c.Want(cdrs[0], row{"caller": "bob", "media": "1", "call_type": "0", "agent_id": "x"})
	c.Want(cdrs[1], row{"caller": "eve", "media": "2", "call_type": "0", "agent_id": "x"})
	rig.None(c.Server, "another call at the phone", voice.Invited())
	c.Idle()
}

// TestB2 has an agent for calls and three chats, one for two chats and one for
// calls only.
func TestB2(t *testing.T) {
	for _, tt := range []struct {
		first   string
		waiting int
		x       string // his state when all have come
	}{{"chats", 7, "inchat"}, {"calls", 9, "incall"}} {
		t.Run(tt.first+" first", func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, "wrapup_time", "0")
			phones := map[string]*phone.Phone{"xv": c.desk("xv"), "xt": c.chat("xt"), "yt": c.chat("yt"), "wv": c.desk("wv")}
			c.flow("f", nil)
			c.Agent("x", at(phones["xv"], "msrp_location", rig.URI(phones["xt"]), "msrp_max_sessions", "3", "wrapup_time", "0"))
			c.Agent("y", chatAt(phones["yt"], "2", "wrapup_time", "0"))
			c.Agent("w", at(phones["wv"], "wrapup_time", "0"))
			c.Start()
			eve, bob := c.chat("eve"), c.desk("bob")
			chats := func() {
				for range 10 {
					c.Call(eve, "f")
				}
			}
			if tt.first == "chats" {
				chats()
			}
			for range 3 {
				c.Call(bob, "f")
			}
			if tt.first == "calls" {
				chats()
			}
			c.Queued(tt.waiting)
			if x, y, w := c.State("x"), c.Chats("y"), c.State("w"); x != tt.x || y != 2 || w != "incall" {
				t.Errorf("x is %s, y has %d chats, w is %s; want %s, 2, incall", x, y, w, tt.x)
			}
			if n := c.Chats("x"); tt.x == "inchat" && n != 3 {
				t.Errorf("x has %d chats, want 3", n)
			}
			c.drain(phones)
		})
	}
}

// drain ends the 13 talks of TestB2 one after another, and checks who had them.
func (c *center) drain(phones map[string]*phone.Phone) {
	t := c.t
	t.Helper()
	for range 13 { // each talk ends, and the next begins
		talk := c.answeredAny(phones)
		if talk.who == "xv" && phones["xt"].Live() > 0 || talk.who == "xt" && phones["xv"].Live() > 0 {
			t.Error("x has a call and a chat")
		}
		c.Receive(talk.call)
		talk.call.Bye()
	}
	for _, r := range c.CDRs(13) {
		c.Want(r, row{"call_type": "0", "rejected": "0"})
		if on := r["agent_id"] + r["media"]; !slices.Contains([]string{"x1", "x2", "y2", "w1"}, on) {
			t.Errorf("agent %s got media %s", r["agent_id"], r["media"])
		}
	}
	before := ""
	for _, r := range c.Reports("x") {
		state, _ := r["state"].(string)
		if n, _ := r["ongoing_sessions"].(float64); n > 3 {
			t.Errorf("x has %v chats", n)
		}
		if state+before == "incallinchat" || state+before == "inchatincall" {
			t.Errorf("x is %s right after %s", state, before)
		}
		before = state
	}
	c.Idle()
}

// talk is a call that somebody has answered.
type talk struct {
	who  string
	call *phone.Call
}

// answeredAny waits for the next call at any of the phones.
func (c *center) answeredAny(phones map[string]*phone.Phone) (got talk) {
	c.t.Helper()
	c.Until("a talk", func() bool {
		for who, p := range phones {
			select {
			case got.call = <-p.Answered():
				got.who = who
				return true
			default:
			}
		}
		return false
	})
	return got
}

// Receive waits until a talk has a caller.
func (c *center) Receive(talk *phone.Call) {
	c.t.Helper()
	rig.Receive(c.Server, "the caller", talk.Heard())
}

// TestB3 keeps calls from an agent in a chat, and chats from one in a call,
// until wrap-up is over.
func TestB3(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	voice, text := c.desk("voice"), c.chat("text")
	c.flow("f", nil)
	c.Agent("x", at(voice, "msrp_location", rig.URI(text), "logstate", "0"))
	c.Start()
	c.Login("x", 1)
	call, _ := c.join(c.desk("bob"), "f", voice)
	chat := c.Call(c.chat("eve"), "f")
	c.Queued(1)
	rig.None(c.Server, "a chat during the call", text.Invited())
	call.Bye()
	c.AwaitState("x", "wrapup")
	begin := time.Now()
	c.Invited(text)
	c.atLeast(800*time.Millisecond, begin, "the chat came")
	c.Hears(chat, "text")
	c.Hears(c.Answered(text), "eve")

	c.Invited(voice) // bob's
	second := c.Call(c.desk("mia"), "f")
	c.Queued(1)
	rig.None(c.Server, "a call during the chat", voice.Invited())
	begin = time.Now()
	chat.Bye()
	c.Invited(voice)
	c.atLeast(900*time.Millisecond, begin, "the call came")
	c.Hears(second, "voice")
	c.Hears(c.Answered(voice), "mia")
	second.Bye()
	c.CDRs(3)
	c.Reported("x", "free", "incall", "wrapup", "free", "inchat", "inchat", "free", "incall", "wrapup", "free")
	c.Idle()
}

// TestB4 has agents for one medium only, and one for none, who is refused by
// name.
func TestB4(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	voice, text := c.desk("voice"), c.chat("text")
	c.flow("f", nil)
	c.Agent("w", at(voice, "msrp_location", rig.Null))
	c.Agent("nowhere", row{"location": rig.Null, "msrp_location": rig.Null})
	c.Start()
	if log := c.Log(); !strings.Contains(log, "nowhere") || c.State("nowhere") != "unknown" {
		t.Errorf("the agent without a location is %s, in the log %t", c.State("nowhere"), strings.Contains(log, "nowhere"))
	}
	if e := c.Fails(500, "cc_reload", nil); !strings.Contains(e.Data.(string), "nowhere") {
		t.Errorf("cc_reload says %v, want the agent's name", e.Data)
	}
	chat := c.Call(c.chat("eve"), "f")
	c.Hears(chat, "moh")
	c.Queued(1) // w has no use for it
	if got := c.State("w"); got != "free" {
		t.Errorf("w is %s, want free", got)
	}
	c.Exec("update cc_agents set msrp_location = ? where agentid = 'nowhere'", rig.URI(text))
	c.Exec("update cc_agents set logstate = 0 where agentid = 'w'")
	c.Reload()
	c.Hears(chat, "text")
	chat.Bye()
	c.AwaitState("nowhere", "free")
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	c.Queued(1) // the chat program has no use for it
	c.Login("w", 1)
	c.Hears(call, "voice")
	call.Bye()
	cdrs := c.CDRs(2)
	c.Want(cdrs[0], row{"agent_id": "nowhere", "media": "2"})
	c.Want(cdrs[1], row{"agent_id": "w", "media": "1"})
	c.Idle()
}

// TestB5 has the phone and the chat program of an agent on different hosts.
func TestB5(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	voice := c.PhoneAt("127.0.0.2", phone.Options{Name: "x"})
	text := c.PhoneAt("127.0.0.3", phone.Options{Name: "x", Media: msrp})
	c.flow("f", nil)
	c.Agent("x", at(voice, "msrp_location", rig.URI(text)))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	if got := c.Invited(voice).URI; got.Host != "127.0.0.2" {
		t.Errorf("the call rang at %v", got)
	}
	c.Hears(call, "x")
	call.Bye()
	c.AwaitState("x", "free")
	chat := c.Call(c.chat("eve"), "f")
	if got := c.Invited(text).URI; got.Host != "127.0.0.3" {
		t.Errorf("the chat rang at %v", got)
	}
	c.Hears(chat, "x")
	chat.Bye()
	c.CDRs(2)
	c.Idle()
	if legs := c.Legs(); len(legs) != 2 { // nothing but the two
		t.Errorf("%d legs: %v", len(legs), legs)
	}
}

// spread is how many chats each of the agents has, fewest first.
func (c *center) spread(agents ...string) (n []int) {
	c.t.Helper()
	for _, a := range agents {
		n = append(n, c.Chats(a))
	}
	slices.Sort(n)
	return n
}

// chatting makes a center with three agents of three chats each.
func chatting(t *testing.T, policy string) (c *center, agents []string) {
	t.Helper()
	c = newCenter(t, "chat_dispatch_policy", `"`+policy+`"`)
	c.flow("f", nil)
	agents = []string{"a", "b", "c"}
	for _, id := range agents {
		c.Agent(id, chatAt(c.chat(id), "3"))
	}
	c.Start()
	return c, agents
}

// TestB6 spreads chats evenly.
func TestB6(t *testing.T) {
	t.Parallel()
	c, agents := chatting(t, "balancing")
	eve := c.chat("eve")
	var calls []*phone.Call
	for i := range 9 {
		calls = append(calls, c.Call(eve, "f"))
		if n := c.spread(agents...); n[2]-n[0] > 1 || n[0]+n[1]+n[2] != i+1 {
			t.Errorf("chat %d: the agents have %v, want no more than 1 between them", i, n)
		}
		if n := c.spread(agents...); i == 2 && !reflect.DeepEqual(n, []int{1, 1, 1}) {
			t.Errorf("after three chats the agents have %v", n)
		}
	}
	c.Call(eve, "f")
	c.Queued(1) // nobody has a fourth slot
	for _, id := range agents {
		if a := c.AgentInfo(id); a["Ongoing chats"] != 3.0 || a["Free chats"] != 0.0 {
			t.Errorf("agent %s: %v", id, a)
		}
	}
	for _, call := range calls {
		call.Bye()
	}
	c.CDR(9, row{"media": "2", "call_type": "0"})
}

// TestB7 fills one agent before the next.
func TestB7(t *testing.T) {
	t.Parallel()
	c, agents := chatting(t, "full-load")
	eve := c.chat("eve")
	for i, want := range [][]int{{0, 0, 1}, {0, 0, 2}, {0, 0, 3}, {0, 1, 3}, {0, 2, 3}} {
		c.Call(eve, "f")
		if n := c.spread(agents...); !reflect.DeepEqual(n, want) {
			t.Errorf("chat %d: the agents have %v, want %v", i, n, want)
		}
	}
}
