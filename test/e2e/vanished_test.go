package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// TestVanished switches phones off without a word: first the agent's while he
// talks, then the caller's while he waits.
func TestVanished(t *testing.T) {
	c := newCenter(t, "sqlite://"+filepath.Join(t.TempDir(), "cc.db"))
	agent, agentOff := rig.Mortal(t, "127.0.0.1", phone.Options{Name: "1008"})
	media := c.phone(phone.Options{Name: "moh"})
	c.flow("support", row{"message_queue": media.URI().String()})
	c.agent("1008", row{"location": agent.URI().String(), "logstate": "1", "wrapup_time": "60"})
	c.start("SIPD_KEEPALIVE=1")

	call := c.call(c.phone(phone.Options{Name: "1005"}), "support")
	c.hears(call, "1008")
	<-time.After(4 * time.Second) // both answer the questions
	if got := c.agentState("1008"); got != "incall" {
		t.Fatalf("agent %s, want incall", got)
	}
	agentOff()
	c.ended(call)
	c.awaitAgent("1008", "wrapup")

	caller, callerOff := rig.Mortal(t, "127.0.0.1", phone.Options{Name: "1006"})
	waiting := c.call(caller, "support")
	c.hears(waiting, "moh")
	callerOff()
	c.idle()
	c.cdrs(2)
}
