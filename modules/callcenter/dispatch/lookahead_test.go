package dispatch

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestHeldChat follows a chat that is held: it is told why, once; it gets an
// agent when enough are free, and asks to be looked at when it has waited long
// enough.
func TestHeldChat(t *testing.T) {
	p := made(t, "look-ahead", Settings{"reserve": "2", "max_hold": "60"})
	c := bench(Delta{Calls: []Call{joined(chat("chat", "s", 1), 10*time.Second)},
		Agents: []Agent{mixedAgent("a", 1, "s"), mixedAgent("b", 2, "s")}})

	d := show(p, c)
	if len(d.Assign) != 0 || len(d.Hold) != 1 || d.Again != 50*time.Second {
		t.Fatalf("decided %+v, want it held for 50s more", d)
	}
	c.At(now.Add(5 * time.Second))
	if d = show(p, c); len(d.Assign)+len(d.Hold) != 0 || d.Again != 45*time.Second {
		t.Fatalf("without news decided %+v, want nothing for 45s", d)
	}

	third := idle("c", 3, 0, "s")
	c.PutAgent(third)
	if d = show(p, c); len(d.Assign) != 1 {
		t.Fatalf("with a third free decided %+v, want the chat given an agent", d)
	}
}

func TestHeldChatIsReleased(t *testing.T) {
	p := made(t, "look-ahead", Settings{"reserve": "2", "max_hold": "60"})
	c := bench(Delta{Calls: []Call{joined(chat("chat", "s", 1), 0)}, Agents: []Agent{mixedAgent("a", 1, "s")}})
	d := show(p, c)
	c.At(now.Add(d.Again - 1))
	if d := show(p, c); len(d.Assign) != 0 {
		t.Errorf("given an agent a moment early: %+v", d)
	}
	c.At(now.Add(d.Again))
	if d := show(p, c); len(d.Assign) != 1 {
		t.Errorf("after as long as it may wait decided %+v, want an agent", d)
	}
}

// TestReserveFollowsLoad holds that chats are kept from agents by the calls that
// arrive, and not by those that did long ago.
func TestReserveFollowsLoad(t *testing.T) {
	p := made(t, "look-ahead", nil).(*lookAhead)
	c := bench(Delta{})
	at, turn := now, uint64(0)
	call := func(every time.Duration, n int) int {
		for range n {
			at, turn = at.Add(every), turn+1
			one := audio(fmt.Sprint(turn), "s", 1, turn)
			c.At(at)
			c.PutCall(one)
			p.Watch(&c.View, c.Take())
			c.DropCall(one.ID)
			p.Watch(&c.View, c.Take())
		}
		return p.need("s")
	}
	if n := call(0, 0); n != defaultFloor {
		t.Errorf("before any call %d are kept free, want %d", n, defaultFloor)
	}
	// 9 Erlang of 180 s each, and .1·√9 more.
	if n := call(20*time.Second, 500); n != 10 {
		t.Errorf("with a call in 20 s, %d are kept free, want 10", n)
	}
	if n := call(90*time.Second, 500); n != 3 {
		t.Errorf("with a call in 90 s, %d are kept free, want 3", n)
	}
}

func TestHandling(t *testing.T) {
	e := newEstimate()
	a := idle("a", 1, 0, "s")
	at := now
	for range 300 {
		for _, s := range [...]struct {
			state State
			after time.Duration
		}{{Free, 10 * time.Second}, {InCall, 100 * time.Second}, {Wrapup, 20 * time.Second}, {InChat, 500 * time.Second}} {
			a.State = s.state
			e.watch(Delta{Now: at, Agents: []Agent{a}})
			at = at.Add(s.after)
		}
	}
	if s := e.handling(); math.Abs(s-120) > 5 {
		t.Errorf("a call keeps its agent %.1f s, want about 120", s)
	}
	e.watch(Delta{Now: at, Left: []string{"a"}})
	if len(e.agents)+len(e.crews)+len(e.skills)+e.running != 0 {
		t.Errorf("something is left of an agent who left: %+v", e)
	}
}

// TestBusyIsShared holds that an agent in a call counts for his skills by their
// calls.
func TestBusyIsShared(t *testing.T) {
	e := newEstimate()
	e.rates = map[string]*arrivals{"s": {n: 3, over: 1, last: now}, "t": {n: 1, over: 1, last: now}}
	one, both := idle("a", 1, 0, "s"), idle("b", 2, 0, "s", "t")
	one.State, both.State = InCall, InCall
	e.watch(Delta{Now: now, Agents: []Agent{one, both}})
	if s, o := e.busy("s"), e.busy("t"); s != 1.75 || o != .25 {
		t.Errorf("in calls %v and %v, want 1.75 and .25", s, o)
	}
}

// TestMost compares the worst moment with what it must be at the ends.
func TestMost(t *testing.T) {
	if n := most(4, 0, 0); n != 4 {
		t.Errorf("nobody in calls: %v, want 4", n)
	}
	if n := most(4, 4, 1); math.Abs(n-2) > 1e-9 {
		t.Errorf("as many in calls as on the average: %v, want √4", n)
	}
	if n := most(4, 40, 0); n != 0 {
		t.Errorf("far more in calls than on the average: %v, want 0", n)
	}
}
