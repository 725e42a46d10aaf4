package dispatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkDecide takes the time of what a policy costs on one event, when many
// wait: an agent gets room, and somebody new joins for each who got an agent.
// In "held" half of the agents are free and everybody waiting is a chat, the
// worst for a policy that holds chats.
func BenchmarkDecide(b *testing.B) {
	for _, size := range []struct{ agents, waiting int }{{300, 1000}, {5000, 10_000}} {
		for _, info := range Builtin() {
			for _, held := range []bool{false, true} {
				if held && info.Name != "look-ahead" {
					continue
				}
				name := fmt.Sprintf("%s/%dagents/%dwaiting", info.Name, size.agents, size.waiting)
				if held {
					name += "/held"
				}
				b.Run(name, func(b *testing.B) { benchmarkDecide(b, info, size.agents, size.waiting, held) })
			}
		}
	}
}

// floorOf is a center in full swing.
type floorOf struct {
	*Center
	r      *rand.Rand
	agents []string
	turn   uint64
	held   bool
}

func benchmarkDecide(b *testing.B, info Info, agents, waiting int, held bool) {
	var s Settings
	if held {
		s = Settings{"reserve": fmt.Sprint(agents), "max_hold": "1000000"}
	}
	p, err := New(info.Name, s)
	if err != nil {
		b.Fatal(err)
	}
	f := newFloor(agents, waiting, held)
	decide := func() (time.Duration, Decision) {
		d := f.Take()
		began := time.Now()
		if w, ok := p.(Watcher); ok {
			w.Watch(&f.View, d)
		}
		made := Run(p, f.Center)
		return time.Since(began), made
	}
	decide()
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		f.At(f.Now().Add(200 * time.Millisecond))
		f.free(f.agents[f.r.IntN(len(f.agents))])
		t, made := decide()
		took = append(took, t)
		for range made.Assign {
			f.join()
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
}

func newFloor(agents, waiting int, held bool) *floorOf {
	f := &floorOf{Center: NewCenter(), r: rand.New(rand.NewPCG(1, 2)), held: held}
	f.Record(true)
	f.At(now)
	for i := range agents {
		id := fmt.Sprint("agent", i)
		a := Agent{ID: id, Site: fmt.Sprint(i % 4), Login: now.Add(-time.Hour), Phone: i%10 > 1 || held, State: InCall, BusyFrom: now}
		if i%10 < 8 {
			a.MaxChats = 3
		}
		for _, j := range f.r.Perm(12)[:1+i%4] {
			a.Skills = append(a.Skills, fmt.Sprint("skill", j))
		}
		f.turn++
		a.Standing.Since = f.turn
		f.agents = append(f.agents, id)
		f.PutAgent(a)
		if held && i%2 == 0 {
			f.free(id)
		}
	}
	for range waiting {
		f.join()
	}
	return f
}

// free ends what an agent does, or, if he is free, gives him a call from
// outside.
func (f *floorOf) free(id string) {
	a := *f.Agent(id)
	f.turn++
	a.Busy, a.BusyFrom = a.BusyAt(f.Now()), time.Time{}
	a.Standing = Standing{Since: f.turn}
	if a.State == Free {
		a.State, a.Audio, a.Slots, a.BusyFrom = InCall, false, 0, f.Now()
	} else {
		a.State, a.Audio, a.Slots, a.FreeSince = Free, a.Phone, a.MaxChats, f.Now()
	}
	f.PutAgent(a)
}

func (f *floorOf) join() {
	f.turn++
	c := Call{ID: fmt.Sprint("call", f.turn), Media: RTP, Skill: fmt.Sprint("skill", f.r.IntN(12)), Site: fmt.Sprint(f.r.IntN(4)),
		Place: Place{Priority: f.r.IntN(3), Turn: f.turn}, Joined: f.Now()}
	if f.held || f.r.IntN(2) == 0 {
		c.Media = MSRP
	}
	f.PutCall(c)
}
