package acceptance

import (
	"fmt"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestM22 logs agents in and out: by the table, by a script and by a command.
func TestM22(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, keypad := c.desk("agent"), c.desk("keypad")
	c.flow("f", nil)
	c.Agent("a", at(agent, "logstate", "0"))
	c.Agent("b", at(agent, "logstate", "0"))
	c.Agent("in", at(c.silent("in"), "skills", "other"))
	c.Start()
	for id, want := range map[string]string{"a": "offline", "b": "offline", "in": "free"} {
		if got := c.State(id); got != want {
			t.Errorf("agent %s is %s, want %s", id, got, want)
		}
	}
	c.RefusedWith(603, keypad, "login-a")
	c.AwaitState("a", "free")
	c.RefusedWith(404, keypad, "login-nobody")
	c.RefusedWith(603, keypad, "logout-a")
	c.AwaitState("a", "offline")
	c.Fails(404, "cc_agent_login", object{"agent_id": "nobody", "state": 1})
	c.Login("a", 7) // not 0 is in
	c.Login("a", 1) // again: nothing changes

	call, talk := c.join(c.desk("bob"), "f", agent)
	c.Login("a", 0)
	c.Live(call, "the call of an agent who logged out")
	c.Hears(c.Call(c.desk("eve"), "f"), "moh") // he gets no other
	talk.Bye()
	c.Ended(call)
	c.CDR(1, row{"agent_id": "a", "call_type": "0"})
	c.Reported("a", "free", "offline", "free", "incall", "offline")
	c.Queued(1)
	c.Login("b", 1)
	c.Queued(0)
}

// TestM23 has the wrap-up: the agent's over the global one, both under the
// ceiling of the flow; no call during it; its end in the table and after a
// restart.
func TestM23(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "wrapup_time", "40")
	flows := map[string]string{"own": "0", "global": "0", "capped": "10"} // and their ceilings
	agents := map[string]string{"own": "20", "global": "0", "capped": "60"}
	phones := map[string]*phone.Phone{}
	for id, ceiling := range flows {
		phones[id] = c.desk(id)
		c.flow(id, row{"skill": id, "max_wrapup_time": ceiling})
		c.Agent(id, at(phones[id], "skills", id, "wrapup_time", agents[id]))
	}
	c.flow("short", row{"skill": "short", "max_wrapup_time": "1"})
	short := c.desk("short")
	c.Agent("short", at(short, "skills", "short", "wrapup_time", "60"))
	c.Start()
	want := map[string]float64{"own": 20, "global": 40, "capped": 10}
	for id := range flows {
		call, _ := c.join(c.desk("bob"), id, phones[id])
		call.Bye()
		c.AwaitState(id, "wrapup")
		if left, _ := c.AgentInfo(id)["Wrapup-ends"].(float64); left > want[id] || left < want[id]-5 {
			t.Errorf("agent %s: wrap-up for %v s, want %v", id, left, want[id])
		}
	}
	call, _ := c.join(c.desk("bob"), "short", short)
	call.Bye()
	c.AwaitState("short", "wrapup")
	begin := time.Now()
	c.Invited(short) // bob's
	c.Hears(c.Call(c.desk("eve"), "short"), "moh")
	rig.None(c.Server, "a call during wrap-up", short.Invited())
	c.Invited(short)
	c.atLeast(700*time.Millisecond, begin, "the next call came")
	c.within(3*time.Second, begin, "the next call came")
	c.Until("the ends saved", func() bool {
		return len(c.Rows("select agentid from cc_agents where wrapup_end_time > 0")) == 4
	})
	c.Stop()
	c.Start()
	for id := range flows {
		if got := c.State(id); got != "wrapup" {
			t.Errorf("after the restart agent %s is %s, want wrapup", id, got)
		}
	}
	c.Stop()
	c.Exec("update cc_agents set wrapup_end_time = ? where agentid = 'own'", time.Now().Add(-time.Second).Unix())
	c.Set("call_center.spool_dir", quoted(t.TempDir())) // another server takes over the tables
	c.Start()
	for id, state := range map[string]string{"own": "free", "global": "wrapup"} {
		if got := c.State(id); got != state {
			t.Errorf("by the table agent %s is %s, want %s", id, got, state)
		}
	}
}

// TestM24 adds up the wrap-ups of chats, and keeps one slot closed meanwhile.
func TestM24(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	text := c.chat("text")
	c.flow("f", nil)
	c.Agent("a", chatAt(text, "3", "wrapup_time", "30"))
	c.Start()
	eve := c.chat("eve")
	var chats []*phone.Call
	for range 3 {
		chats = append(chats, c.Call(eve, "f"))
		c.Hears(c.Answered(text), "eve")
	}
	info := func(chats, free, from, to float64) {
		t.Helper()
		c.Until(fmt.Sprintf("%v chats", chats), func() bool { return c.Chats("a") == int(chats) })
		a := c.AgentInfo("a")
		left, _ := a["Wrapup-ends"].(float64)
		if a["State"] != "inchat" || a["Free chats"] != free || left < from || left > to {
			t.Errorf("agent %v, want %v free, wrap-up from %v to %v s", a, free, from, to)
		}
	}
	info(3, 0, 0, 0)
	chats[0].Bye()
	info(2, 0, 20, 30) // the slot that came free is closed
	chats[1].Bye()
	info(1, 1, 50, 60)
	c.Hears(c.Call(eve, "f"), "text")
	c.Hears(c.Call(eve, "f"), "moh")
	c.Queued(1)
}

// TestM25 frees all the agents whose wrap-up ends together, together.
func TestM25(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agents := c.desk("agents")
	c.flow("f", nil)
	const n = 10
	for i := range n {
		c.Agent(fmt.Sprint("a", i), at(agents))
	}
	c.Start()
	bob := c.desk("bob")
	var calls []*phone.Call
	for range n {
		calls = append(calls, c.Call(bob, "f"))
		c.Hears(c.Answered(agents), "bob")
		c.Invited(agents)
	}
	for range n {
		c.Call(bob, "f")
	}
	c.Queued(n)
	for _, call := range calls {
		call.Bye()
	}
	c.Invited(agents)
	first := time.Now()
	for range n - 1 {
		c.Invited(agents)
	}
	c.within(time.Second, first, "the last of ten agents was free")
}

// TestM26 puts a refused call at the head of its own priority, with the wait
// it has, and tries the next agent at once. An answered call is no refusal,
// however short.
func TestM26(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "agent_ring_timeout", "1")
	good := c.desk("good")
	c.flow("low", nil)
	c.flow("high", row{"priority": "1"})
	c.flow("rare", row{"skill": "rare"})
	refusers := []*phone.Phone{c.busy("r486", 486), c.busy("r603", 603), c.busy("r404", 404), c.silent("rings")}
	for i, p := range refusers {
		c.Agent(fmt.Sprint("a", i), at(p, "wrapup_time", "60", "logstate", "0"))
	}
	c.Agent("good", at(good, "logstate", "0"))
	c.Start()
	c.Hears(c.Call(c.desk("before"), "rare"), "moh")
	first := c.Call(c.desk("first"), "low")
	c.Hears(first, "moh")
	c.Hears(c.Call(c.desk("second"), "low"), "moh")
	urgent := c.Call(c.desk("urgent"), "high")
	c.Hears(urgent, "moh")
	c.Queued(4)
	urgent.Bye() // it only keeps the place until the refusals are counted
	c.CDR(1, row{"call_type": "1"})
	for i := range refusers {
		c.Login(fmt.Sprint("a", i), 1)
		c.AwaitState(fmt.Sprint("a", i), "wrapup")
		c.CDR(i+2, row{"caller": "first", "call_type": "-2", "agent_id": fmt.Sprint("a", i), "rejected": fmt.Sprint(i)})
	}
	c.Hears(c.Call(c.desk("urgent"), "high"), "moh")
	order := []string{"urgent", "first", "before", "second"} // first came after before, and was refused
	for i, q := range c.Queued(4) {
		if q["Caller username"] != order[i] {
			t.Errorf("place %d is %v's, want %s", i, q["Caller username"], order[i])
		}
		if w, _ := q["Waiting for"].(float64); i == 1 && w < 1 {
			t.Errorf("the refused call has waited %v s, want its whole wait", w)
		}
	}
	c.Login("good", 1)
	for _, who := range []string{"urgent", "first", "second"} {
		if got := from(c.Invited(good)); got != who {
			t.Errorf("the agent got %s, want %s", got, who)
		}
		talk := c.Answered(good)
		c.Hears(talk, who)
		talk.Bye() // at once
	}
	c.Want(c.CDRs(8)[6], row{"caller": "first", "call_type": "0", "agent_id": "good", "rejected": "4"})
	c.Stats(map[string]int{"cca_aban_incalls-a0": 1, "cca_aban_incalls-good": 0, "cca_answ_incalls-good": 3})
}

// TestM26NextAgent does not wait to try the next agent.
func TestM26NextAgent(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	good := c.desk("good")
	c.flow("f", nil)
	c.Agent("a", at(c.busy("busy", 486), "wrapup_time", "60"))
	c.Agent("b", at(good))
	c.Start()
	begin := time.Now()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "good")
	c.within(time.Second, begin, "the second agent answered")
	c.Hears(c.Answered(good), "bob")
	call.Bye()
	cdrs := c.CDRs(2)
	c.Want(cdrs[0], row{"call_type": "-2", "agent_id": "a"})
	c.Want(cdrs[1], row{"call_type": "0", "agent_id": "b", "cid": cdrs[0]["cid"]})
}

// TestM27 has one agent, without wrap-up, who refuses: he is not called in a
// tight loop, and the caller waits.
func TestM27(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "wrapup_time", "0")
	busy := c.busy("busy", 486)
	c.flow("f", nil)
	c.Agent("a", at(busy, "wrapup_time", "0"))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	for range 2 {
		c.Invited(busy)
		begin := time.Now()
		rig.None(c.Server, "the next offer at once", busy.Invited())
		c.Invited(busy)
		c.atLeast(900*time.Millisecond, begin, "the next offer came")
	}
	c.Live(call, "the call")
}
