package policytest

import (
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
)

// refuse holds that a policy does not take its proposals for granted: what it
// proposed is told anew, as it was, since nothing has come of it.
func refuse(tb testing.TB, start func(policy.Callbacks) (*policy.Host, error), r *Report) {
	tb.Helper()
	s := begin(tb, start, r)
	defer s.host.Close()
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	again := policy.Delta{
		Calls: []policy.Call{{ID: "call", Flow: "flow", Media: policy.RTP, Skill: "sales", Place: policy.Place{Turn: 1}, Joined: now}},
		Agents: []policy.Agent{{
			ID: "agent", Skills: []string{"sales"}, Phone: true, Audio: true,
			Standing: policy.Standing{Since: 1}, FreeSince: now, Login: now,
		}},
	}
	c := dispatch.NewCenter()
	for i := range 3 {
		again.Now = now.Add(time.Duration(i) * time.Second)
		c.Apply(again)
		s.Watch(&c.View, again)
		d := s.Decide(&c.View)
		if len(d.Assign) > 0 {
			continue
		}
		if i > 0 {
			tb.Fatalf("it gave %q to %q, was told that both are as before, and proposes nothing: what a policy proposes has not happened until a delta says so",
				again.Calls[0].ID, again.Agents[0].ID)
		}
		return // it holds the call: the histories tell whether it says why
	}
}
