package acceptance

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestF1 is the whole scenario: 1005 calls 1008's flow, hears the welcome
// once, then the queue, then 1008.
func TestF1(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, welcome := c.Phone(phone.Options{Name: "1008", Ring: 100 * time.Millisecond}), c.desk("9999")
	c.flow("tech_support", row{"message_welcome": rig.URI(welcome)})
	c.Agent("1008", at(agent, "logstate", "0", "wrapup_time", "45"))
	c.Start()

	call := c.Call(c.desk("1005"), "tech_support")
	c.Hears(call, "9999")
	c.Answered(welcome).Bye() // the file is over
	c.Hears(call, "moh")
	c.Row("select state, agent from cc_calls", row{"state": "4", "agent": ""})
	c.Login("1008", 1)
	if got := from(c.Invited(agent)); got != "1005" {
		t.Errorf("1008's phone shows %s, want 1005", got)
	}
	c.Hears(call, "1008")
	talk := c.Answered(agent)
	c.Hears(talk, "1005")
	pass(1100 * time.Millisecond)
	talk.Bye()
	c.Ended(call)
	c.CDR(1, row{"call_type": "0", "caller": "1005", "agent_id": "1008", "flow_id": "tech_support", "talk_time": "1", "fstats": "7", "media": "1"})
	reports := c.Reported("1008", "free", "incall", "wrapup")
	ends, _ := reports[2]["wrapup_ends"].(float64)
	if left := time.Until(time.Unix(int64(ends), 0)); left < 40*time.Second || left > 46*time.Second {
		t.Errorf("wrap-up for %v, want 45 s", left)
	}
	c.Idle()
	if n := len(welcome.Invited()); n != 1 {
		t.Errorf("the welcome was called %d times, want once", n)
	}
}
