package engine

import (
	"github.com/tidwall/btree"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// seat is an agent's entry on the bench, with the standing he had when he sat
// down.
type seat struct {
	standing dispatch.Standing
	agent    *agent
}

// headcount is how many agents with a skill there are.
type headcount struct {
	logged, free  int
	phones, slots int // of those logged in: who take calls, and the chats they may have
}

// bench holds the agents who have room for something, by what they could take
// and in the order in which they are chosen.
type bench struct {
	policy dispatch.ChatPolicy
	byKind map[kind]*btree.BTreeG[seat]
	skills map[string]headcount
	all    headcount
}

func newBench(p dispatch.ChatPolicy) bench {
	return bench{policy: p, byKind: map[kind]*btree.BTreeG[seat]{}, skills: map[string]headcount{}}
}

// sitting is what the bench needs to find an agent again, whatever has changed
// about him since.
type sitting struct {
	seat   seat
	kinds  []kind
	skills []string  // his skills when he was counted
	counts headcount // what he was counted as
}

// add seats an agent and counts him.
func (b *bench) add(a *agent, e *Engine) {
	s := &a.sitting
	s.seat = seat{dispatch.Standing{Chats: a.chats, Since: a.since}, a}
	s.skills, s.counts = a.cfg.Skills, headcount{}
	if a.present() {
		s.counts.logged = 1
		if a.cfg.Location != "" {
			s.counts.phones = 1
		}
		if a.cfg.MSRPLocation != "" {
			s.counts.slots = a.cfg.MSRPSessions
		}
	}
	if a.state(e.now) == Free {
		s.counts.free = 1
	}
	b.count(s, 1)
	for _, m := range [...]Media{RTP, MSRP} {
		if a.room(m, e.now) == 0 {
			continue
		}
		for _, skill := range a.cfg.Skills {
			k := kind{skill, m}
			s.kinds = append(s.kinds, k)
			b.tree(k).Set(s.seat)
			e.dirty[k] = struct{}{}
		}
	}
}

func (b *bench) remove(a *agent) {
	s := &a.sitting
	b.count(s, -1)
	for _, k := range s.kinds {
		b.byKind[k].Delete(s.seat)
	}
	*s = sitting{kinds: s.kinds[:0]}
}

func (b *bench) count(s *sitting, sign int) {
	if s.counts == (headcount{}) {
		return
	}
	b.all.add(s.counts, sign)
	for _, skill := range s.skills {
		n := b.skills[skill]
		n.add(s.counts, sign)
		b.skills[skill] = n
	}
}

func (n *headcount) add(m headcount, sign int) {
	n.logged += sign * m.logged
	n.free += sign * m.free
	n.phones += sign * m.phones
	n.slots += sign * m.slots
}

func (b *bench) tree(k kind) *btree.BTreeG[seat] {
	t := b.byKind[k]
	if t == nil {
		media, policy := dispatch.Media(k.media), b.policy
		t = btree.NewBTreeGOptions(func(x, y seat) bool {
			return policy.Before(media, x.standing, y.standing)
		}, btree.Options{NoLocks: true})
		b.byKind[k] = t
	}
	return t
}

// best is the agent to choose for a call of a kind.
func (b *bench) best(k kind) (*agent, bool) {
	t := b.byKind[k]
	if t == nil {
		return nil, false
	}
	s, ok := t.Min()
	return s.agent, ok
}

// prune forgets what nobody can do any more.
func (b *bench) prune() {
	for k, t := range b.byKind {
		if t.Len() == 0 {
			delete(b.byKind, k)
		}
	}
	for s, n := range b.skills {
		if n == (headcount{}) {
			delete(b.skills, s)
		}
	}
}
