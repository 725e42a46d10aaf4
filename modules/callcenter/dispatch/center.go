package dispatch

import (
	"errors"
	"slices"
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
	room [3]bool // by medium: he is in the lists of those with room
}

// NewCenter returns an empty center.
func NewCenter() *Center {
	return &Center{View{
		calls: map[string]*Call{}, agents: map[string]*member{},
		waiting: newQueue(), queues: map[Kind]*btree.BTreeG[*Call]{},
		idle: map[Kind]*btree.BTreeG[*member]{}, teams: map[string]*btree.Map[string, *member]{},
	}}
}

var noLocks = btree.Options{NoLocks: true}

func newQueue() *btree.BTreeG[*Call] {
	return btree.NewBTreeGOptions(func(a, b *Call) bool { return a.Place.Before(b.Place) }, noLocks)
}

// At moves the clock.
func (c *Center) At(now time.Time) { c.now = now }

// PutCall enters a waiting call, or enters it anew as it is now.
func (c *Center) PutCall(call Call) {
	if old := c.calls[call.ID]; old != nil {
		if *old == call {
			return
		}
		c.unlist(old)
	}
	entry := &call
	c.calls[call.ID] = entry
	c.waiting.Set(entry)
	k := call.Kind()
	q := c.queues[k]
	if q == nil {
		q = newQueue()
		c.queues[k] = q
	}
	q.Set(entry)
	c.changed.kind(k)
	c.changed.call(call.ID)
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
		m = &member{Agent: a}
		c.agents[a.ID] = m
		c.joinTeams(m)
	case m.same(&a):
		return
	default:
		c.stand(m)
		if skills := m.Skills; !slices.Equal(skills, a.Skills) {
			c.leaveTeams(m)
			m.Agent = a
			c.joinTeams(m)
		}
		m.Agent = a
	}
	c.sit(m)
	c.changed.agent(a.ID)
}

// DropAgent removes an agent who left his desk. One who is not there is no
// error.
func (c *Center) DropAgent(id string) {
	m := c.agents[id]
	if m == nil {
		return
	}
	c.stand(m)
	c.leaveTeams(m)
	delete(c.agents, id)
	c.changed.agent(id)
}

// sit enters an agent in the lists of those with room.
func (c *Center) sit(m *member) {
	for _, media := range [...]Media{RTP, MSRP} {
		if m.room[media] = m.Room(media) > 0; !m.room[media] {
			continue
		}
		for _, skill := range m.Skills {
			k := Kind{skill, media}
			t := c.idle[k]
			if t == nil {
				t = btree.NewBTreeGOptions(func(a, b *member) bool { return a.Standing.Before(b.Standing) }, noLocks)
				c.idle[k] = t
			}
			t.Set(m)
			c.changed.kind(k)
		}
	}
}

// stand undoes sit.
func (c *Center) stand(m *member) {
	for _, media := range [...]Media{RTP, MSRP} {
		if !m.room[media] {
			continue
		}
		for _, skill := range m.Skills {
			k := Kind{skill, media}
			t := c.idle[k]
			t.Delete(m)
			if t.Len() == 0 {
				delete(c.idle, k)
			}
			c.changed.kind(k)
		}
	}
	m.room = [3]bool{}
}

func (c *Center) joinTeams(m *member) {
	for _, skill := range m.Skills {
		t := c.teams[skill]
		if t == nil {
			t = &btree.Map[string, *member]{}
			c.teams[skill] = t
		}
		t.Set(m.ID, m)
	}
}

func (c *Center) leaveTeams(m *member) {
	for _, skill := range m.Skills {
		t := c.teams[skill]
		t.Delete(m.ID)
		if t.Len() == 0 {
			delete(c.teams, skill)
		}
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
