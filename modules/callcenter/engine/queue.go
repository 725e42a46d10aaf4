package engine

import (
	"sort"

	"github.com/tidwall/btree"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// kind is what an agent must be able to do for a call. Calls and agents are
// found by it.
type kind struct {
	skill string
	media Media
}

// ticket is a call's entry in the queue.
type ticket struct {
	place dispatch.Place
	call  *call
}

func (t ticket) before(u ticket) bool { return t.place.Before(u.place) }

// queue holds the waiting calls twice: all of them in the order of service,
// and those an agent may be given, by kind.
type queue struct {
	all    *btree.BTreeG[ticket]
	byKind map[kind]*btree.BTreeG[ticket]
}

func newQueue() queue {
	return queue{all: newTickets(), byKind: map[kind]*btree.BTreeG[ticket]{}}
}

func newTickets() *btree.BTreeG[ticket] {
	return btree.NewBTreeGOptions(ticket.before, btree.Options{NoLocks: true})
}

// add enters a call at its place; ready calls may be dispatched. The call
// remembers how it was entered.
func (q *queue) add(c *call, ready bool) {
	c.entry = entry{ticket: ticket{c.place, c}, kind: kind{c.flow.cfg.Skill, c.media}, ready: ready}
	q.all.Set(c.entry.ticket)
	if !ready {
		return
	}
	t := q.byKind[c.entry.kind]
	if t == nil {
		t = newTickets()
		q.byKind[c.entry.kind] = t
	}
	t.Set(c.entry.ticket)
}

func (q *queue) remove(c *call) {
	q.all.Delete(c.entry.ticket)
	if c.entry.ready {
		q.byKind[c.entry.kind].Delete(c.entry.ticket)
	}
	c.entry = entry{}
}

// first is the call to serve next among those of a kind.
func (q *queue) first(k kind) (*call, bool) {
	t := q.byKind[k]
	if t == nil {
		return nil, false
	}
	first, ok := t.Min()
	return first.call, ok
}

// ahead counts the calls before c, which is in the queue.
func (q *queue) ahead(c *call) int {
	return rank(q.all, c.entry.ticket)
}

// rank counts the entries before t.
func rank(tree *btree.BTreeG[ticket], t ticket) int {
	if tree == nil {
		return 0
	}
	return search(tree, func(u ticket) bool { return !u.before(t) })
}

// search counts the entries before the first that is behind, as all after it
// are.
func search(tree *btree.BTreeG[ticket], behind func(ticket) bool) int {
	return sort.Search(tree.Len(), func(i int) bool {
		t, _ := tree.GetAt(i)
		return behind(t)
	})
}

// joiningAt counts the calls of a kind that a call which joins now at a
// priority would have before it.
func (q *queue) joiningAt(k kind, priority int) int {
	t := q.byKind[k]
	if t == nil {
		return 0
	}
	return search(t, func(u ticket) bool { return u.place.Priority > priority })
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

// prune forgets kinds nobody waits for any more.
func (q *queue) prune() {
	for k, t := range q.byKind {
		if t.Len() == 0 {
			delete(q.byKind, k)
		}
	}
}
