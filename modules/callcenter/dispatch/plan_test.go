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
		policy Policy
		s      Snapshot
		want   []Assignment
	}{
		{"nobody", Balancing, Snapshot{Calls: []Call{audio("c", "s", 1, 1)}}, nil},
		{"no skill", Balancing, Snapshot{[]Call{audio("c", "s", 1, 1)}, []Agent{phone("a", 1, "x")}}, nil},
		{"priority before turn", Balancing,
			Snapshot{[]Call{audio("c", "s", 9, 1), audio("d", "s", 0, 2)}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"d", "a"}}},
		{"turn in one priority", Balancing,
			Snapshot{[]Call{audio("d", "s", 5, 2), audio("c", "s", 5, 1)}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"c", "a"}}},
		{"refused heads its priority", Balancing,
			Snapshot{[]Call{audio("c", "s", 5, 1), refused}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"old", "a"}}},
		{"refused does not pass a better priority", Balancing,
			Snapshot{[]Call{audio("c", "s", 4, 10), refused}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"c", "a"}}},
		{"longest idle", Balancing,
			Snapshot{[]Call{audio("c", "s", 1, 1)}, []Agent{phone("a", 7, "s"), phone("b", 3, "s")}},
			[]Assignment{{"c", "b"}}},
		{"one call an agent", Balancing,
			Snapshot{[]Call{audio("c", "s", 1, 1), audio("d", "s", 1, 2)}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"c", "a"}}},
		{"a rare skill does not hold others back", Balancing,
			Snapshot{[]Call{audio("c", "rare", 1, 1), audio("d", "s", 2, 2)}, []Agent{phone("a", 1, "s")}},
			[]Assignment{{"d", "a"}}},
		{"audio before chat", Balancing,
			Snapshot{[]Call{chat("c", "s", 1), audio("d", "s", 9, 2)}, []Agent{mixed}},
			[]Assignment{{"d", "mixed"}}},
		{"no audio for a chat agent", Balancing,
			Snapshot{[]Call{audio("c", "s", 1, 1)}, []Agent{chatter("a", 3, 0, 1)}}, nil},
		{"no chat for an audio agent", FullLoad,
			Snapshot{[]Call{chat("c", "s", 1)}, []Agent{phone("a", 1, "s")}}, nil},
		{"balancing spreads", Balancing,
			Snapshot{[]Call{chat("1", "s", 1), chat("2", "s", 2), chat("3", "s", 3), chat("4", "s", 4)},
				[]Agent{chatter("a", 3, 0, 1), chatter("b", 3, 0, 2)}},
			[]Assignment{{"1", "a"}, {"2", "b"}, {"3", "a"}, {"4", "b"}}},
		{"full-load fills", FullLoad,
			Snapshot{[]Call{chat("1", "s", 1), chat("2", "s", 2), chat("3", "s", 3), chat("4", "s", 4)},
				[]Agent{chatter("a", 3, 0, 1), chatter("b", 3, 0, 2)}},
			[]Assignment{{"1", "a"}, {"2", "a"}, {"3", "a"}, {"4", "b"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := Snapshot{slices.Clone(tt.s.Calls), slices.Clone(tt.s.Agents)}
			if got := Plan(tt.s, tt.policy); !slices.Equal(got, tt.want) {
				t.Errorf("Plan = %v, want %v", got, tt.want)
			}
			if again := Plan(before, tt.policy); !slices.Equal(again, tt.want) {
				t.Errorf("Plan changed its snapshot: then %v, want %v", again, tt.want)
			}
		})
	}
}
