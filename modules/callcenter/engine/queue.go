package engine

import (
	"math"
	"sort"

	"github.com/tidwall/btree"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// ticket is a call's entry in the queue.
type ticket struct {
	place dispatch.Place
	call  *call
}

func (t ticket) before(u ticket) bool { return t.place.Before(u.place) }

// queue holds the waiting calls in the order of service. Those that an agent
// may be given are in the center too.
type queue struct{ all *btree.BTreeG[ticket] }

func newQueue() queue {
	return queue{btree.NewBTreeGOptions(ticket.before, btree.Options{NoLocks: true})}
}

// add enters a call at its place. The call remembers how it was entered.
func (q *queue) add(c *call, ready bool) {
	c.entry = entry{ticket: ticket{c.place, c}, ready: ready}
	q.all.Set(c.entry.ticket)
}

func (q *queue) remove(c *call) {
	q.all.Delete(c.entry.ticket)
	c.entry = entry{}
}

// ahead counts the calls before c, which is in the queue.
func (q *queue) ahead(c *call) int {
	return sort.Search(q.all.Len(), func(i int) bool {
		u, _ := q.all.GetAt(i)
		return !u.before(c.entry.ticket)
	})
}

// list is the queue in the order of service.
func (q *queue) list() []*call {
	list := make([]*call, 0, q.all.Len())
	q.all.Scan(func(t ticket) bool {
		list = append(list, t.call)
		return true
	})
	return list
}

// leave takes a call out of the queue.
func (e *Engine) leave(c *call) {
	e.queue.remove(c)
	e.center.DropCall(string(c.id))
}

// joiningAt counts the calls of a kind that a call which joins now at a
// priority would have before it.
func (e *Engine) joiningAt(k dispatch.Kind, priority int) int {
	return e.center.Rank(k, dispatch.Place{Priority: priority, Turn: math.MaxUint64})
}

// waitingAs is the call as policies see it.
func (c *call) waitingAs() dispatch.Call {
	return dispatch.Call{ID: string(c.id), Flow: c.flow.cfg.ID, Media: c.media, Skill: c.flow.cfg.Skill,
		Place: c.place, Joined: c.queued.joined, Site: c.flow.cfg.Site}
}
