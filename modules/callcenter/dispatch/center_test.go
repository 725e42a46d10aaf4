package dispatch

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// look is what a policy can see of a center.
type look struct {
	Delta   Delta
	Waiting map[Kind][]string
	Room    map[Kind][]string
	Teams   map[string][]string
	Counts  []int
}

var (
	lookSkills = []string{"a", "b", "c", "d"}
	lookMedia  = []Media{RTP, MSRP}
)

func see(c *Center) look {
	l := look{Delta: c.Whole(), Waiting: map[Kind][]string{}, Room: map[Kind][]string{}, Teams: map[string][]string{}}
	for _, skill := range lookSkills {
		for a := range c.Team(skill) {
			l.Teams[skill] = append(l.Teams[skill], a.ID)
		}
		l.Counts = append(l.Counts, c.CountTeam(skill))
		for _, m := range lookMedia {
			k := Kind{skill, m}
			for call := range c.Waiting(k) {
				l.Waiting[k] = append(l.Waiting[k], call.ID)
			}
			for a := range c.WithRoom(k) {
				l.Room[k] = append(l.Room[k], a.ID)
			}
			l.Counts = append(l.Counts, c.CountWaiting(k), c.CountWithRoom(k))
		}
	}
	return l
}

// TestCenterHistory changes a center in every way, and holds that it looks like
// one into which everything is put as it is in the end, and that every kind in
// which something changed is marked.
func TestCenterHistory(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		c, turn := NewCenter(), uint64(0)
		calls, agents := map[string]Call{}, map[string]Agent{}
		for range 60 {
			before := see(c)
			c.Settled()
			for range 1 + r.IntN(4) { // a look would put the teams in order
				change(r, c, calls, agents, &turn)
			}
			fresh := NewCenter()
			for _, call := range calls {
				fresh.PutCall(call)
			}
			for _, a := range agents {
				fresh.PutAgent(a)
			}
			got, want := see(c), see(fresh)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d:\ngot  %+v\nwant %+v", seed, got, want)
			}
			marked := slices.Collect(c.Changed())
			for _, skill := range lookSkills {
				for _, m := range lookMedia {
					k := Kind{skill, m}
					changed := !reflect.DeepEqual(before.Waiting[k], got.Waiting[k]) || !reflect.DeepEqual(before.Room[k], got.Room[k])
					if changed && got.Waiting[k] != nil && got.Room[k] != nil && !slices.Contains(marked, k) {
						t.Fatalf("seed %d: %v changed and is not marked", seed, k)
					}
				}
			}
		}
	}
}

// change does one thing to a center, and notes it.
func change(r *rand.Rand, c *Center, calls map[string]Call, agents map[string]Agent, turn *uint64) {
	switch r.IntN(6) {
	case 0:
		call := randomCall(r, turn)
		calls[call.ID] = call
		c.PutCall(call)
	case 1:
		id := fmt.Sprint("c", r.IntN(12))
		delete(calls, id)
		c.DropCall(id)
	case 2, 3:
		a := randomAgent(r, turn)
		if old, there := agents[a.ID]; there && r.IntN(2) == 0 { // only some of it
			old.Skills = a.Skills
			a = old
		}
		agents[a.ID] = a
		c.PutAgent(a)
	case 4:
		id := fmt.Sprint("a", r.IntN(8))
		delete(agents, id)
		c.DropAgent(id)
	case 5:
		c.PutCalls(slices.Values(reordered(r, calls, turn)))
	}
}

func randomCall(r *rand.Rand, turn *uint64) Call {
	*turn++
	return Call{ID: fmt.Sprint("c", r.IntN(12)), Media: lookMedia[r.IntN(2)], Skill: lookSkills[r.IntN(4)],
		Place: Place{Priority: r.IntN(3), Turn: *turn}}
}

func randomAgent(r *rand.Rand, turn *uint64) Agent {
	*turn++
	skills := slices.Clone(lookSkills)
	r.Shuffle(len(skills), func(i, j int) { skills[i], skills[j] = skills[j], skills[i] })
	return Agent{ID: fmt.Sprint("a", r.IntN(8)), Skills: skills[:r.IntN(5)], Audio: r.IntN(2) == 0, Slots: r.IntN(3),
		Standing: Standing{Chats: r.IntN(3), Since: *turn}}
}

// reordered changes the calls as a reload does, and returns them in order.
func reordered(r *rand.Rand, calls map[string]Call, turn *uint64) []Call {
	for id, call := range calls {
		switch r.IntN(5) {
		case 0:
			delete(calls, id)
			continue
		case 1:
			call.Skill = lookSkills[r.IntN(4)]
		case 2:
			call.Place.Priority = r.IntN(3)
		}
		calls[id] = call
	}
	if call := randomCall(r, turn); r.IntN(2) == 0 {
		calls[call.ID] = call
	}
	var list []Call
	for _, call := range calls {
		list = append(list, call)
	}
	slices.SortFunc(list, func(a, b Call) int {
		if a.Place == b.Place {
			return cmp.Compare(a.ID, b.ID)
		}
		if a.Place.Before(b.Place) {
			return -1
		}
		return 1
	})
	return list
}

// TestPutCallsTakes: what a policy outside is told is what changed.
func TestPutCallsTakes(t *testing.T) {
	c := NewCenter()
	c.Record(true)
	one, two, three := Call{ID: "1", Place: Place{Turn: 1}}, Call{ID: "2", Place: Place{Turn: 2}}, Call{ID: "3", Place: Place{Turn: 3}}
	c.PutCall(one)
	c.PutCall(two)
	c.PutCall(three)
	c.Take()
	two.Place.Priority = 1
	c.PutCalls(slices.Values([]Call{one, two}))
	d := c.Take()
	if len(d.Calls) != 1 || d.Calls[0] != two || !slices.Equal(d.Gone, []string{"3"}) {
		t.Errorf("%+v", d)
	}
}
