package limits

import "math"

// Line is one kind of contact with agents who do nothing else: Poisson
// arrivals, exponential service and patience, first come first served.
type Line struct {
	Agents   int
	Arrivals float64 // per second
	Service  float64 // mean seconds of an agent per contact, wrap-up included
	Patience float64 // mean seconds until a waiting caller gives up; 0: never
}

// Load is the work offered, in Erlang.
func (l Line) Load() float64 { return l.Arrivals * l.Service }

// ErlangB is the share of contacts lost when none can wait.
func ErlangB(agents int, load float64) float64 {
	b := 1.0
	for c := 1; c <= agents; c++ {
		b = load * b / (float64(c) + load*b)
	}
	return b
}

// ErlangC is the share of contacts that wait when none gives up: 1 when the
// load is more than the agents can do.
func ErlangC(agents int, load float64) float64 {
	c := float64(agents)
	if load >= c {
		return 1
	}
	b := ErlangB(agents, load)
	return c * b / (c - load*(1-b))
}

// Result is what a [Line] comes to.
type Result struct {
	Wait      float64 // mean seconds in the queue of all, those who gave up included
	AtOnce    float64 // share that does not wait
	Abandoned float64 // share that gives up
	Occupancy float64 // share of their time in which agents are busy
}

// Solve computes the steady state. Without patience and with too few agents
// there is none: the wait is infinite.
func (l Line) Solve() Result {
	if l.Patience <= 0 {
		return l.patient()
	}
	p := l.states()
	queue, busy := 0.0, 0.0
	for n, pn := range p {
		queue += pn * float64(max(n-l.Agents, 0))
		busy += pn * float64(min(n, l.Agents))
	}
	r := Result{AtOnce: sum(p[:min(l.Agents, len(p))]), Abandoned: 0}
	if l.Arrivals > 0 {
		r.Wait = queue / l.Arrivals
		r.Abandoned = queue / l.Patience / l.Arrivals
	}
	if l.Agents > 0 {
		r.Occupancy = busy / float64(l.Agents)
	}
	return r
}

// patient is Erlang C.
func (l Line) patient() Result {
	spare := float64(l.Agents) - l.Load()
	if spare <= 0 {
		return Result{Wait: math.Inf(1), Occupancy: 1}
	}
	c := ErlangC(l.Agents, l.Load())
	return Result{Wait: c * l.Service / spare, AtOnce: 1 - c, Occupancy: l.Load() / float64(l.Agents)}
}

// states are the probabilities of 0, 1, 2… contacts in the center (Erlang A),
// up to where they vanish.
func (l Line) states() []float64 {
	const negligible = 1e-14
	p, top := []float64{1}, 1.0
	for n := 1; ; n++ {
		leave := float64(min(n, l.Agents))/l.Service + float64(max(n-l.Agents, 0))/l.Patience
		next := p[n-1] * l.Arrivals / leave
		p = append(p, next)
		top = max(top, next)
		if n >= l.Agents && next < negligible*top && l.Arrivals < leave {
			break
		}
		if top > 1e200 { // centers of thousands
			for i := range p {
				p[i] /= top
			}
			top = 1
		}
	}
	total := sum(p)
	for i := range p {
		p[i] /= total
	}
	return p
}

func sum(p []float64) (s float64) {
	for _, x := range p {
		s += x
	}
	return s
}
