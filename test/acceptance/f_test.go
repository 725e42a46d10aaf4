package acceptance

import (
	"strings"
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

// TestF2 makes legs when there is no message at hand: by the BYE of a message
// server, by a timer and by a command. Their Contact is valid, whatever
// template it is made from.
func TestF2(t *testing.T) {
	for name, address := range map[string]string{"socket": "", "template": "sip:$fU@$socket_in(ip):$socket_in(port)"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t, "b2b_logic.server_address", quoted(address))
			welcome, sorry, agent := c.desk("9999"), c.desk("sorry"), c.desk("1008")
			c.flow("f", row{"message_welcome": rig.URI(welcome), "message_dissuading": rig.URI(sorry), "dissuading_onhold_th": "1"})
			c.Agent("1008", at(agent, "logstate", "0"))
			c.Start()
			valid := func(p *phone.Phone, by string) {
				t.Helper()
				a, err := c.Invited(p).Contact()
				user := ""
				if address != "" {
					user = "1005"
				}
				if err != nil || a.URI.HostPort() != c.SIP || a.URI.User != user {
					t.Errorf("the leg made by %s has Contact %v, %v; want user %q at %s", by, a, err, user, c.SIP)
				}
			}
			call := c.Call(c.desk("1005"), "f")
			c.Hears(call, "9999")
			valid(welcome, "an INVITE")
			c.Answered(welcome).Bye()
			c.Hears(call, "moh")
			valid(c.media, "a BYE")
			c.Hears(call, "sorry")
			valid(sorry, "a timer")
			c.Answered(sorry).Bye()
			c.Login("1008", 1)
			c.Hears(call, "1008")
			valid(agent, "a command or a BYE")
			c.Hears(c.Answered(agent), "1005")
			call.Bye() // to that Contact
			c.CDR(1, row{"call_type": "0", "agent_id": "1008"})
		})
	}
	for _, address := range []string{"sip:$avp(x)@$Ri", "sip:$fU@", "hello"} {
		c := newCenter(t, "b2b_logic.server_address", quoted(address))
		if out := c.Refused(); !strings.Contains(out, "server_address") {
			t.Errorf("server_address %q: the start says\n%s", address, out)
		}
	}
}
