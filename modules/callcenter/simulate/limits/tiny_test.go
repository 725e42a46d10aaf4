package limits

import (
	"fmt"
	"testing"
)

func TestStates(t *testing.T) {
	if n := Scenario(1).States(); n != 75_000 {
		t.Errorf("%d states", n)
	}
	s := small()
	s.Mixed, s.Slots = 4, 3
	if n, want := s.States(), len(s.floor().desks)*49; n != want {
		t.Errorf("%d states, want %d", n, want)
	}
}

// TestOptimum holds the costs of the scenario at its three loads.
func TestOptimum(t *testing.T) {
	for load, want := range map[float64]float64{0.8: 0.0859, 1.0: 0.1884, 1.2: 0.3305} {
		t.Run(fmt.Sprint(load), func(t *testing.T) {
			t.Parallel()
			part := 0.0
			o, err := Scenario(load).Solve(1e-3, func(p float64) {
				if p < part || p > 1 {
					t.Errorf("progress %g after %g", p, part)
				}
				part = p
			})
			if err != nil {
				t.Fatal(err)
			}
			near(t, "cost", o.Cost, want, 1e-4)
			if o.Low > o.Cost || o.High < o.Cost || part == 0 {
				t.Errorf("%g is not from %g to %g, or nothing was told of the progress: %g", o.Cost, o.Low, o.High, part)
			}
		})
	}
}

// TestOneLine holds that agents who need no decision come to Erlang A.
func TestOneLine(t *testing.T) {
	s := Scenario(1)
	s.Callers, s.Mixed, s.Chatters, s.Room = 4, 0, 3, 30
	o, err := s.Solve(1e-5, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := Line{Agents: 4, Arrivals: s.Calls, Service: s.Talk, Patience: s.CallPatience}.Solve()
	chats := Line{Agents: 6, Arrivals: s.Chats, Service: s.Chat, Patience: s.ChatPatience}.Solve()
	near(t, "calls", o.Call, calls.Wait, 1e-3*calls.Wait)
	near(t, "chats", o.Chat, chats.Wait, 1e-3*chats.Wait)
}

// small is the scenario with short queues.
func small() Tiny {
	s := Scenario(1)
	s.Room = 6
	return s
}

// greedy serves whoever waits, calls first; emptiest is balancing's choice for
// chats, else full-load's.
func greedy(s Tiny, emptiest bool) func(State) Move {
	return func(st State) Move {
		free := s.Mixed - st.InCall
		for _, n := range st.Chatting {
			free -= n
		}
		switch {
		case st.Calls > 0 && st.Callers < s.Callers:
			return Move{Kind: CallToCaller}
		case st.Calls > 0 && free > 0:
			return Move{Kind: CallToMixed}
		case st.Chats == 0:
			return Move{}
		case st.Chatters < s.Chatters*s.Slots && (!emptiest || st.Chatters == 0 || free == 0):
			return Move{Kind: ChatToChatter}
		case free > 0 && (emptiest || st.Chatting[0] == 0):
			return Move{Kind: ChatToMixed}
		}
		for k := s.Slots - 1; k > 0; k-- {
			if st.Chatting[k-1] > 0 {
				return Move{Kind: ChatToMixed, Chats: k}
			}
		}
		return Move{}
	}
}

// TestNoneIsBetter holds that no policy comes near the optimum by chance, and
// that following it costs as much.
func TestNoneIsBetter(t *testing.T) {
	s := small()
	o, err := s.Solve(1e-4, nil)
	if err != nil {
		t.Fatal(err)
	}
	same, err := s.Evaluate(o.Next, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the optimum, followed", same.Cost/o.Cost, 1, 3e-4)
	near(t, "its calls", same.Call/o.Call, 1, 1e-3)
	for name, policy := range map[string]func(State) Move{
		"balancing": greedy(s, true), "full-load": greedy(s, false),
		"nobody":        func(State) Move { return Move{} },
		"callers alone": func(State) Move { return Move{Kind: CallToCaller} },
	} {
		w, err := s.Evaluate(policy, 1e-4)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.3f of the optimum; calls %.1f s, chats %.1f s", name, w.Cost/o.Cost, w.Call, w.Chat)
		if w.Cost < o.Cost*1.1 {
			t.Errorf("%s costs %g, the optimum %g", name, w.Cost, o.Cost)
		}
	}
	if got := o.Next(State{Calls: 1, Callers: 9}); got != (Move{}) {
		t.Errorf("in a state that cannot be: %s", got)
	}
}

// TestFrontier holds that dearer chats wait less, and calls more.
func TestFrontier(t *testing.T) {
	list, err := small().Frontier(0.1, 1, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(list); i++ {
		if a, b := list[i-1], list[i]; b.Call < a.Call || b.Chat > a.Chat {
			t.Errorf("after %+v comes %+v", a, b)
		}
	}
}

func TestCannotBeSolved(t *testing.T) {
	for _, change := range []func(*Tiny){
		func(s *Tiny) { s.Slots = 6 }, func(s *Tiny) { s.Room = 0 }, func(s *Tiny) { s.Calls = 0 }, func(s *Tiny) { s.ChatPatience = 0 },
	} {
		s := small()
		change(&s)
		if _, err := s.Solve(1e-3, nil); err == nil {
			t.Errorf("%+v is solved", s)
		}
	}
}
