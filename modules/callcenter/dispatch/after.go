package dispatch

import (
	"iter"

	"github.com/tidwall/btree"
)

// The lists of a view, continued behind an element: a way through them that
// stands whatever changes between two steps.

// CallsAfter is the part of [View.Calls] behind a place.
func (v *View) CallsAfter(p Place) iter.Seq[*Call] { return callsAfter(v.waiting, p) }

// WaitingAfter is the part of [View.Waiting] behind a place.
func (v *View) WaitingAfter(k Kind, p Place) iter.Seq[*Call] { return callsAfter(v.queues[k], p) }

func callsAfter(t *btree.BTreeG[*Call], p Place) iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		if t != nil {
			t.Ascend(&Call{Place: p}, func(c *Call) bool { return c.Place == p || yield(c) })
		}
	}
}

// WithRoomAfter is the part of [View.WithRoom] behind a standing.
func (v *View) WithRoomAfter(k Kind, s Standing) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		if t := v.idle[k]; t != nil {
			t.Ascend(&member{Agent: Agent{Standing: s}}, func(m *member) bool {
				return m.Standing == s || yield(&m.Agent)
			})
		}
	}
}
