package engine

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// TestForecast compares the closed form with the sum it stands for.
func TestForecast(t *testing.T) {
	for _, p := range []forecast{
		{rate: 0.05, share: 1},
		{rate: 0.05, leaving: 1e-9, share: 1},
		{rate: 0.05, leaving: 1.0 / 120, share: 1},
		{rate: 3, leaving: 0.5, share: 0.5, idle: 2},
	} {
		for _, ahead := range []int{0, 1, 15, 16, 17, 100, 10_000} {
			want := 0.0
			for j := range max(ahead-p.idle+1, 0) {
				want += 1 / (p.rate + float64(j)*p.leaving)
			}
			want /= p.share
			if got := p.wait(ahead); math.Abs(got-want) > 1e-3*want {
				t.Errorf("%+v, %d ahead: %g, want %g", p, ahead, got, want)
			}
		}
	}
}

// TestEWTColdStart shows the last wait until a call has ended, nothing at all
// before, and that it never comes to ends without agents.
func TestEWTColdStart(t *testing.T) {
	e := New(Options{InternalDispatching: true})
	l := Load{AtStart: true, Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q@m"}, {ID: "none", Skill: "x", Queue: "sip:q@m"}},
		Agents: []AgentConfig{{ID: "a", Location: "sip:a@a", Skills: []string{"s"}, LoggedIn: true}}}
	now := t0
	e.Step(now, l)
	f := e.flows["f"]
	for i := range 3 {
		e.Step(now, CallArrived{Call: CallID(fmt.Sprint(i)), Flow: "f", Media: RTP})
	}
	if got := e.ewt(f, RTP); got != 0 {
		t.Errorf("%d s although nothing is known", got)
	}
	e.Step(now, Connected{"0", 1})
	now = now.Add(40 * time.Second)
	e.Step(now, CallLost{Call: "0"}) // call 1 is given to the agent
	e.Step(now, Connected{"1", 2})
	e.models[dispatch.Kind{Skill: "s", Media: RTP}].held = decaying{}
	if got := e.ewt(f, RTP); got != 40 {
		t.Errorf("%d s, want the 40 of the last caller", got)
	}
	if got := e.ewt(e.flows["none"], RTP); got != math.MaxInt32 {
		t.Errorf("%d s where nobody has the skill", got)
	}
	l.AtStart, l.Flows = false, l.Flows[1:]
	e.Step(now, CallLost{Call: "2"})
	e.Step(now, CallLost{Call: "1"})
	e.Step(now, l)
	if len(e.models) != 0 {
		t.Errorf("models of forgotten skills: %v", e.models)
	}
}

// TestEWT measures the announcement against the wait that a patient caller
// would have had, beside OpenSIPS's formula, as the literature does (Ibrahim
// and Whitt): the bias is at most a tenth, and the error below OpenSIPS's.
func TestEWT(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates some days")
	}
	for _, tt := range []struct {
		agents         int
		load, patience float64
		wave           float64
	}{
		{12, 0.9, 0, 0},
		{12, 1.0, 120, 0},
		{12, 1.2, 120, 0},
		{50, 1.1, 180, 0},
		{50, 1.0, 180, 0.3},
	} {
		t.Run(fmt.Sprintf("%d agents, load %g, patience %g, wave %g", tt.agents, tt.load, tt.patience, tt.wave), func(t *testing.T) {
			t.Parallel()
			s := newEWTSim(tt.agents, tt.load, tt.patience, tt.wave)
			s.run(15_000)
			ours, theirs := s.score(0), s.score(1)
			t.Logf("%d delayed, mean offered wait %.1f s; RMSE (bias) in s: sipd %.1f (%+.1f), OpenSIPS %.1f (%+.1f)",
				len(s.done), ours.mean, ours.rmse, ours.bias, theirs.rmse, theirs.bias)
			if math.Abs(ours.bias) > ours.mean/10 || ours.rmse >= theirs.rmse {
				t.Errorf("bias %+.1f of %.1f s, RMSE %.1f against %.1f", ours.bias, ours.mean, ours.rmse, theirs.rmse)
			}
		})
	}
}

// The centre that is simulated.
const (
	simTalk   = 150.0
	simWrapup = 30 * time.Second
	simWarmup = 2_000 // arrivals that are not looked at
)

// ewtSim is a centre with one flow: Poisson arrivals, exponential talk and
// patience.
type ewtSim struct {
	eng              *Engine
	rnd              *rand.Rand
	now              time.Time
	todo             simHeap
	arrived          int
	rate, wave       float64
	patience         float64
	waiting, pending map[int]*announced // pending: gave up before their turn
	done             []*announced
}

// announced is a caller who was told how long he would wait.
type announced struct {
	at    time.Time
	said  [2]float64 // by sipd and by OpenSIPS
	waits float64
}

type simEvent struct {
	at   time.Time
	call int // 0: the next arrival
	ev   Event
}

type simHeap []simEvent

func (h simHeap) Len() int           { return len(h) }
func (h simHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h simHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *simHeap) Push(x any)        { *h = append(*h, x.(simEvent)) }
func (h *simHeap) Pop() any          { x := (*h)[len(*h)-1]; *h = (*h)[:len(*h)-1]; return x }

func newEWTSim(agents int, load, patience, wave float64) *ewtSim {
	s := &ewtSim{eng: New(Options{Wrapup: simWrapup, InternalDispatching: true}), rnd: rand.New(rand.NewPCG(7, 7)), now: t0,
		rate: load * float64(agents) / (simTalk + simWrapup.Seconds()), wave: wave, patience: patience,
		waiting: map[int]*announced{}, pending: map[int]*announced{}}
	l := Load{AtStart: true, Flows: []FlowConfig{{ID: "f", Skill: "s", Queue: "sip:q@m"}}}
	for i := range agents {
		l.Agents = append(l.Agents, AgentConfig{ID: fmt.Sprint(i), Location: "sip:a", Skills: []string{"s"}, LoggedIn: true})
	}
	s.eng.Step(t0, l)
	return s
}

func (s *ewtSim) later(seconds float64, call int, ev Event) {
	heap.Push(&s.todo, simEvent{s.now.Add(time.Duration(seconds * 1e9)), call, ev})
}

// nextArrival thins a Poisson stream to the wave of four hours.
func (s *ewtSim) nextArrival() {
	wait := 0.0
	for {
		wait += s.rnd.ExpFloat64() / (s.rate * (1 + s.wave))
		phase := 2 * math.Pi * (s.now.Sub(t0).Seconds() + wait) / (4 * 3600)
		if s.rnd.Float64() < (1+s.wave*math.Sin(phase))/(1+s.wave) {
			break
		}
	}
	s.later(wait, 0, nil)
}

func (s *ewtSim) run(arrivals int) {
	s.nextArrival()
	for s.arrived < arrivals+simWarmup {
		next := s.todo[0]
		if wake, ok := s.eng.Wake(); ok && wake.Before(next.at) {
			s.now = wake
			s.step(Tick{})
			continue
		}
		heap.Pop(&s.todo)
		s.now = next.at
		switch {
		case next.call == 0:
			s.arrive()
		default:
			if w := s.waiting[next.call]; w != nil { // gives up
				s.pending[next.call] = w
				delete(s.waiting, next.call)
			}
			s.step(next.ev)
		}
	}
}

func (s *ewtSim) arrive() {
	s.arrived++
	s.nextArrival()
	f := s.eng.flows["f"]
	p := s.eng.forecast(f, RTP)
	w := &announced{at: s.now, said: [2]float64{p.wait(s.eng.joiningAt(dispatch.Kind{Skill: "s", Media: RTP}, 0)), float64(s.eng.eta(f))}}
	id := CallID(fmt.Sprint(s.arrived))
	s.waiting[s.arrived] = w
	s.step(CallArrived{Call: id, Flow: "f", Media: RTP})
	if s.patience > 0 && s.waiting[s.arrived] != nil {
		s.later(s.rnd.ExpFloat64()*s.patience, s.arrived, CallerGone{id})
	}
}

// step plays the phones, and notes when those who gave up would have been served.
func (s *ewtSim) step(ev Event) {
	if gone, ok := ev.(CallerGone); ok {
		var n int
		_, _ = fmt.Sscan(string(gone.Call), &n)
		if c := s.eng.calls[gone.Call]; c != nil && c.talking() {
			return // he was answered meanwhile
		}
	}
	for _, a := range s.eng.Step(s.now, ev) {
		c, ok := a.(Connect)
		if !ok || c.Target != ToAgent {
			continue
		}
		var n int
		_, _ = fmt.Sscan(string(c.Call), &n)
		s.served(n)
		for p := range s.pending {
			if p < n {
				s.missed(p)
			}
		}
		s.eng.Step(s.now, Connected{c.Call, c.Attempt})
		s.later(s.rnd.ExpFloat64()*simTalk, -1, PeerGone{c.Call, c.Attempt})
	}
	if s.eng.heads.all.free > 0 {
		for p := range s.pending {
			s.missed(p)
		}
	}
}

func (s *ewtSim) served(n int) { s.note(n, s.waiting[n]); delete(s.waiting, n) }
func (s *ewtSim) missed(n int) { s.note(n, s.pending[n]); delete(s.pending, n) }

// note takes a caller who had to wait into the measurement.
func (s *ewtSim) note(n int, w *announced) {
	w.waits = s.now.Sub(w.at).Seconds()
	if n > simWarmup && w.waits > 0 {
		s.done = append(s.done, w)
	}
}

type ewtScore struct{ mean, rmse, bias float64 }

func (s *ewtSim) score(who int) (r ewtScore) {
	n := float64(len(s.done))
	for _, w := range s.done {
		d := w.said[who] - w.waits
		r.mean += w.waits / n
		r.bias += d / n
		r.rmse += d * d / n
	}
	r.rmse = math.Sqrt(r.rmse)
	return r
}
