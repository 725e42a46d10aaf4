package acceptance

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// TestB8 is the trade-off between the policies, over days of virtual time:
// balancing is fairer to the agents, full-load kinder to those who call by
// voice, since it leaves more agents without a chat.
func TestB8(t *testing.T) {
	t.Parallel()
	var balancing, full outcome
	for seed := range uint64(4) {
		balancing = balancing.plus(simulate("balancing", seed))
		full = full.plus(simulate("full-load", seed))
	}
	t.Logf("balancing: audio wait %.1f s, Gini %.3f; full-load: %.1f s, %.3f",
		balancing.wait(), balancing.gini/4, full.wait(), full.gini/4)
	if balancing.wait() <= full.wait() {
		t.Errorf("audio wait %.1f s with balancing, %.1f s with full-load: want it larger", balancing.wait(), full.wait())
	}
	if balancing.gini >= full.gini {
		t.Errorf("Gini %.3f with balancing, %.3f with full-load: want it smaller", balancing.gini/4, full.gini/4)
	}
}

// outcome is what a simulation came to.
type outcome struct {
	waited time.Duration // by audio calls
	calls  int           // audio calls
	gini   float64       // of the agents' talk time
}

func (o outcome) plus(p outcome) outcome {
	return outcome{waited: o.waited + p.waited, calls: o.calls + p.calls, gini: o.gini + p.gini}
}

// wait is the mean wait of an audio call in seconds.
func (o outcome) wait() float64 { return o.waited.Seconds() / float64(o.calls) }

// The center that is simulated: every agent does both.
const (
	agents      = 10
	callEvery   = 45 * time.Second
	callLasts   = 180 * time.Second
	chatEvery   = 40 * time.Second
	chatLasts   = 300 * time.Second
	day         = 24 * time.Hour
	simulation  = "f"
	wrapupTime  = 15 * time.Second
	chatsAtOnce = 3
)

// happening is an event to come.
type happening struct {
	at time.Time
	ev engine.Event
}

type future []happening

func (f future) Len() int           { return len(f) }
func (f future) Less(i, j int) bool { return f[i].at.Before(f[j].at) }
func (f future) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *future) Push(x any)        { *f = append(*f, x.(happening)) }
func (f *future) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// simulator is an engine, its calls and its world, in virtual time.
type simulator struct {
	eng    *engine.Engine
	rnd    *rand.Rand
	now    time.Time
	future future
	busy   map[string]float64 // talk time by agent, seconds
	result outcome
}

func simulate(policy string, seed uint64) outcome {
	s := &simulator{rnd: rand.New(rand.NewPCG(seed, 8)), now: time.Unix(1e9, 0), busy: map[string]float64{},
		eng: engine.New(engine.Options{Wrapup: wrapupTime, ChatPolicy: policy, InternalDispatching: true})}
	load := engine.Load{AtStart: true, Flows: []engine.FlowConfig{{ID: simulation, Skill: "s", Queue: "sip:moh"}}}
	for i := range agents {
		load.Agents = append(load.Agents, engine.AgentConfig{ID: fmt.Sprint(i), Location: "sip:a", MSRPLocation: "sip:b",
			MSRPSessions: chatsAtOnce, Skills: []string{"s"}, LoggedIn: true})
	}
	s.step(load)
	s.arrivals(engine.RTP, callEvery, "call")
	s.arrivals(engine.MSRP, chatEvery, "chat")
	for len(s.future) > 0 {
		h := s.future[0]
		if at, ok := s.eng.Wake(); ok && at.Before(h.at) {
			s.now = at
			s.step(engine.Tick{})
			continue
		}
		heap.Pop(&s.future)
		s.now = h.at
		s.step(h.ev)
	}
	s.result.gini = gini(s.busy)
	return s.result
}

// arrivals plans the calls of a medium.
func (s *simulator) arrivals(m engine.Media, every time.Duration, name string) {
	at := s.now
	for i := 0; at.Sub(s.now) < day; i++ {
		at = at.Add(s.random(every))
		id := engine.CallID(fmt.Sprint(name, i))
		heap.Push(&s.future, happening{at, engine.CallArrived{Call: id, Flow: simulation, Media: m, User: "u"}})
	}
}

// random is an exponential time.
func (s *simulator) random(mean time.Duration) time.Duration {
	return time.Duration(s.rnd.ExpFloat64() * float64(mean))
}

func (s *simulator) step(ev engine.Event) {
	for _, a := range s.eng.Step(s.now, ev) {
		switch a := a.(type) {
		case engine.Connect: // everybody answers at once
			heap.Push(&s.future, happening{s.now, engine.Connected{Call: a.Call, Attempt: a.Attempt}})
			if a.Target != engine.ToAgent {
				continue
			}
			lasts := callLasts
			if a.Call[1] == 'h' { // a chat
				lasts = chatLasts
			}
			heap.Push(&s.future, happening{s.now.Add(time.Millisecond + s.random(lasts)), engine.CallerGone{Call: a.Call}})
		case engine.WriteCDR:
			s.busy[a.CDR.Agent] += a.CDR.Talk.Seconds()
			if a.CDR.Media == engine.RTP {
				s.result.calls++
				s.result.waited += a.CDR.Wait
			}
		}
	}
}

// gini is the Gini coefficient of what the agents did: 0 is the same for all.
func gini(of map[string]float64) float64 {
	var v []float64
	sum, weighted := 0.0, 0.0
	for _, x := range of {
		v = append(v, x)
	}
	slices.Sort(v)
	for i, x := range v {
		sum += x
		weighted += float64(i+1) * x
	}
	n := float64(len(v))
	return math.Abs(2*weighted/(n*sum) - (n+1)/n)
}
