package acceptance

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestB10 counts what waits, by medium.
func TestB10(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("f", nil)
	c.flow("g", nil)
	c.Start()
	gauges := func(chats, calls int) {
		t.Helper()
		c.Until(fmt.Sprintf("%d chats of %d calls", chats, calls), func() bool {
			return c.Stat("ccg_onhold_chats") == chats && c.Stat("ccg_onhold_calls") == calls
		})
		c.Stats(map[string]int{"ccf_onhold_chats-f": chats, "ccf_onhold_calls-f": calls, "ccf_onhold_chats-g": 0, "ccf_onhold_calls-g": 0, "ccf_queued_calls-f": calls})
		queue, n := c.Queue(), 0
		for _, q := range queue {
			if q["Media"] == "MSRP" {
				n++
			}
		}
		if len(queue) != calls || n != chats {
			t.Errorf("cc_list_queue has %d calls, %d of them chats; want %d, %d", len(queue), n, calls, chats)
		}
	}
	eve := c.chat("eve")
	var chats []*phone.Call
	for i := range 3 {
		chats = append(chats, c.Call(eve, "f"))
		gauges(i+1, i+1)
	}
	call := c.Call(c.desk("bob"), "f")
	gauges(3, 4)
	call.Bye()
	gauges(3, 3)
	for i, chat := range chats {
		chat.Bye()
		gauges(2-i, 2-i)
	}
	c.CDR(4, row{"call_type": "1", "media": "2"})
	c.Idle()
}

// TestB11 has an external program that assigns the calls of a large queue to
// many agents, by what it reads from the management interface.
func TestB11(t *testing.T) {
	c := newCenter(t, "internal_call_dispatching", "0")
	const waiting, staff = 1000, 200
	agents := c.desk("agents")
	c.flow("f", nil)
	for i := range staff {
		c.Agent("a"+strconv.Itoa(i), at(agents, "wrapup_time", "60"))
	}
	c.Start()
	var wg sync.WaitGroup
	callers := c.desk("callers")
	next := make(chan int, waiting)
	for i := range waiting {
		next <- i
	}
	close(next)
	for range 16 {
		wg.Go(func() {
			for range next {
				if _, err := c.Dial(callers, "f"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	c.Queued(waiting)
	rig.None(c.Server, "a call assigned by sipd", agents.Invited())

	begin, given := time.Now(), 0
	for given < staff { // twice a second it reads everything and assigns what it can
		var free []string
		var all map[string][]object
		c.Do("cc_list_agents", nil, &all)
		for _, a := range all["Agents"] {
			if a["State"] == "free" {
				free = append(free, a["id"].(string))
			}
		}
		queue := c.Queue()
		for i := range min(25, len(free)) {
			c.Do("cc_dispatch_call_to_agent", object{"call_id": queue[i]["id"], "agent_id": free[i]}, nil)
			given++
		}
	}
	took := time.Since(begin)
	t.Logf("%d assignments from a queue of %d in %v", given, waiting, took)
	if rate := float64(given) / took.Seconds(); rate < 50 {
		t.Errorf("%.0f assignments a second, want 50", rate)
	}
	for range staff {
		c.Answered(agents)
	}
	c.Queued(waiting - staff)
	c.Stats(map[string]int{"ccg_distributed_incalls": staff, "ccg_onhold_calls": waiting - staff})
	if n := len(agents.Invited()); n != staff {
		t.Errorf("%d calls were offered, want each once: %d", n, staff)
	}
}

// TestB13 turns dispatching on while calls wait.
func TestB13(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "internal_call_dispatching", "0")
	agents := c.desk("agents")
	c.flow("f", nil)
	for i := range 20 {
		c.Agent(fmt.Sprint("a", i), at(agents))
	}
	c.Start()
	bob := c.desk("bob")
	for range 20 {
		c.Call(bob, "f")
	}
	c.Queued(20)
	rig.None(c.Server, "a call with dispatching off", agents.Invited())
	begin := time.Now()
	var got map[string]int
	c.Do("cc_internal_call_dispatching", object{"dispatching": 1}, &got)
	if got["dispatching"] != 1 {
		t.Errorf("dispatching is %v, want 1", got)
	}
	for range 20 {
		c.Invited(agents)
	}
	c.within(time.Second, begin, "all calls were offered")
	for range 20 {
		c.Answered(agents)
	}
	c.Queued(0)
}
