package dispatch

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func made(t *testing.T, name string, s Settings) Policy {
	t.Helper()
	p, err := New(name, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bench is a center at nine o'clock that a policy is shown.
func bench(d Delta) *Center {
	d.Now = now
	c := NewCenter()
	c.Record(true)
	c.Apply(d)
	return c
}

// show shows a policy a center and returns what it wants in the end.
func show(p Policy, c *Center) Decision {
	if w, ok := p.(Watcher); ok {
		w.Watch(&c.View, c.Take())
	}
	return Run(p, c)
}

func site(a Agent, site string) Agent { a.Site = site; return a }

// idle is an agent who has been idle for so long.
func idle(id string, since uint64, d time.Duration, skills ...string) Agent {
	a := phone(id, since, skills...)
	a.Phone, a.FreeSince = true, now.Add(-d)
	return a
}

// mixedAgent takes calls and two chats.
func mixedAgent(id string, since uint64, skills ...string) Agent {
	a := idle(id, since, time.Minute, skills...)
	a.MaxChats, a.Slots = 2, 2
	return a
}

// chatting is a mixed agent who has a chat.
func chatting(id string, since uint64, skills ...string) Agent {
	a := mixedAgent(id, since, skills...)
	a.State, a.Audio, a.Slots, a.Standing.Chats, a.FreeSince = InChat, false, 1, 1, time.Time{}
	return a
}

// full is a mixed agent with one more chat, and room for another.
func full(a Agent) Agent {
	a.MaxChats++
	a.Standing.Chats++
	return a
}

func busy(a Agent, share float64) Agent {
	a.Login = now.Add(-time.Hour)
	a.Busy = time.Duration(share * float64(time.Hour))
	return a
}

func joined(c Call, ago time.Duration) Call { c.Joined = now.Add(-ago); return c }

func at(c Call, site string) Call { c.Site = site; return c }

func TestPolicies(t *testing.T) {
	lastPriority := chat("low", "s", 1)
	lastPriority.Place.Priority = 9
	tests := []struct {
		name     string
		policy   string
		settings Settings
		s        Delta
		want     []pair
	}{
		{"first come, first served, whatever it is", "longest-idle", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 2), chat("chat", "s", 1)}, Agents: []Agent{mixedAgent("a", 1, "s")}},
			[]pair{{"chat", "a"}, {"call", "-"}}},
		{"a priority goes before its turn", "longest-idle", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 2), lastPriority}, Agents: []Agent{mixedAgent("a", 1, "s")}},
			[]pair{{"call", "a"}, {"low", "-"}}},
		{"longest idle", "longest-idle", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 2)}, Agents: []Agent{idle("a", 7, 1, "s"), idle("b", 3, 2, "s", "t")}},
			[]pair{{"call", "b"}}},
		{"who chats is not idle", "longest-idle", nil,
			Delta{Calls: []Call{chat("chat", "s", 1)}, Agents: []Agent{chatting("a", 1, "s"), mixedAgent("b", 3, "s")}},
			[]pair{{"chat", "b"}}},

		{"S14: fewest skills before longest idle", "fewest-skills", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{idle("a", 1, time.Hour, "s", "t"), idle("b", 2, time.Minute, "s")}},
			[]pair{{"call", "b"}}},
		{"S15: equal skills, longest idle", "fewest-skills", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{idle("a", 2, time.Minute, "s", "t"), idle("b", 1, time.Hour, "s", "u")}},
			[]pair{{"call", "b"}}},
		{"S15: equal idle within a second, the same site", "fewest-skills", nil,
			Delta{Calls: []Call{at(audio("call", "s", 1, 1), "oslo")}, Agents: []Agent{
				site(idle("a", 1, time.Minute, "s"), "rome"), site(idle("b", 2, time.Minute-time.Second, "s"), "oslo")}},
			[]pair{{"call", "b"}}},
		{"S15: idle more than a second longer, wherever he is", "fewest-skills", nil,
			Delta{Calls: []Call{at(audio("call", "s", 1, 1), "oslo")}, Agents: []Agent{
				site(idle("a", 1, time.Minute, "s"), "rome"), site(idle("b", 2, time.Minute-1001*time.Millisecond, "s"), "oslo")}},
			[]pair{{"call", "a"}}},
		{"S15: other sites by the table", "fewest-skills", Settings{"cost.oslo.rome": "5", "cost.wien.oslo": "3", "cost": "4"},
			Delta{Calls: []Call{at(audio("call", "s", 1, 1), "oslo")}, Agents: []Agent{
				site(idle("a", 1, time.Minute, "s"), "rome"), site(idle("b", 2, time.Minute, "s"), "bern"), site(idle("c", 3, time.Minute, "s"), "wien")}},
			[]pair{{"call", "c"}}},
		{"S15: a call from nowhere costs nothing", "fewest-skills", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{
				site(idle("a", 1, time.Minute, "s"), "rome"), idle("b", 2, time.Minute, "s")}},
			[]pair{{"call", "a"}}},
		{"a chat, too, goes to fewest skills", "fewest-skills", nil,
			Delta{Calls: []Call{chat("chat", "s", 1)}, Agents: []Agent{mixedAgent("a", 1, "s", "t"), chatting("b", 2, "s")}},
			[]pair{{"chat", "b"}}},

		{"a call goes to who takes no chats", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{mixedAgent("a", 1, "s"), idle("b", 2, time.Minute, "s", "t")}},
			[]pair{{"call", "b"}}},
		{"then to fewest skills", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{busy(idle("a", 1, time.Hour, "s", "t"), .8), busy(idle("b", 2, 1, "s"), .89)}},
			[]pair{{"call", "b"}}},
		{"but who can do much is not spared all work", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{busy(idle("a", 1, time.Hour, "s", "t"), .8), busy(idle("b", 2, 1, "s"), .91)}},
			[]pair{{"call", "a"}}},
		{"then to the least busy", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1)}, Agents: []Agent{busy(idle("a", 1, time.Hour, "s"), .9), busy(idle("b", 2, 1, "s"), .8)}},
			[]pair{{"call", "b"}}},
		{"the better placed of two skills gets the only agent", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 1, 1), audio("vip", "t", 0, 2)}, Agents: []Agent{idle("a", 1, time.Hour, "s", "t")}},
			[]pair{{"vip", "a"}, {"call", "-"}}},
		{"calls before chats", "look-ahead", nil,
			Delta{Calls: []Call{audio("call", "s", 9, 3), chat("chat", "s", 1)}, Agents: []Agent{mixedAgent("a", 1, "s")}},
			[]pair{{"call", "a"}, {"chat", "-"}}},
		{"a chat goes to who takes nothing else", "look-ahead", Settings{"reserve": "0"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{chatting("a", 1, "s"), mixedAgent("b", 2, "s"), chatter("c", 1, 4, 3)}},
			[]pair{{"chat", "c"}}},
		{"then to who chats already", "look-ahead", Settings{"reserve": "0"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{mixedAgent("b", 2, "s"), chatting("a", 3, "s")}},
			[]pair{{"chat", "a"}}},
		{"then to the least busy if enough remain", "look-ahead", Settings{"reserve": "1"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{busy(mixedAgent("a", 1, "s"), .5), busy(mixedAgent("b", 2, "s"), .4)}},
			[]pair{{"chat", "b"}}},
		{"else to nobody", "look-ahead", Settings{"reserve": "2"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{mixedAgent("a", 1, "s"), mixedAgent("b", 2, "s")}},
			[]pair{{"chat", "-"}}},
		{"the agent's other skills count as well", "look-ahead", Settings{"reserve": "1"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{mixedAgent("a", 1, "s", "t"), idle("b", 2, time.Minute, "s")}},
			[]pair{{"chat", "-"}}},
		{"no new chat for whom a call waits", "look-ahead", Settings{"reserve": "0"},
			Delta{Calls: []Call{audio("call", "s", 1, 2), joined(chat("chat", "s", 1), 0)}, Agents: []Agent{chatting("a", 1, "s")}},
			[]pair{{"call", "-"}, {"chat", "-"}}},
		{"but for another", "look-ahead", Settings{"reserve": "0"},
			Delta{Calls: []Call{audio("call", "s", 1, 2), joined(chat("chat", "s", 1), 0)}, Agents: []Agent{chatting("a", 1, "s"), chatting("b", 2, "s")}},
			[]pair{{"call", "-"}, {"chat", "b"}}},
		{"rather for one whose skills no call waits for than for the fullest", "look-ahead", Settings{"reserve": "0"},
			Delta{Calls: []Call{audio("call", "t", 1, 2), joined(chat("chat", "s", 1), 0)},
				Agents: []Agent{chatting("a", 1, "t"), full(chatting("b", 2, "s", "t")), chatting("c", 3, "s")}},
			[]pair{{"call", "-"}, {"chat", "c"}}},
		{"a chat waits no longer than it may", "look-ahead", Settings{"reserve": "2", "max_hold": "30"},
			Delta{Calls: []Call{joined(chat("chat", "s", 1), 30*time.Second)}, Agents: []Agent{mixedAgent("a", 1, "s")}},
			[]pair{{"chat", "a"}}},
		{"rather with one who chats than with one kept free", "look-ahead", Settings{"reserve": "2", "max_hold": "30"},
			Delta{Calls: []Call{audio("call", "t", 1, 2), joined(chat("chat", "s", 1), 30*time.Second)},
				Agents: []Agent{mixedAgent("a", 1, "s"), chatting("b", 2, "s", "t")}},
			[]pair{{"call", "-"}, {"chat", "b"}}},
		{"whoever is given up for a chat serves the ones before it first", "look-ahead", Settings{"reserve": "9", "max_hold": "30"},
			Delta{Calls: []Call{joined(chat("old", "s", 1), time.Minute), joined(vipChat("vip", "t", 2), 0)},
				Agents: []Agent{mixedAgent("a", 1, "s", "t")}},
			[]pair{{"vip", "a"}, {"old", "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.policy+"/"+tt.name, func(t *testing.T) {
			c := bench(tt.s)
			got := pairs(show(made(t, tt.policy, tt.settings), c).Assign)
			for call := range c.Calls() {
				got = append(got, pair{call.ID, "-"})
			}
			slices.SortFunc(tt.want, byCall)
			slices.SortFunc(got, byCall)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func byCall(a, b pair) int { return strings.Compare(a.call, b.call) }

func vipChat(id, skill string, turn uint64) Call {
	c := chat(id, skill, turn)
	c.Place.Priority = 0
	return c
}

func TestReasons(t *testing.T) {
	call, text := audio("call", "s", 1, 2), joined(chat("chat", "s", 1), 0)
	tests := []struct {
		policy, reserve string
		s               Delta
		want            string
	}{
		{"longest-idle", "", Delta{Calls: []Call{call}, Agents: []Agent{idle("a", 1, 1, "s")}}, "longest idle"},
		{"longest-idle", "", Delta{Calls: []Call{text}, Agents: []Agent{chatting("a", 1, "s")}}, "nobody idle: fewest chats"},
		{"fewest-skills", "", Delta{Calls: []Call{call}, Agents: []Agent{idle("a", 1, 1, "s", "t")}}, "fewest skills: 2, longest idle"},
		{"fewest-skills", "", Delta{Calls: []Call{at(call, "oslo")}, Agents: []Agent{site(idle("a", 1, 1, "s"), "rome"), site(idle("b", 2, 1, "s"), "oslo")}},
			"fewest skills: 1, at the site of the call"},
		{"look-ahead", "auto", Delta{Calls: []Call{call}, Agents: []Agent{idle("a", 1, 1, "s"), idle("b", 2, 1, "s"), mixedAgent("c", 3, "s")}},
			"few skills and least busy of 2 phone-only agents"},
		{"look-ahead", "auto", Delta{Calls: []Call{call}, Agents: []Agent{mixedAgent("a", 1, "s")}}, "only agent free"},
		{"look-ahead", "0", Delta{Calls: []Call{text}, Agents: []Agent{mixedAgent("a", 1, "s")}}, "not needed for calls, least busy"},
		{"look-ahead", "0", Delta{Calls: []Call{text}, Agents: []Agent{chatting("a", 1, "s")}}, "chats already; no call waits for him"},
		{"look-ahead", "0", Delta{Calls: []Call{call, text}, Agents: []Agent{chatting("a", 1, "s"), chatting("b", 2, "s")}},
			"chats already; enough others are kept for the calls that wait"},
		{"look-ahead", "0", Delta{Calls: []Call{text}, Agents: []Agent{chatter("a", 1, 1, 1)}}, "takes chats only"},
		{"look-ahead", "2", Delta{Calls: []Call{text}, Agents: []Agent{mixedAgent("a", 1, "s")}}, "kept free for calls of s: 1 of 2 needed"},
		{"look-ahead", "0", Delta{Calls: []Call{call, text}, Agents: []Agent{chatting("a", 1, "s")}}, "calls wait for the agents who chat"},
	}
	for _, tt := range tests {
		t.Run(tt.policy+"/"+tt.want, func(t *testing.T) {
			s := Settings{}
			if tt.reserve != "" {
				s["reserve"] = tt.reserve
			}
			d := show(made(t, tt.policy, s), bench(tt.s))
			var got []string
			for _, a := range d.Assign {
				got = append(got, a.Reason)
			}
			for _, h := range d.Hold {
				got = append(got, h.Reason)
			}
			if len(got) != 1 || got[0] != tt.want {
				t.Errorf("reasons %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	tests := []struct{ policy, key, value, want string }{
		{"nonesuch", "", "", "no policy \"nonesuch\": want one of balancing, full-load, longest-idle, fewest-skills, look-ahead, or plugin:"},
		{"balancing", "z", "1", "policy balancing has no setting \"z\": it takes none"},
		{"look-ahead", "y", "1", "policy look-ahead has no setting \"y\": it takes floor, max_hold, reserve, z"},
		{"look-ahead", "reserve", "many", "policy look-ahead: reserve is \"many\": want auto, or a number of agents"},
		{"look-ahead", "reserve", "-1", "want auto, or a number"},
		{"look-ahead", "z", "-1", "z is \"-1\": want a number, 0 or more"},
		{"look-ahead", "z", "NaN", "want a number"},
		{"look-ahead", "floor", "1.5", "floor is \"1.5\": want a number of agents"},
		{"look-ahead", "max_hold", "0", "max_hold is \"0\": want a number of seconds above 0"},
		{"look-ahead", "max_hold", "soon", "as 90s or 2m"},
		{"look-ahead", "reserve", "auto", ""},
		{"look-ahead", "reserve", "3", ""},
		{"look-ahead", "max_hold", "2m30s", ""},
		{"look-ahead", "max_hold", "90", ""},
		{"fewest-skills", "cost.a", "1", "no setting \"cost.a\""},
		{"fewest-skills", "cost..b", "1", "want cost.A.B"},
		{"fewest-skills", "cost.a.b.c", "1", "want cost.A.B"},
		{"fewest-skills", "cost.a.b", "far", "cost.a.b is \"far\": want a number"},
		{"fewest-skills", "cost.a.b", "2.5", ""},
		{"fewest-skills", "price", "2", "it takes cost, cost.*.*"},
	}
	for _, tt := range tests {
		s := Settings{}
		if tt.key != "" {
			s[tt.key] = tt.value
		}
		p, err := New(tt.policy, s)
		switch {
		case tt.want == "" && (err != nil || p == nil):
			t.Errorf("%s %s=%s: %v, want a policy", tt.policy, tt.key, tt.value, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %s=%s: error %v, want %q in it", tt.policy, tt.key, tt.value, err, tt.want)
		}
	}
}
