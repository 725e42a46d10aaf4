package acceptance

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestM16DissuadeOnQueueSize has both sides of the edge: the threshold-th
// caller still waits. Calls of another flow do not count.
func TestM16DissuadeOnQueueSize(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	sorry := c.desk("sorry")
	c.flow("f", row{"dissuading_qsize_th": "2", "message_dissuading": rig.URI(sorry)})
	c.flow("g", nil)
	c.Start()
	bob := c.desk("bob")
	for range 3 {
		c.Hears(c.Call(bob, "g"), "moh")
	}
	var calls []*phone.Call
	for range 2 {
		calls = append(calls, c.Call(bob, "f"))
		c.Hears(calls[len(calls)-1], "moh")
	}
	rig.None(c.Server, "a caller was dissuaded below the threshold", sorry.Invited())
	third := c.Call(bob, "f")
	c.Hears(third, "sorry")
	calls[0].Bye()
	c.Queued(4)
	c.Hears(c.Call(bob, "f"), "moh") // one left: below again
}

// TestM17DissuadeOnWaitingTime dissuades new calls when the expected wait is
// longer than the threshold, and leaves those that wait already alone.
func TestM17DissuadeOnWaitingTime(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent, sorry := c.desk("agent"), c.desk("sorry")
	c.flow("f", row{"message_dissuading": rig.URI(sorry)})
	c.Agent("a", at(agent))
	c.Start()
	bob := c.desk("bob")
	call, _ := c.join(bob, "f", agent)
	pass(1200 * time.Millisecond)
	call.Bye()
	c.CDR(1, row{"call_type": "0", "talk_time": "1"})
	c.AwaitState("a", "free")
	c.join(bob, "f", agent)
	var waiting []*phone.Call
	for range 6 { // times a talk of a second: more than 2 s to wait
		waiting = append(waiting, c.Call(bob, "f"))
	}
	c.Exec("update cc_flows set dissuading_ewt_th = 1000")
	c.Reload()
	patient := c.Call(bob, "f")
	c.Hears(patient, "moh")
	if etw, _ := c.Queued(7)[6]["ETW"].(float64); etw <= 2 || etw > 1000 {
		t.Errorf("the expected wait is %v s, want something from 3 s to 1000 s", etw)
	}
	c.Exec("update cc_flows set dissuading_ewt_th = 2")
	c.Reload()
	late := c.Call(bob, "f")
	c.Hears(late, "sorry")
	c.Queued(7)
	for _, w := range waiting {
		c.Live(w, "a waiting call")
	}
	if n := len(sorry.Invited()); n != 1 {
		t.Errorf("%d calls were dissuaded, want the new one", n)
	}
}

// TestM18DissuadeOnHoldTime counts from joining the queue, whatever is played
// meanwhile.
func TestM18DissuadeOnHoldTime(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	sorry := c.desk("sorry")
	c.flow("f", row{"dissuading_onhold_th": "2", "message_dissuading": rig.URI(sorry)})
	c.Start()
	begin := time.Now()
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	pass(1300 * time.Millisecond)
	c.Answered(c.media).Bye() // a new leg, and a re-INVITE for the caller
	c.Hears(call, "moh")
	c.Invited(sorry)
	c.atLeast(2*time.Second, begin, "the message came")
	c.within(3200*time.Millisecond, begin, "the message came")
	c.Hears(call, "sorry")
}

// TestM19DissuadingHangup ends the call after the message, or lets it go on
// with the wait it has.
func TestM19DissuadingHangup(t *testing.T) {
	for _, hangup := range []string{"1", "0"} {
		t.Run(hangup, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			agent, sorry := c.desk("agent"), c.desk("sorry")
			c.flow("f", row{"dissuading_onhold_th": "1", "message_dissuading": rig.URI(sorry), "dissuading_hangup": hangup})
			c.Agent("a", at(agent, "logstate", "0"))
			c.Start()
			call := c.Call(c.desk("bob"), "f")
			c.Hears(call, "moh")
			c.Hears(call, "sorry")
			if hangup == "1" {
				c.InState("dissuading2")
				c.Answered(sorry).Bye()
				c.Ended(call)
				c.CDR(1, row{"call_type": "1", "agent_id": rig.Null, "wait_time": "1"})
				c.Idle()
				c.Stats(map[string]int{"ccg_onhold_calls": 0})
				return
			}
			c.InState("dissuading1")
			c.Answered(sorry).Bye()
			c.Hears(call, "moh")
			c.InState("queued")
			if w, _ := c.Queued(1)[0]["Waiting for"].(float64); w < 1 {
				t.Errorf("waiting for %v s, want the wait from before the message", w)
			}
			c.Login("a", 1)
			c.Hears(call, "agent")
			c.Hears(c.Answered(agent), "bob")
			call.Bye()
			if r := c.CDR(1, row{"call_type": "0", "agent_id": "a"}); r["wait_time"] == "0" {
				t.Error("wait_time 0, want the whole wait")
			}
		})
	}
}

// TestM20Position tells the queue's media server how many calls are ahead.
func TestM20Position(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "queue_pos_param", `"cc_pos"`)
	c.flow("low", row{"priority": "256"})
	c.flow("high", row{"priority": "0"})
	c.Start()
	bob := c.desk("bob")
	for _, tt := range []struct{ flow, place string }{{"low", "0"}, {"low", "1"}, {"high", "0"}, {"high", "1"}, {"low", "4"}} {
		c.Hears(c.Call(bob, tt.flow), "moh")
		if got, _ := c.Invited(c.media).URI.Params.Get("cc_pos"); got != tt.place {
			t.Errorf("%s: cc_pos %q, want %s", tt.flow, got, tt.place)
		}
	}
}

// TestM21Param shows the script's parameter in the routes, on the legs of
// caller and agent, under the name of b2b_logic_ctx_param.
func TestM21Param(t *testing.T) {
	for _, tt := range []struct{ name, field string }{{"call_center", "ctx"}, {"param", "param"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, "b2b_logic_ctx_param", quoted(tt.name))
			agent := c.desk("agent")
			c.flow("f", nil)
			c.Agent("a", at(agent, "logstate", "0"))
			c.Start()
			call := c.Call(c.desk("bob"), "f")
			c.Hears(call, "moh")
			c.Row("select script_param from cc_calls", row{"script_param": "bob's call"})
			c.Login("a", 1)
			c.Hears(call, "agent")
			c.Until("legs of caller, media and agent", func() bool {
				roles := map[string]bool{}
				for _, leg := range c.Legs() {
					roles[leg["role"].(string)] = leg[tt.field] == "bob's call"
				}
				return roles["caller"] && roles["agent"] && roles["media"]
			})
			for _, leg := range c.Legs() {
				if leg[tt.field] != "bob's call" {
					t.Errorf("leg %v: want the parameter in %s", leg, tt.field)
				}
			}
		})
	}
}
