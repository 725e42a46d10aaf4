package main

import (
	"slices"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/plugins/policy"
	"github.com/sipd/sipd/plugins/policy/policytest"
)

func TestPolicy(t *testing.T) { policytest.Run(t, func() policy.Policy { return &roundRobin{} }) }

// agent is one at his desk for audio calls.
func agent(id string, free bool, since uint64) dispatch.Agent {
	return dispatch.Agent{ID: id, Skills: []string{"s"}, Phone: true, Audio: free, Standing: dispatch.Standing{Since: since}}
}

func call(id string, turn uint64) dispatch.Call {
	return dispatch.Call{ID: id, Media: dispatch.RTP, Skill: "s", Place: dispatch.Place{Turn: turn}}
}

// given are the agents of the assignments.
func given(d dispatch.Decision) (ids []string) {
	for _, a := range d.Assign {
		ids = append(ids, a.Agent)
	}
	return ids
}

func TestTurns(t *testing.T) {
	p, c := &roundRobin{}, dispatch.NewCenter()
	for _, step := range []struct {
		name  string
		free  []string // of a, b and c, who are idle longest in this order reversed
		calls int
		want  []string
	}{
		{"by id, not by idle time", []string{"a", "b", "c"}, 2, []string{"a", "b"}},
		{"goes on where it stopped", []string{"a", "b", "c"}, 2, []string{"c", "a"}},
		{"passes the busy", []string{"a", "c"}, 1, []string{"c"}},
		{"nobody has room", nil, 2, nil},
		{"round again", []string{"b", "c"}, 2, []string{"b", "c"}},
	} {
		d := dispatch.Delta{Reset: true}
		for i, id := range []string{"a", "b", "c"} {
			d.Agents = append(d.Agents, agent(id, slices.Contains(step.free, id), uint64(9-i)))
		}
		for i := range step.calls {
			d.Calls = append(d.Calls, call(string(rune('1'+i)), uint64(i+1)))
		}
		c.Apply(d)
		if got := given(dispatch.Run(p, c)); !slices.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}

// TestServesTheQueueInOrder holds that the turn is the agents', not the calls'.
func TestServesTheQueueInOrder(t *testing.T) {
	c := dispatch.NewCenter()
	urgent, rare := call("urgent", 3), call("rare", 1)
	urgent.Place.Priority, rare.Skill = -1, "nobody has it"
	c.Apply(dispatch.Delta{Reset: true, Agents: []dispatch.Agent{agent("a", true, 1)},
		Calls: []dispatch.Call{rare, call("first", 2), urgent}})
	got := dispatch.Run(&roundRobin{}, c).Assign
	if len(got) != 1 || got[0].Call != "urgent" || got[0].Reason == "" {
		t.Errorf("proposed %v, want the urgent call, with a reason", got)
	}
}
