package callcenter

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// alarms lists the texts of the alarms raised.
func (o *town) alarms() (texts []string) {
	for _, e := range o.host.named(eventAlarm) {
		for _, f := range e.Fields {
			if f.Name == "text" {
				texts = append(texts, f.Value.(string))
			}
		}
	}
	return texts
}

// hears names the phone that a caller talks to.
func hears(c *siptest.Call) string {
	name, _, _ := strings.Cut(c.Peer(), "/")
	return name
}

// noAgent makes every caller of f wait: who has the skill takes no calls.
func (o *town) noAgent(welcome string) {
	o.runner.post(engine.Load{
		Flows:  []engine.FlowConfig{{ID: "f", Skill: "s", Queue: "sip:moh", Welcome: welcome}},
		Agents: []engine.AgentConfig{{ID: "a", MSRPLocation: "sip:phone", MSRPSessions: 1, Skills: []string{"s"}, LoggedIn: true}},
	})
}

// TestQueueHangsUp is a media server that answers and hangs up: the caller
// hears the player's music, the server is not called in a loop, and when it
// behaves the caller hears it again.
func TestQueueHangsUp(t *testing.T) {
	inTown(t, func(o *town) {
		o.noAgent("")
		broken := o.net.Phone("moh", siptest.Script{Talk: 100 * time.Millisecond})
		o.net.Phone("music", siptest.Script{})
		call := o.net.Phone("bob", siptest.Script{}).Call("sip:f@pbx", "")
		if code := <-o.codes; code != core.True {
			t.Fatalf("code %d", code)
		}
		time.Sleep(1500 * time.Millisecond) // virtual
		if hears(call) != "music" || len(broken.Calls()) != 3 {
			t.Errorf("after %d calls of the media server he hears %q", len(broken.Calls()), hears(call))
		}
		if got := o.alarms(); len(got) != 1 || got[0] != "message_queue sip:moh failed 3 times within 10 seconds: check the media server" {
			t.Errorf("alarms %q", got)
		}
		time.Sleep(58 * time.Second)
		if n := len(broken.Calls()); n < 5 || n > 8 {
			t.Errorf("%d calls of the media server in a minute", n)
		}
		if call.State() != siptest.Confirmed || hears(call) != "music" {
			t.Errorf("the call is %v and hears %q", call.State(), hears(call))
		}
		call.Bye()
		time.Sleep(time.Second)
		if cdrs := o.disk.cdrs(); len(cdrs) != 1 || cdrs[0].Type != engine.CDRDropped {
			t.Errorf("CDRs %+v", cdrs)
		}
	})
}

// TestWelcomeFails brings callers to the queue within 5 seconds, whatever the
// welcome's server does. From the fourth caller on it is left out, and comes
// back when it answers.
func TestWelcomeFails(t *testing.T) {
	for name, script := range map[string]siptest.Script{
		"early media only": {NeverAnswer: true, Early: true},
		"never":            {NeverAnswer: true, Ring: -1},
		"moved":            {Code: 302},
		"busy":             {Code: 486},
		"down":             {Code: 503},
	} {
		t.Run(name, func(t *testing.T) {
			inTown(t, func(o *town) {
				o.noAgent("sip:hello")
				hello := o.net.Phone("hello", script)
				o.net.Phone("moh", siptest.Script{})
				bob := o.net.Phone("bob", siptest.Script{})
				for i := range 5 {
					start := time.Now()
					call := bob.Call("sip:f@pbx", "")
					<-o.codes
					if !call.Wait(siptest.Confirmed) || hears(call) != "moh" {
						t.Fatalf("caller %d hears %q", i, hears(call))
					}
					limit := 5 * time.Second
					if i >= 3 {
						limit = time.Second
					}
					if took := time.Since(start); took > limit {
						t.Errorf("caller %d reached the queue after %v", i, took)
					}
				}
				if n := len(hello.Calls()); n != 3 {
					t.Errorf("the welcome was called %d times", n)
				}
				if got := o.alarms(); len(got) != 1 || !strings.HasPrefix(got[0], "sip:hello failed 3 times in a row") {
					t.Errorf("alarms %q", got)
				}
			})
		})
	}
}

// TestMediaComesBack: a queue URI that timed out for three callers costs the
// next ones nothing, and is used again once it answers.
func TestMediaComesBack(t *testing.T) {
	inTown(t, func(o *town) {
		o.noAgent("")
		o.net.Phone("music", siptest.Script{})
		bob := o.net.Phone("bob", siptest.Script{})
		var up atomic.Bool
		o.net.Phone("moh", siptest.Script{OnRequest: func(sip.ServerRequest) bool { return !up.Load() }})
		first := bob.Call("sip:f@pbx", "")
		<-o.codes
		if !first.Wait(siptest.Confirmed) || hears(first) != "music" {
			t.Fatalf("the first hears %q", hears(first))
		}
		start := time.Now()
		second := bob.Call("sip:f@pbx", "")
		<-o.codes
		if !second.Wait(siptest.Confirmed) || hears(second) != "music" || time.Since(start) > time.Second {
			t.Errorf("the second hears %q after %v", hears(second), time.Since(start))
		}
		up.Store(true)
		time.Sleep(time.Minute)
		if hears(first) != "moh" || hears(second) != "moh" {
			t.Errorf("they hear %q and %q", hears(first), hears(second))
		}
		if got := o.alarms(); len(got) != 2 || got[1] != "sip:moh answers again" {
			t.Errorf("alarms %q", got)
		}
	})
}

// TestPhoneFails rings a phone that nobody answers three times and no more,
// until the agent logs in.
func TestPhoneFails(t *testing.T) {
	inTown(t, func(o *town) {
		phone := o.net.Phone("phone", siptest.Script{NeverAnswer: true})
		o.net.Phone("moh", siptest.Script{})
		call := o.net.Phone("bob", siptest.Script{}).Call("sip:f@pbx", "")
		<-o.codes
		time.Sleep(4 * time.Minute)
		if n := len(phone.Calls()); n != 3 {
			t.Errorf("the phone rang %d times", n)
		}
		if hears(call) != "moh" {
			t.Errorf("the caller hears %q", hears(call))
		}
		if got := o.alarms(); len(got) != 1 || !strings.HasPrefix(got[0], "agent a is not reachable: his phone failed 3 times in a row") {
			t.Errorf("alarms %q", got)
		}
		got, err := o.listAgents(nil)
		if text, jsonErr := json.Marshal(got); err != nil || jsonErr != nil || !strings.Contains(string(text), `{"id":"a","Ref":0,"Loged in":"NO","Reachable":"NO"}`) {
			t.Errorf("list_agents %s, %v", text, err)
		}
		o.agentLogin(t.Context(), nil, core.Args{"a", 1})
		time.Sleep(time.Second)
		if again := phone.Calls(); len(again) == 4 {
			again[3].Answer(200)
		}
		time.Sleep(time.Second)
		if hears(call) != "phone" {
			t.Errorf("after the login he hears %q", hears(call))
		}
	})
}
