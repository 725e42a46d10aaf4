package acceptance

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestM30 has every live call in cc_calls, whatever its state, and keeps those
// who wait over kill -9: in order, with their wait.
func TestM30(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, hello, rings := c.desk("agent"), c.desk("hello"), c.silent("rings")
	c.flow("f", nil)
	c.flow("high", row{"priority": "1"})
	c.flow("w", row{"skill": "w", "message_welcome": rig.URI(hello)})
	c.flow("r", row{"skill": "r"})
	c.Agent("a", at(agent, "logstate", "0"))
	c.Agent("r", at(rings, "skills", "r"))
	c.Start()
	order := []string{"urgent", "first", "second"}
	calls := map[string]*phone.Call{}
	for _, who := range []string{"first", "second", "urgent"} {
		flow := "f"
		if who == "urgent" {
			flow = "high"
		}
		calls[who] = c.Call(c.desk(who), flow)
		c.Hears(calls[who], "moh")
	}
	begin := time.Now()
	welcomed := c.Call(c.desk("welcomed"), "w")
	c.Hears(welcomed, "hello")
	ringing := c.CallAsync(c.desk("ringing"), "r")
	c.Invited(rings)
	for user, state := range map[string]string{"first": "4", "second": "4", "urgent": "4", "welcomed": "1", "ringing": "6"} {
		c.Row("select state from cc_calls where caller_un = '"+user+"'", row{"state": state})
	}
	ringing()
	welcomed.Bye()
	c.CDRs(2)
	c.Until("their rows gone", func() bool { return len(c.Rows("select id from cc_calls")) == 3 })
	pass(1100 * time.Millisecond)

	c.Kill()
	c.Start()
	for i, q := range c.Queued(3) {
		if w, _ := q["Waiting for"].(float64); q["Caller username"] != order[i] || w < float64(int(time.Since(begin).Seconds())) {
			t.Errorf("place %d is %v's, waiting for %v s; want %s with his wait", i, q["Caller username"], q["Waiting for"], order[i])
		}
	}
	c.Login("a", 1)
	for _, who := range order {
		c.Live(calls[who], "the call of "+who)
		if got := from(c.Invited(agent)); got != who {
			t.Errorf("the agent got %s, want %s", got, who)
		}
		c.Hears(calls[who], "agent")
		c.Hears(c.Answered(agent), who)
		calls[who].Bye()
	}
	for i, r := range c.CDRs(5)[2:] {
		c.Want(r, row{"caller": order[i], "call_type": "0", "agent_id": "a"})
		c.between(r, "wait_time", 1, 20)
	}
	c.Idle()
}
