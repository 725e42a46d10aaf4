package dispatch

import (
	"iter"
	"slices"
	"time"

	"github.com/tidwall/btree"
)

// View is the state of the center as a [Policy] sees it: the calls that wait,
// and the agents at their desks. What it returns must not be changed, and is
// good until Decide returns.
type View struct {
	now    time.Time
	calls  map[string]*Call
	agents map[string]*member

	waiting *btree.BTreeG[*Call] // all of them, in the order of service
	queues  map[Kind]*btree.BTreeG[*Call]
	idle    map[Kind]*btree.BTreeG[*member] // with room
	teams   map[string]*team

	changed changes
}

// Now is the time.
func (v *View) Now() time.Time { return v.now }

// Call finds a waiting call, nil: there is none of that id.
func (v *View) Call(id string) *Call { return v.calls[id] }

// Agent finds an agent at his desk, nil: there is none of that id.
func (v *View) Agent(id string) *Agent {
	if m := v.agents[id]; m != nil {
		return &m.Agent
	}
	return nil
}

// Calls are all that wait, by place: smaller priorities first, audio and chats
// mixed.
func (v *View) Calls() iter.Seq[*Call] { return scan(v.waiting) }

// CountCalls is how many calls wait.
func (v *View) CountCalls() int { return len(v.calls) }

// Kinds are those of the waiting calls: audio before chats, then by skill.
func (v *View) Kinds() iter.Seq[Kind] {
	list := make([]Kind, 0, len(v.queues))
	for k := range v.queues {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kind) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	return slices.Values(list)
}

// Waiting are the calls of a kind in the order of service.
func (v *View) Waiting(k Kind) iter.Seq[*Call] { return scan(v.queues[k]) }

// CountWaiting is how many calls of a kind wait.
func (v *View) CountWaiting(k Kind) int { return length(v.queues[k]) }

// First is the call of a kind to be served next, or nil.
func (v *View) First(k Kind) *Call {
	if t := v.queues[k]; t != nil {
		c, _ := t.Min()
		return c
	}
	return nil
}

// Rank counts the calls of a kind that stand before a place.
func (v *View) Rank(k Kind, p Place) int { return rank(v.queues[k], p) }

// WithRoom are the agents who could take a call of a kind now: fewest chats
// first, then longest idle.
func (v *View) WithRoom(k Kind) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		if t := v.idle[k]; t != nil {
			t.Scan(func(m *member) bool { return yield(&m.Agent) })
		}
	}
}

// CountWithRoom is how many agents could take a call of a kind now.
func (v *View) CountWithRoom(k Kind) int { return length(v.idle[k]) }

// Idlest is the first of [View.WithRoom], or nil.
func (v *View) Idlest(k Kind) *Agent {
	if t := v.idle[k]; t != nil {
		if m, ok := t.Min(); ok {
			return &m.Agent
		}
	}
	return nil
}

// Fullest is the agent with the most chats who could take a call of a kind, of
// several the one longest idle, or nil.
func (v *View) Fullest(k Kind) (a *Agent) {
	t := v.idle[k]
	if t == nil {
		return nil
	}
	last, ok := t.Max()
	if !ok {
		return nil
	}
	first := &member{Agent: Agent{Standing: Standing{Chats: last.Standing.Chats}}}
	t.Ascend(first, func(m *member) bool {
		a = &m.Agent
		return false
	})
	return a
}

// Team are all at their desks who have a skill, busy or not, by id.
func (v *View) Team(skill string) iter.Seq[*Agent] {
	return func(yield func(*Agent) bool) {
		t := v.teams[skill]
		if t == nil {
			return
		}
		for _, m := range t.inOrder(skill) {
			if !yield(&m.Agent) {
				return
			}
		}
	}
}

// CountTeam is how many at their desks have a skill.
func (v *View) CountTeam(skill string) int {
	if t := v.teams[skill]; t != nil {
		return len(t.members)
	}
	return 0
}

// Changed are the kinds in which a call waits and an agent has room, and which
// have changed since the policy last had nothing to propose, in order of change.
// At first, and after the policy asked to be called [Decision.Again], they are
// all such kinds.
func (v *View) Changed() iter.Seq[Kind] {
	v.changed.prune(func(k Kind) bool { return v.queues[k] != nil && v.idle[k] != nil })
	return slices.Values(v.changed.kinds)
}

// Legal reports whether an assignment could be carried out now: the call waits,
// and the agent has the skill and room. The error says what is wrong.
func (v *View) Legal(a Assignment) error {
	c, m := v.calls[a.Call], v.agents[a.Agent]
	switch {
	case c == nil:
		return ErrNoCall
	case m == nil:
		return ErrNoAgent
	case !m.Has(c.Skill):
		return ErrUnskilled
	case m.Room(c.Media) == 0:
		return ErrBusy
	}
	return nil
}

func scan[T any](t *btree.BTreeG[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		if t != nil {
			t.Scan(yield)
		}
	}
}

func length[T any](t *btree.BTreeG[T]) int {
	if t == nil {
		return 0
	}
	return t.Len()
}
