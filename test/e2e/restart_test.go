package e2e

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
)

// TestM30 stops and kills the server with callers in every state, and starts
// it again: nobody notices.
func TestM30(t *testing.T) {
	for _, how := range []string{"SIGTERM", "kill -9"} {
		t.Run(how, func(t *testing.T) {
			bothDatabases(t, func(t *testing.T, c *center) {
				c.stay = true
				agent := c.phone(phone.Options{Name: "agent"})
				slow := c.phone(phone.Options{Name: "slow", Ring: 3 * time.Second})
				media := c.phone(phone.Options{Name: "moh"})
				for _, flow := range []string{"talk", "ring", "wait"} {
					c.flow(flow, row{"message_queue": media.URI().String(), "skill": flow})
				}
				c.agent("a", row{"location": agent.URI().String(), "skills": "talk"})
				c.agent("s", row{"location": slow.URI().String(), "skills": "ring", "logstate": "0"})
				c.agent("w", row{"location": agent.URI().String(), "skills": "wait", "logstate": "0"})
				env := []string{"SIPD_REJECT=0", "SIPD_RING=10"}
				c.start(env...)

				talking := c.call(c.phone(phone.Options{Name: "talker"}), "talk")
				there := c.answered(agent)
				first := c.call(c.phone(phone.Options{Name: "first"}), "wait")
				second := c.call(c.phone(phone.Options{Name: "second"}), "wait")
				c.hears(first, "moh")
				c.hears(second, "moh")
				rung := c.call(c.phone(phone.Options{Name: "rung"}), "ring")
				c.hears(rung, "moh")
				c.do("cc_agent_login", []any{"s", 1}, nil)
				<-slow.Invited()

				if how == "SIGTERM" {
					c.stop()
				} else {
					c.kill()
				}
				c.start(env...)

				<-slow.Invited() // offered again
				c.hears(rung, "slow")
				c.until("the rows of the calls", func() bool { return len(c.rows("select * from cc_calls")) == 4 })
				var users []string
				for _, q := range c.list("cc_list_queue", "Calls") {
					users = append(users, q["Caller username"].(string))
				}
				if len(users) != 2 || users[0] != "first" || users[1] != "second" {
					t.Errorf("the queue is %v", users)
				}
				c.do("cc_agent_login", []any{"w", 1}, nil)
				c.hears(first, "agent")
				c.answered(agent)
				talking.Bye()
				c.ended(there)
				for _, call := range []*phone.Call{first, second, rung} {
					call.Bye()
				}
				got := c.cdrs(4)
				for _, r := range got {
					want := map[string]string{"talker": "0", "first": "0", "second": "1", "rung": "0"}[r["caller"]]
					c.want(r, map[string]string{"call_type": want})
				}
				c.until("the rows to go", func() bool { return len(c.rows("select * from cc_calls")) == 0 })
			})
		})
	}
}
