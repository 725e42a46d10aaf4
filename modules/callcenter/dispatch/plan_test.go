package dispatch

import (
	"slices"
	"testing"
)

func audio(id, skill string, priority int, turn uint64) Call {
	return Call{ID: id, Media: RTP, Skill: skill, Place: Place{Priority: priority, Turn: turn}}
}

func chat(id, skill string, turn uint64) Call {
	return Call{ID: id, Media: MSRP, Skill: skill, Place: Place{Priority: 1, Turn: turn}}
}

func phone(id string, since uint64, skills ...string) Agent {
	return Agent{ID: id, Skills: skills, Audio: true, Standing: Standing{Since: since}}
}

func chatter(id string, slots, chats int, since uint64) Agent {
	return Agent{ID: id, Skills: []string{"s"}, Slots: slots, Standing: Standing{Chats: chats, Since: since}}
}

func TestPlan(t *testing.T) {
	refused := audio("old", "s", 5, 9)
	refused.Place.Refused = true
	mixed := phone("mixed", 1, "s")
	mixed.Slots = 2

	tests := []struct {
		name   string
		policy ChatPolicy
		s      Delta
		want   []pair
	}{
		{"nobody", Balancing, Delta{Calls: []Call{audio("c", "s", 1, 1)}}, nil},
		{"no skill", Balancing, Delta{Calls: []Call{audio("c", "s", 1, 1)}, Agents: []Agent{phone("a", 1, "x")}}, nil},
		{"priority before turn", Balancing,
			Delta{Calls: []Call{audio("c", "s", 9, 1), audio("d", "s", 0, 2)}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"d", "a"}}},
		{"turn in one priority", Balancing,
			Delta{Calls: []Call{audio("d", "s", 5, 2), audio("c", "s", 5, 1)}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"c", "a"}}},
		{"refused heads its priority", Balancing,
			Delta{Calls: []Call{audio("c", "s", 5, 1), refused}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"old", "a"}}},
		{"refused does not pass a better priority", Balancing,
			Delta{Calls: []Call{audio("c", "s", 4, 10), refused}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"c", "a"}}},
		{"longest idle", Balancing,
			Delta{Calls: []Call{audio("c", "s", 1, 1)}, Agents: []Agent{phone("a", 7, "s"), phone("b", 3, "s")}},
			[]pair{{"c", "b"}}},
		{"one call an agent", Balancing,
			Delta{Calls: []Call{audio("c", "s", 1, 1), audio("d", "s", 1, 2)}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"c", "a"}}},
		{"a rare skill does not hold others back", Balancing,
			Delta{Calls: []Call{audio("c", "rare", 1, 1), audio("d", "s", 2, 2)}, Agents: []Agent{phone("a", 1, "s")}},
			[]pair{{"d", "a"}}},
		{"audio before chat", Balancing,
			Delta{Calls: []Call{chat("c", "s", 1), audio("d", "s", 9, 2)}, Agents: []Agent{mixed}},
			[]pair{{"d", "mixed"}}},
		{"no audio for a chat agent", Balancing,
			Delta{Calls: []Call{audio("c", "s", 1, 1)}, Agents: []Agent{chatter("a", 3, 0, 1)}}, nil},
		{"no chat for an audio agent", FullLoad,
			Delta{Calls: []Call{chat("c", "s", 1)}, Agents: []Agent{phone("a", 1, "s")}}, nil},
		{"balancing spreads", Balancing,
			Delta{Calls: []Call{chat("1", "s", 1), chat("2", "s", 2), chat("3", "s", 3), chat("4", "s", 4)},
				Agents: []Agent{chatter("a", 3, 0, 1), chatter("b", 3, 0, 2)}},
			[]pair{{"1", "a"}, {"2", "b"}, {"3", "a"}, {"4", "b"}}},
		{"full-load fills", FullLoad,
			Delta{Calls: []Call{chat("1", "s", 1), chat("2", "s", 2), chat("3", "s", 3), chat("4", "s", 4)},
				Agents: []Agent{chatter("a", 3, 0, 1), chatter("b", 3, 0, 2)}},
			[]pair{{"1", "a"}, {"2", "a"}, {"3", "a"}, {"4", "b"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := pairs(Plan(tt.s, tt.policy)); !slices.Equal(got, tt.want) {
				t.Errorf("Plan = %v, want %v", got, tt.want)
			}
			if got := pairs(Plan(tt.s, tt.policy)); !slices.Equal(got, tt.want) {
				t.Errorf("Plan changed what it was given: then %v, want %v", got, tt.want)
			}
			c := NewCenter()
			c.Apply(tt.s)
			if got := pairs(Run(tt.policy, c).Assign); !slices.Equal(got, tt.want) {
				t.Errorf("Decide: %v, want %v", got, tt.want)
			}
		})
	}
}

// pair is an assignment without its reason.
type pair struct{ call, agent string }

func pairs(as []Assignment) (list []pair) {
	for _, a := range as {
		list = append(list, pair{a.Call, a.Agent})
	}
	return list
}
