package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/ports"
)

// slack is what a test machine may add to a time that is promised.
const slack = time.Second

// nobody is a URI where no process listens.
func nobody(t *testing.T) string { return fmt.Sprintf("sip:nobody@127.0.0.1:%d", ports.Free(t)) }

// mute is a URI where everything that is sent is swallowed.
func mute(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return "sip:mute@" + c.LocalAddr().String()
}

// peer is something that does not work, and how long the server may take to
// see it.
type peer struct {
	uri   string
	sees  time.Duration
	phone *phone.Phone // if it is one
}

// TestMediaServerFails has a queue whose media server does not work: callers
// are taken all the same, in time, wait in their order, and reach an agent.
func TestMediaServerFails(t *testing.T) {
	const answers = 3 * 2 * time.Second // media_answer_timeout, three times: then nobody waits for it
	for name, open := range map[string]func(*center) peer{
		"dead":     func(c *center) peer { return peer{uri: nobody(c.t), sees: answers} },
		"mute":     func(c *center) peer { return peer{uri: mute(c.t), sees: answers} },
		"busy":     func(c *center) peer { return of(c, time.Second, phone.Options{Name: "moh", Code: 486}) },
		"rings":    func(c *center) peer { return of(c, answers, phone.Options{Name: "moh", Never: true}) },
		"late":     func(c *center) peer { return of(c, answers, phone.Options{Name: "moh", Ring: 5 * time.Second}) },
		"too late": func(c *center) peer { return of(c, answers, phone.Options{Name: "moh", Cross: true}) },
		"slow":     func(c *center) peer { return of(c, 2*time.Second, phone.Options{Name: "moh", Ring: time.Second}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
			media := open(c)
			agent := c.phone(phone.Options{Name: "agent"})
			c.flow("f", row{"message_queue": media.uri})
			c.agent("a", row{"location": agent.URI().String(), "logstate": "0"})
			c.start("SIPD_REJECT=0")
			users := []string{"first", "second", "third"}
			var calls []*phone.Call
			for i, user := range users {
				begun := time.Now()
				calls = append(calls, c.call(c.phone(phone.Options{Name: user}), "f"))
				if took := time.Since(begun); i > 0 && media.sees == answers && took > slack || took > media.sees+slack {
					t.Errorf("caller %d was taken after %v", i, took)
				}
			}
			if got := c.queued(); !slices.Equal(got, users) {
				t.Errorf("the queue is %v", got)
			}
			c.login("a", 1)
			for i, call := range calls {
				begun := time.Now()
				c.hears(call, "agent")
				if took := time.Since(begun); took > time.Second+2*slack { // a wrap-up of 1 s
					t.Errorf("%s reached the agent after %v", users[i], took)
				}
				c.hears(c.answered(agent), users[i])
				call.Bye()
				c.want(c.cdrs(i + 1)[i], map[string]string{"caller": users[i], "call_type": "0"})
			}
			c.idle()
			if media.phone != nil {
				c.until("the media server has no call left", func() bool { return media.phone.Live() == 0 })
			}
		})
	}
}

// of is a phone that misbehaves.
func of(c *center, sees time.Duration, o phone.Options) peer {
	p := c.phone(o)
	return peer{uri: p.URI().String(), sees: sees, phone: p}
}

// TestAgentPhoneFails has an agent whose phone does not work: the caller goes
// back to the head of the queue in time, and the next agent gets him.
func TestAgentPhoneFails(t *testing.T) {
	const rings = 2 * time.Second // agent_ring_timeout
	for name, open := range map[string]func(*center) peer{
		"dead":     func(c *center) peer { return peer{uri: nobody(c.t), sees: rings} },
		"mute":     func(c *center) peer { return peer{uri: mute(c.t), sees: rings} },
		"busy":     func(c *center) peer { return of(c, 0, phone.Options{Name: "bad", Code: 486}) },
		"rings":    func(c *center) peer { return of(c, rings, phone.Options{Name: "bad", Never: true}) },
		"too late": func(c *center) peer { return of(c, rings, phone.Options{Name: "bad", Cross: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
			bad := open(c)
			good, media := c.phone(phone.Options{Name: "good"}), c.phone(phone.Options{Name: "moh"})
			c.flow("f", row{"message_queue": media.URI().String()})
			c.agent("bad", row{"location": bad.uri, "logstate": "0", "wrapup_time": "60"})
			c.agent("good", row{"location": good.URI().String(), "logstate": "0"})
			c.start("SIPD_REJECT=0")
			users := []string{"first", "second"}
			var calls []*phone.Call
			for _, user := range users {
				calls = append(calls, c.call(c.phone(phone.Options{Name: user}), "f"))
				c.hears(calls[len(calls)-1], "moh")
			}
			begun := time.Now()
			c.login("bad", 1) // rings for first
			c.awaitAgent("bad", "wrapup")
			if took := time.Since(begun); took > bad.sees+slack {
				t.Errorf("the caller was free again after %v", took)
			}
			if got := c.queued(); !slices.Equal(got, users) {
				t.Errorf("the queue is %v", got)
			}
			c.login("good", 1)
			for i, call := range calls {
				inv := c.invited(good)
				if from, _ := inv.From(); from.URI.User != users[i] {
					t.Errorf("the next agent's phone shows %s, want %s", from.URI.User, users[i])
				}
				if i == 0 {
					if took := time.Since(begun); took > bad.sees+slack {
						t.Errorf("the next agent's phone rang after %v", took)
					}
				}
				c.hears(call, "good")
				c.hears(c.answered(good), users[i])
				call.Bye()
			}
			got := c.cdrs(3)
			c.want(got[0], map[string]string{"caller": "first", "call_type": "-2", "agent_id": "bad"})
			c.want(got[1], map[string]string{"caller": "first", "call_type": "0", "agent_id": "good", "rejected": "1"})
			c.want(got[2], map[string]string{"caller": "second", "call_type": "0", "agent_id": "good"})
			c.idle()
			if bad.phone != nil {
				c.until("the phone has no call left", func() bool { return bad.phone.Live() == 0 })
			}
		})
	}
}

// TestAnswerAfterCancel has callers who give up while the agent's phone
// answers: each late answer is ended with BYE, and the agent is free again.
func TestAnswerAfterCancel(t *testing.T) {
	const calls = 40
	c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
	late, media := c.phone(phone.Options{Name: "late", Cross: true}), c.phone(phone.Options{Name: "moh"})
	c.flow("f", row{"message_queue": media.URI().String()})
	for i := range 10 {
		c.agent(fmt.Sprint("a", i), row{"location": late.URI().String()})
	}
	c.start("SIPD_RING=30")
	caller := c.phone(phone.Options{Name: "bob"})
	for i := range calls {
		cancel := c.callAsync(caller, "f")
		c.invited(late)
		cancel()
		c.ended(c.answered(late))
		if i%10 == 9 {
			c.until("the agents are free", func() bool { return c.stat("call_center:ccg_free_agents") == 10 })
		}
	}
	for _, r := range c.cdrs(calls) {
		c.want(r, map[string]string{"call_type": "1"})
	}
	c.idle()
	if n := late.Live(); n != 0 {
		t.Errorf("%d late calls are left", n)
	}
}
