package acceptance

import (
	"strings"
	"testing"

	"github.com/sipd/sipd/test/rig"
)

// lastOfAll gives each call to the last agent of the alphabet, and hangs for a
// call of the flow "hang".
const lastOfAll = `
decisions = 0
cc.policy(function(view)
  decisions = decisions + 1
  for call in view:calls() do
    while call.flow == "hang" do end
    local last
    for agent in view:agents(call) do
      if not last or agent.id > last.id then last = agent end
    end
    if last then view:assign(call, last, "last of the alphabet") end
  end
end)`

// TestB12Script has a policy in the route file decide about real calls.
func TestB12Script(t *testing.T) {
	t.Parallel()
	c := centerOn(t, rig.Options{Lines: []string{lastOfAll}}, "dispatch_policy_deadline", "500")
	c.flow("f", nil)
	c.flow("hang", nil)
	for _, id := range []string{"a", "b", "d", "c"} { // idle longest first
		c.Agent(id, at(c.desk(id)))
	}
	c.Start()
	state := func(want string) (now object) {
		t.Helper()
		c.Until("the policy to be "+want, func() bool {
			c.Do("cc_list_policies", nil, &now)
			return now["Policy"] == "lua" && now["State"] == want
		})
		return now
	}
	state("active")
	bob := c.desk("bob")
	call := c.Call(bob, "f")
	c.Hears(call, "d")
	var why object
	c.Do("cc_why", object{"call_id": c.Calls()[0]["id"]}, &why)
	if why["Chosen"] != "last of the alphabet" {
		t.Errorf("why: %v", why)
	}

	c.Hears(c.Call(bob, "hang"), "a") // by OpenSIPS's rule
	c.Until("the line to be named", func() bool { return strings.Contains(c.Log(), "route.lua:10: the function ran longer than 400ms") })
	state("active")
	c.Hears(c.Call(bob, "f"), "c")
	c.Stats(map[string]int{"cc_policy_fallbacks": 1, "cc_policy_impossible": 0, "ccg_distributed_incalls": 3})
	c.Stop()
}
