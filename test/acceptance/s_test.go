package acceptance

import (
	"fmt"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestS14 rings the agent with the fewest skills beyond the one that is needed,
// however short he is idle.
func TestS14(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "dispatch_policy", `"fewest-skills"`)
	c.flow("f", nil)
	for _, a := range []struct{ id, skills string }{{"all", "test,x,y"}, {"two", "test,x"}, {"one", "test"}} {
		c.Agent(a.id, at(c.desk(a.id), "skills", a.skills, "logstate", "0"))
	}
	c.Start()
	for _, id := range []string{"all", "two", "one"} { // the one with most is idle longest
		c.Login(id, 1)
	}
	bob := c.desk("bob")
	for _, want := range []string{"one", "two", "all"} {
		c.Hears(c.Call(bob, "f"), want)
	}
}

// TestS15 rings the agent who is idle longest of those with equal skills.
func TestS15(t *testing.T) {
	for _, policy := range []string{"fewest-skills", "longest-idle", "balancing"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, "dispatch_policy", `"`+policy+`"`)
			c.flow("f", nil)
			for _, id := range []string{"a", "b", "c"} {
				c.Agent(id, at(c.desk(id), "logstate", "0"))
			}
			c.Start()
			order := []string{"b", "c", "a"}
			for _, id := range order {
				c.Login(id, 1)
				pass(1100 * time.Millisecond) // idle times within a second count as equal
			}
			bob := c.desk("bob")
			for _, want := range order {
				c.Hears(c.Call(bob, "f"), want)
			}
		})
	}
}

// TestS18 has more calls and chats than agents, whose phones ring for ever, and
// changes the policy meanwhile: no call is offered twice, and no agent gets two,
// or more chats than he has slots.
func TestS18(t *testing.T) {
	t.Parallel()
	plugin := "plugin:" + alphabet(t)
	c := newCenter(t, "agent_ring_timeout", "120")
	c.flow("f", nil)
	const desks, slots = 8, 3
	phones := map[string]*phone.Phone{}
	for i := range desks {
		id := fmt.Sprint("call", i)
		phones[id] = c.silent(id)
		c.Agent(id, at(phones[id]))
		id = fmt.Sprint("chat", i)
		phones[id] = c.Phone(phone.Options{Name: id, Media: msrp, Never: true})
		c.Agent(id, chatAt(phones[id], fmt.Sprint(slots)))
	}
	c.Start()
	bob, eve := c.desk("bob"), c.chat("eve")
	policies := []string{"longest-idle", plugin, "look-ahead", "fewest-skills", "full-load", "balancing"}
	const all = 2 * (desks + desks*slots)
	for i := range all { // whom nobody answers waits for ever
		if i%4 == 3 {
			c.CallAsync(bob, "f")
		} else {
			c.CallAsync(eve, "f")
		}
		if i%4 == 0 { // the others come meanwhile
			c.Do("cc_set_policy", object{"policy": policies[i/4%len(policies)]}, nil)
			c.Until("the calls to be accepted", func() bool { return len(c.Calls()) >= i })
		}
	}
	c.Until("every agent to have what he can take", func() bool { return c.Stat("ccg_distributed_incalls") >= desks+desks*slots })
	c.Queued(all - desks - desks*slots)
	has := map[string]int{} // calls by agent
	for _, call := range c.Calls() {
		if id, ok := call["Agent"].(string); ok {
			has[id]++
		}
	}
	for id, p := range phones {
		want := 1
		if id[:4] == "chat" {
			want = slots
		}
		for range want {
			c.Invited(p)
		}
		if has[id] != want {
			t.Errorf("%s has %d calls, want %d", id, has[id], want)
		}
		rig.None(c.Server, "one more call for "+id, p.Invited())
	}
	if n := c.Stat("ccg_distributed_incalls"); n != desks+desks*slots {
		t.Errorf("%d offers, want %d", n, desks+desks*slots)
	}
}
