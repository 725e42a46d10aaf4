package dispatch

import (
	"errors"
	"iter"
	"sort"
	"time"

	"github.com/tidwall/btree"
)

// Why an assignment is not legal.
var (
	ErrNoCall    = errors.New("no such call waits")
	ErrNoAgent   = errors.New("no such agent is at his desk")
	ErrUnskilled = errors.New("the agent does not have the skill of the call")
	ErrBusy      = errors.New("the agent has no room for the call")
)

// Center is a [View] with the right to change it. Who hosts a policy keeps one
// up to date. It is not safe for concurrent use.
type Center struct{ View }

// member is an agent in the lists.
type member struct {
	Agent
	room   [3]bool // by medium: he is in the lists of those with room
	places []int   // in the teams of his skills
}

// NewCenter returns an empty center.
func NewCenter() *Center {
	return &Center{View{
		calls: map[string]*Call{}, agents: map[string]*member{},
		waiting: newQueue(), queues: map[Kind]*btree.BTreeG[*Call]{},
		idle: map[Kind]*btree.BTreeG[*member]{}, teams: map[string]*team{},
	}}
}

var noLocks = btree.Options{NoLocks: true}

// newQueue and newBench keep calls and agents apart even if two have the same
// place, which should not be.
func newQueue() *btree.BTreeG[*Call] {
	return btree.NewBTreeGOptions(func(a, b *Call) bool {
		if a.Place == b.Place {
			return a.ID < b.ID
		}
		return a.Place.Before(b.Place)
	}, noLocks)
}

func newBench() *btree.BTreeG[*member] {
	return btree.NewBTreeGOptions(func(a, b *member) bool {
		if a.Standing == b.Standing {
			return a.ID < b.ID
		}
		return a.Standing.Before(b.Standing)
	}, noLocks)
}

// At moves the clock.
func (c *Center) At(now time.Time) { c.now = now }

// PutCall enters a waiting call, or enters it anew as it is now.
func (c *Center) PutCall(call Call) {
	entry := c.calls[call.ID]
	switch {
	case entry == nil:
		entry = &Call{}
		c.calls[call.ID] = entry
	case *entry == call:
		return
	default:
		c.unlist(entry)
	}
	*entry = call
	c.waiting.Set(entry)
	c.queue(call.Kind()).Set(entry)
	c.changed.call(call.ID)
}

// PutCalls enters these waiting calls, which come in the order of their places,
// instead of all that wait. It costs a fraction of as many PutCall.
func (c *Center) PutCalls(list iter.Seq[Call]) {
	before := c.calls
	c.calls, c.waiting, c.queues = make(map[string]*Call, len(before)), newQueue(), map[Kind]*btree.BTreeG[*Call]{}
	for call := range list {
		entry := before[call.ID]
		if entry == nil {
			entry = &Call{}
		}
		if *entry != call {
			*entry = call
			c.changed.call(call.ID)
		}
		delete(before, call.ID)
		c.calls[call.ID] = entry
		c.waiting.Load(entry)
		c.queue(call.Kind()).Load(entry)
	}
	for id := range before {
		c.changed.call(id)
	}
}

// queue is the list of a kind, in which something is about to change.
func (c *Center) queue(k Kind) *btree.BTreeG[*Call] {
	q := c.queues[k]
	if q == nil {
		q = newQueue()
		c.queues[k] = q
	}
	c.changed.kind(k)
	return q
}

// DropCall removes a call that does not wait any more. One that is not there is
// no error.
func (c *Center) DropCall(id string) {
	call := c.calls[id]
	if call == nil {
		return
	}
	c.unlist(call)
	delete(c.calls, id)
	c.changed.call(id)
}

func (c *Center) unlist(call *Call) {
	c.waiting.Delete(call)
	k := call.Kind()
	q := c.queues[k]
	q.Delete(call)
	if q.Len() == 0 {
		delete(c.queues, k)
	}
	c.changed.kind(k)
}

// PutAgent says how an agent at his desk is now.
func (c *Center) PutAgent(a Agent) {
	m := c.agents[a.ID]
	switch {
	case m == nil:
		m = &member{}
		c.agents[a.ID] = m
	case m.same(&a):
		return
	}
	c.update(m, a)
	c.changed.agent(a.ID)
}

// DropAgent removes an agent who left his desk. One who is not there is no
// error.
func (c *Center) DropAgent(id string) {
	m := c.agents[id]
	if m == nil {
		return
	}
	c.update(m, Agent{ID: id})
	delete(c.agents, id)
	c.changed.agent(id)
}

// update makes an agent what he is now. Where he stays in a list, at his place,
// the list is left alone: a reload may give a new skill to everybody.
func (c *Center) update(m *member, a Agent) {
	was, had := m.Agent, m.room
	stays := was.Standing == a.Standing
	for _, media := range [...]Media{RTP, MSRP} {
		m.room[media] = a.Room(media) > 0
		if !had[media] {
			continue
		}
		for _, skill := range was.Skills {
			k := Kind{skill, media}
			if !stays || !m.room[media] || !a.Has(skill) {
				c.stand(m, k)
			}
			c.changed.kind(k)
		}
	}
	c.reteam(m, a.Skills)
	m.Agent = a
	for _, media := range [...]Media{RTP, MSRP} {
		if !m.room[media] {
			continue
		}
		for _, skill := range a.Skills {
			k := Kind{skill, media}
			if !stays || !had[media] || !was.Has(skill) {
				c.sit(m, k)
			}
			c.changed.kind(k)
		}
	}
}

// sit enters an agent in the list of those with room for a kind.
func (c *Center) sit(m *member, k Kind) {
	t := c.idle[k]
	if t == nil {
		t = newBench()
		c.idle[k] = t
	}
	t.Set(m)
}

// stand undoes sit.
func (c *Center) stand(m *member, k Kind) {
	t := c.idle[k]
	t.Delete(m)
	if t.Len() == 0 {
		delete(c.idle, k)
	}
}

// Assign carries an assignment out in the view, as it will probably turn out:
// the call waits no more and the agent has it. It is refused when it is not
// [View.Legal].
func (c *Center) Assign(a Assignment) error {
	if err := c.Legal(a); err != nil {
		return err
	}
	call, agent := c.calls[a.Call], c.agents[a.Agent]
	c.DropCall(a.Call)
	c.PutAgent(agent.with(call, c.now))
	return nil
}

// Settled forgets what had changed: the policy has nothing more to propose.
func (c *Center) Settled() { c.changed.settle() }

// Restate lets the next [Center.Take] tell of the call and the agent of an
// assignment that was not carried out, whether they have changed or not.
func (c *Center) Restate(a Assignment) {
	c.changed.call(a.Call)
	c.changed.agent(a.Agent)
}

// Rethink makes everything look changed.
func (c *Center) Rethink() {
	for k := range c.Kinds() {
		c.changed.kind(k)
	}
}

// rank counts the calls at places before p.
func rank(t *btree.BTreeG[*Call], p Place) int {
	if t == nil {
		return 0
	}
	return sort.Search(t.Len(), func(i int) bool {
		c, _ := t.GetAt(i)
		return !c.Place.Before(p)
	})
}
