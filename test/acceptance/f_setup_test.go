package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// doctor runs sipd doctor on the route file of the center.
func (c *center) doctor(want int, flow string) string {
	c.t.Helper()
	return rig.Run(c.t, want, "doctor", flow, "-f", c.File(), "--mi", c.MI, "--timeout", "1s")
}

// TestF3 has the queue at another server than the welcome, and nothing there.
func TestF3(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	welcome, agent := c.desk("9999"), c.desk("1008")
	c.flow("tech_support", row{"message_welcome": rig.URI(welcome), "message_queue": "sip:127.0.0.1:9"})
	c.Agent("1008", at(agent, "logstate", "1"))
	c.Start()
	out := c.doctor(1, "tech_support")
	for _, line := range strings.Split(out, "\n") {
		if strings.Contains(line, rig.URI(welcome)) && !strings.HasPrefix(line, "ok") {
			t.Errorf("the welcome answers; doctor says %s", line)
		}
	}
	if !strings.Contains(out, "message_queue") || !strings.Contains(out, "sip:127.0.0.1:9 ") {
		t.Errorf("doctor does not name the queue's server:\n%s", out)
	}
}

// TestF4 makes everything by commands.
func TestF4(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("1008")
	c.Start()
	rig.Run(t, 0, "flow", "add", "tech_support", "--skill", "test", "--message-queue", rig.URI(c.media), "-f", c.File())
	rig.Run(t, 0, "agent", "add", "1008", "--skills", "test", "--location", rig.URI(agent), "--logstate", "1", "-f", c.File(), "--mi", c.MI, "--reload")
	call, _ := c.join(c.desk("1005"), "tech_support", agent)
	call.Bye()
	c.CDR(1, row{"call_type": "0", "agent_id": "1008"})
}

// TestF5 leaves logstate out, as its INSERT did.
func TestF5(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	agent := c.desk("1008")
	c.flow("tech_support", nil)
	c.Agent("1008", at(agent, "logstate", "0"))
	c.Start()
	out := c.doctor(1, "tech_support")
	if !strings.Contains(out, "0 of 1 agents with skill test are logged in") || !strings.Contains(out, "cc_agent_login 1008 1") {
		t.Errorf("doctor says\n%s", out)
	}
	c.Login("1008", 1)
	if out := c.doctor(0, "tech_support"); strings.Contains(out, "logged in;") {
		t.Errorf("after the login doctor says\n%s", out)
	}
}

// TestF6 turns dispatching off and dispatches nothing.
func TestF6(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "internal_call_dispatching", "0")
	c.flow("f", nil)
	c.Agent("a", at(c.desk("a")))
	c.Start()
	c.Logged("internal_call_dispatching")
	call := c.Call(c.desk("bob"), "f")
	c.Hears(call, "moh")
	begin := time.Now()
	c.Until("the alarm", func() bool { return len(c.Events("E_CALLCENTER_ALARM")) > 0 })
	c.atLeast(9*time.Second, begin, "the alarm came")
	if text, _ := c.Events("E_CALLCENTER_ALARM")[0]["text"].(string); !strings.Contains(text, "internal_call_dispatching") {
		t.Errorf("the alarm says %q", text)
	}
}

// TestF7 looks for the answers to the two guesses where people look.
func TestF7(t *testing.T) {
	for page, want := range map[string][]string{
		"docs/first-call.md":    {"`internal_call_dispatching` 0 was to stop internal calls?** No", "`balancing` round robin?** No"},
		"docs/first-call.zh.md": {"`internal_call_dispatching`", "`balancing` 是轮询吗？** 不是"},
	} {
		data, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s does not say %q", page, w)
			}
		}
	}
}

// TestF8 has four kinds of welcome that is none.
func TestF8(t *testing.T) {
	for name, o := range map[string]phone.Options{
		"early media": {Early: true, Never: true}, "302": {Code: 302}, "486": {Code: 486}, "nothing": {Deaf: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCenter(t)
			o.Name = "9999"
			c.flow("f", row{"message_welcome": rig.URI(c.Phone(o))})
			c.Start()
			begin := time.Now()
			call := c.Call(c.desk("bob"), "f")
			c.Hears(call, "moh")
			c.within(5*time.Second, begin, "the caller heard the queue")
			call.Bye()
			c.CDR(1, row{"call_type": "1"})
		})
	}
}

// TestM14 has a queue server that hangs up at once.
func TestM14(t *testing.T) {
	t.Parallel()
	c := newCenter(t)
	c.flow("f", nil)
	c.Agent("a", at(c.desk("a"), "logstate", "0"))
	c.Start()
	call := c.Call(c.desk("bob"), "f")
	for range 3 {
		c.Answered(c.media).Bye()
	}
	c.Until("the alarm", func() bool { return len(c.Events("E_CALLCENTER_ALARM")) > 0 })
	c.Live(call, "the caller")
	c.Queued(1)
	c.Login("a", 1) // whatever the music does, he is served
	c.Hears(call, "a")
	call.Bye()
	c.Idle()
}

// TestM20Refresh tells a waiting caller's media server the new position.
func TestM20Refresh(t *testing.T) {
	t.Parallel()
	c := newCenter(t, "queue_pos_param", `"cc_pos"`, "queue_pos_refresh", "1")
	c.flow("f", nil)
	c.Start()
	position := func(want string) {
		t.Helper()
		if got, _ := c.Invited(c.media).URI.Params.Get("cc_pos"); got != want {
			t.Errorf("position %q, want %q", got, want)
		}
	}
	first := c.Call(c.desk("bob"), "f")
	position("0")
	c.Hears(first, "moh")
	second := c.Call(c.desk("eve"), "f")
	position("1")
	c.Hears(second, "moh")
	first.Bye()
	position("0")
	second.Bye()
	c.Idle()
}
