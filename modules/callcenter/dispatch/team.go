package dispatch

import (
	"slices"
	"strings"
)

// reteam moves an agent, who still has his old skills, to the teams of others.
func (c *Center) reteam(m *member, skills []string) {
	if slices.Equal(m.Skills, skills) {
		return
	}
	was, places := m.Skills, make([]int, len(skills))
	for i, skill := range was {
		if j := slices.Index(skills, skill); j >= 0 {
			places[j] = m.places[i]
			continue
		}
		t := c.teams[skill]
		if t.leave(m, i); len(t.members) == 0 {
			delete(c.teams, skill)
		}
	}
	m.Skills, m.places = skills, places
	for i, skill := range skills {
		if slices.Contains(was, skill) {
			continue
		}
		t := c.teams[skill]
		if t == nil {
			t = &team{}
			c.teams[skill] = t
		}
		t.join(m, i)
	}
}

// team is all at their desks who have a skill. It is put in order when somebody
// looks: a reload that logs thousands in or out need not keep it.
type team struct {
	members []*member
	sorted  bool // by id
}

// join enters an agent for the i-th of his skills.
func (t *team) join(m *member, i int) {
	n := len(t.members)
	t.sorted = n == 0 || t.sorted && t.members[n-1].ID < m.ID
	m.places[i] = n
	t.members = append(t.members, m)
}

// leave undoes join.
func (t *team) leave(m *member, i int) {
	at, last := m.places[i], len(t.members)-1
	if at != last {
		moved := t.members[last]
		t.members[at] = moved
		moved.places[slices.Index(moved.Skills, m.Skills[i])] = at
		t.sorted = false
	}
	t.members[last] = nil
	t.members = t.members[:last]
}

// inOrder are the members by id.
func (t *team) inOrder(skill string) []*member {
	if !t.sorted {
		slices.SortFunc(t.members, func(a, b *member) int { return strings.Compare(a.ID, b.ID) })
		for at, m := range t.members {
			m.places[slices.Index(m.Skills, skill)] = at
		}
		t.sorted = true
	}
	return t.members
}
