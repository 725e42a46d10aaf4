package acceptance

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// between checks that a column is a number from low to high.
func (c *center) between(r row, column string, low, high int) {
	c.t.Helper()
	if n, err := strconv.Atoi(r[column]); err != nil || n < low || n > high {
		c.t.Errorf("%s = %s, want %d to %d in %v", column, r[column], low, high, r)
	}
}

// TestM28 has every type of CDR, with its times in seconds.
func TestM28(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "agent_ring_timeout", "1")
	good := c.Phone(phone.Options{Name: "good", Ring: 600 * time.Millisecond})
	c.flow("f", nil)
	c.flow("g", row{"skill": "chat"})
	c.Agent("a", at(c.silent("silent"), "wrapup_time", "60"))
	c.Agent("b", at(good, "wrapup_time", "60", "logstate", "0"))
	text := c.chat("text")
	c.Agent("t", chatAt(text, "1", "skills", "chat"))
	c.Start()

	// refused by a, who lets it ring; answered by b
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	c.AwaitState("a", "wrapup")
	c.Login("b", 1)
	c.Hears(call, "good")
	c.Hears(c.Answered(good), "bob")
	pass(1200 * time.Millisecond)
	call.Bye()
	cdrs := c.CDRs(2)
	c.Want(cdrs[0], row{"caller": "bob", "flow_id": "f", "agent_id": "a", "call_type": "-2", "rejected": "0", "fstats": "3", "media": "1", "talk_time": "0"})
	c.between(cdrs[0], "wait_time", 1, 3)
	c.between(cdrs[0], "pickup_time", 1, 2)
	c.Want(cdrs[1], row{"caller": "bob", "flow_id": "f", "agent_id": "b", "call_type": "0", "rejected": "1", "fstats": "7", "media": "1", "cid": cdrs[0]["cid"]})
	c.between(cdrs[1], "wait_time", 1, 5)
	c.between(cdrs[1], "pickup_time", 0, 1)
	c.between(cdrs[1], "talk_time", 1, 3)

	// the caller leaves the queue
	call = c.Call(c.desk("eve"), "f")
	c.Hears(call, "moh")
	call.Bye()
	r := c.CDR(3, row{"caller": "eve", "agent_id": rig.Null, "call_type": "1", "fstats": "9", "media": "1", "talk_time": "0", "pickup_time": "0"})
	if r["cid"] == cdrs[0]["cid"] {
		t.Error("two calls have one cid")
	}

	// a chat
	call = c.Call(c.chat("mia"), "g")
	c.Hears(c.Answered(text), "mia")
	call.Bye()
	c.CDR(4, row{"caller": "mia", "agent_id": "t", "call_type": "0", "fstats": "7", "media": "2"})

	// an operator ends the session: not one of the ordinary ends
	call = c.Call(c.desk("zoe"), "f")
	c.Hears(call, "moh")
	c.Do("b2b_terminate_call", object{"key": c.Queued(1)[0]["id"]}, nil)
	c.Ended(call)
	c.CDR(5, row{"caller": "zoe", "agent_id": rig.Null, "call_type": "-1", "fstats": "1", "media": "1"})
	c.Idle()
}

// TestM29 writes each CDR within a second of the end of its stage.
func TestM29(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	busy, agent := c.busy("busy", 486), c.desk("agent")
	c.flow("f", nil)
	c.Agent("a", at(busy, "wrapup_time", "60"))
	c.Agent("b", at(agent, "logstate", "0"))
	c.Start()
	begin := time.Now()
	call := c.Call(c.desk("bob"), "f")
	c.CDR(1, row{"call_type": "-2"})
	c.within(time.Second, begin, "the CDR of a refusal was there")
	c.Login("b", 1)
	c.Hears(call, "agent")
	talk := c.Answered(agent)
	c.Hears(talk, "bob")
	begin = time.Now()
	talk.Bye()
	c.CDR(2, row{"call_type": "0"})
	c.within(time.Second, begin, "the CDR of a talk was there")
	c.Login("b", 0)
	call = c.Call(c.desk("eve"), "f")
	c.Hears(call, "moh")
	begin = time.Now()
	call.Bye()
	c.CDR(3, row{"call_type": "1"})
	c.within(time.Second, begin, "the CDR of a caller who left was there")
}

// TestM41 has the event on every change, also when a call goes straight to an
// agent or is assigned by a command.
func TestM41(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, text := c.desk("agent"), c.chat("text")
	c.flow("f", nil)
	c.Agent("a", at(agent, "logstate", "0"))
	c.Agent("t", chatAt(text, "2", "logstate", "0"))
	c.Start()
	c.Login("a", 1)
	call, _ := c.join(c.desk("bob"), "f", agent) // straight to the agent
	begin := time.Now()
	call.Bye()
	c.AwaitState("a", "free")
	c.Do("cc_internal_call_dispatching", object{"dispatching": 0}, nil)
	call = c.Call(c.desk("eve"), "f")
	c.Hears(call, "moh")
	c.Do("cc_dispatch_call_to_agent", []any{c.Queued(1)[0]["id"], "a"}, nil)
	c.Hears(call, "agent")
	call.Bye()
	c.Do("cc_internal_call_dispatching", object{"dispatching": 1}, nil)
	c.AwaitState("a", "free")
	c.Login("a", 0)

	reports := c.Reports("a")
	c.Until("the last event", func() bool {
		reports = c.Reports("a")
		return len(reports) > 0 && reports[len(reports)-1]["state"] == "offline"
	})
	var states []string
	for _, r := range reports {
		s, _ := r["state"].(string)
		states = append(states, s)
		if r["status"] != r["state"] {
			t.Errorf("status %v, state %v: want the same", r["status"], r["state"])
		}
		ends, wrapup := r["wrapup_ends"].(float64)
		if wrapup != (s == "wrapup") || wrapup && (int64(ends) < begin.Unix() || int64(ends) > begin.Unix()+20) {
			t.Errorf("wrapup_ends in %v", r)
		}
		if (r["flow_id"] == "f") != (s == "incall") {
			t.Errorf("flow_id in %v", r)
		}
	}
	if got := fmt.Sprint(states); got != "[free incall wrapup free incall wrapup free offline]" && got != "[free incall wrapup free incall free offline]" {
		t.Errorf("events %v", got)
	}

	c.Login("t", 1)
	eve := c.chat("eve")
	first := c.Call(eve, "f")
	c.Hears(c.Answered(text), "eve")
	c.Call(eve, "f")
	first.Bye()
	c.Until("the events of the chats", func() bool { return len(c.Reports("t")) >= 4 })
	for i, want := range []object{
		{"state": "free", "ongoing_sessions": nil}, {"state": "inchat", "ongoing_sessions": 1.0, "flow_id": "f"},
		{"state": "inchat", "ongoing_sessions": 2.0, "flow_id": "f"}, {"state": "inchat", "ongoing_sessions": 1.0},
	} {
		for k, v := range want {
			if got := c.Reports("t")[i][k]; got != v {
				t.Errorf("event %d of the chat agent: %s is %v, want %v", i, k, got, v)
			}
		}
	}
}

// TestM42 shows $cc_state to the routes on the way of a call.
func TestM42(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, hello, sorry, name := c.desk("agent"), c.desk("hello"), c.desk("sorry"), c.desk("name")
	c.flow("f", row{"message_welcome": rig.URI(hello), "message_dissuading": rig.URI(sorry), "dissuading_onhold_th": "1"})
	c.flow("g", row{"message_dissuading": rig.URI(sorry), "dissuading_onhold_th": "1", "dissuading_hangup": "1"})
	c.flow("h", row{"message_flow_id": rig.URI(name), "skill": "h"})
	c.Agent("a", at(agent, "logstate", "0"))
	c.Agent("b", at(agent, "skills", "h"))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "hello")
	c.Answered(hello).Bye()
	ends := c.Call(c.desk("eve"), "g")
	c.Hears(call, "moh")
	c.Hears(call, "sorry")
	c.Hears(ends, "sorry")
	c.Login("a", 1)
	c.Answered(sorry).Bye()
	c.Answered(sorry).Bye()
	c.Hears(call, "agent")
	c.Hears(c.Call(c.desk("mia"), "h"), "moh")
	c.Answered(name)
	states := func(to string) (seen []string) {
		for _, leg := range c.Legs() {
			if s, _ := leg["state"].(string); leg["to"] == to {
				seen = append(seen, s)
			}
		}
		return seen
	}
	for to, want := range map[string]string{"hello": "[welcome]", "sorry": "[dissuading1 dissuading2]", "moh": "[queued queued queued]",
		"agent": "[toagent preagent]", "name": "[preagent]"} {
		c.Until(to+" "+want, func() bool {
			got := fmt.Sprint(states(to))
			return got == want || got == "[dissuading2 dissuading1]"
		})
	}
}

// TestM31 has the statistics under the names of OpenSIPS, with a dash before
// the flow and the agent; the flows add up to the whole at every step.
func TestM31(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, text := c.desk("agent"), c.chat("text")
	c.flow("f", nil)
	c.flow("g", row{"skill": "chat"})
	c.Agent("a", at(agent))
	c.Agent("t", chatAt(text, "2", "skills", "chat"))
	c.Start()
	sums := map[string]string{"ccg_incalls": "ccf_incalls", "ccg_distributed_incalls": "ccf_dist_incalls", "ccg_answered_incalls": "ccf_answ_incalls",
		"ccg_answered_inchats": "ccf_answ_inchats", "ccg_abandonned_incalls": "ccf_aban_incalls", "ccg_onhold_calls": "ccf_onhold_calls",
		"ccg_onhold_chats": "ccf_onhold_chats"}
	add := func() {
		t.Helper()
		for all, part := range sums {
			if whole, f, g := c.Stat(all), c.Stat(part+"-f"), c.Stat(part+"-g"); whole != f+g || f < 0 || g < 0 {
				t.Errorf("%s = %d, by flow %d and %d", all, whole, f, g)
			}
		}
	}
	add()
	call, _ := c.join(c.desk("bob"), "f", agent)
	chat, _ := c.join(c.chat("eve"), "g", text)
	add()
	waits := c.Call(c.desk("mia"), "f")
	c.Hears(waits, "moh")
	add()
	c.Stats(map[string]int{"ccf_queued_calls-f": 1, "ccf_queued_calls-g": 0, "ccg_free_agents": 0, "ccf_free_agents-f": 0, "ccf_load-f": 200})
	waits.Bye()
	c.CDRs(1)
	chat.Bye()
	call.Bye()
	c.CDRs(3)
	add()
	c.Stats(map[string]int{
		"ccg_incalls": 3, "ccg_distributed_incalls": 2, "ccg_answered_incalls": 2, "ccg_answered_inchats": 1, "ccg_abandonned_incalls": 1,
		"ccg_onhold_calls": 0, "ccg_onhold_chats": 0, "ccf_incalls-f": 2, "ccf_aban_incalls-f": 1, "ccf_answ_inchats-g": 1,
		"cca_dist_incalls-a": 1, "cca_answ_incalls-a": 1, "cca_answ_inchats-t": 1, "cca_aban_incalls-a": 0, "cca_att-a": 0,
		"ccg_awt": 0, "ccf_awt-f": 0,
		// and as the documentation spells them
		"ccg_abandoned_incalls": 1, "ccf_incalls_f": 2, "ccf_aban_incalls_f": 1, "cca_answ_incalls_a": 1,
	})
	for _, name := range []string{"ccg_load", "ccf_etw-f"} { // what they are depends on how far wrap-up is
		if v := c.Stat(name); v < 0 || v > 200 {
			t.Errorf("%s = %d", name, v)
		}
	}
}
