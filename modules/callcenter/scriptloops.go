package callcenter

import (
	"iter"
	"slices"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// The loops of a script take one element at a time and go on behind the last
// one, so that a script may assign what it loops over, and pays only for the
// elements it looks at.

func first[T any](seq iter.Seq[*T]) *T {
	for x := range seq {
		return x
	}
	return nil
}

func (v *scriptView) loopCalls(all func() iter.Seq[*dispatch.Call], after func(dispatch.Place) iter.Seq[*dispatch.Call]) []any {
	var place dispatch.Place // of the last one
	begun := false
	return loop(func() []any {
		var c *dispatch.Call
		if begun {
			c = first(after(place))
		} else {
			c, begun = first(all()), true
		}
		if c == nil {
			return nil
		}
		place = c.Place
		return []any{v.call(c)}
	})
}

func (v *scriptView) loopWaiting(k dispatch.Kind) []any {
	return v.loopCalls(func() iter.Seq[*dispatch.Call] { return v.Waiting(k) },
		func(p dispatch.Place) iter.Seq[*dispatch.Call] { return v.WaitingAfter(k, p) })
}

func (v *scriptView) loopAgents(k dispatch.Kind) []any {
	var last dispatch.Standing
	begun := false
	return loop(func() []any {
		var a *dispatch.Agent
		if begun {
			a = first(v.WithRoomAfter(k, last))
		} else {
			a, begun = v.Idlest(k), true
		}
		if a == nil {
			return nil
		}
		last = a.Standing
		return []any{v.agent(a)}
	})
}

// loopTeam: who is at his desk does not change in a decision.
func (v *scriptView) loopTeam(skill string) []any {
	team := slices.Collect(v.Team(skill))
	return loop(func() []any {
		if len(team) == 0 {
			return nil
		}
		a := team[0]
		team = team[1:]
		return []any{v.agent(a)}
	})
}

func loopKinds(seq iter.Seq[dispatch.Kind]) []any {
	kinds := slices.Collect(seq)
	return loop(func() []any {
		if len(kinds) == 0 {
			return nil
		}
		k := kinds[0]
		kinds = kinds[1:]
		return []any{k.Skill, mediaName(k.Media)}
	})
}

// loop ends for good at its first end.
func loop(next core.Iterator) []any {
	over := false
	return []any{core.Iterator(func() []any {
		if over {
			return nil
		}
		values := next()
		over = values == nil
		return values
	})}
}
