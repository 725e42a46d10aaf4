package dispatch

import (
	"fmt"
	"math"
)

// reserve is how many agents must stay free for the calls of each skill when a
// chat takes one, who is then lost to calls for long.
type reserve struct {
	fixed int     // by order of the operator; below 0: by the load
	z     float64 // how careful: in standard deviations
	floor int     // the least, by the load

	seen  *estimate
	found map[string]stock // of skills, since the last change
}

// stock is how many agents with a skill are free for calls, and how many must
// be.
type stock struct {
	skill      string
	have, need int
}

// short reports whether none may be taken.
func (s stock) short() bool { return s.have <= s.need }

func (s stock) String() string {
	return fmt.Sprintf("kept free for calls of %s: %d of %d needed", s.skill, s.have, s.need)
}

// of looks at the agents with a skill.
func (r *reserve) of(v *View, skill string) stock {
	s, ok := r.found[skill]
	if !ok {
		s = stock{skill, v.CountWithRoom(Kind{skill, RTP}), r.need(skill)}
		r.found[skill] = s
	}
	return s
}

// without finds a skill of which too few would remain without an agent, or one
// that is not short.
func (r *reserve) without(v *View, a *Agent) (s stock) {
	for _, skill := range a.Skills {
		if s = r.of(v, skill); s.short() {
			break
		}
	}
	return s
}

// need is how many agents with a skill must stay free.
//
// Let a be the agents that calls keep on the average (arrivals in a second
// times the seconds each keeps an agent), and b those they keep now. After a
// while in which a share q of the calls of now is still there, they keep
// b·q + a·(1−q) on the average, with the variance b·q·(1−q) + a·(1−q) if
// arrivals are Poisson and times exponential. What that is above b, and z
// standard deviations more, has to come from those free now. The worst moment
// counts.
//
// With time to the next calls λ·τ and back from calls ν·τ that is
// max(0, ⌈λ·τ − ν·τ + z·√(λ·τ)⌉), with the difference that nobody is waited for
// longer than a call lasts: who is given a call is back after it.
func (r *reserve) need(skill string) int {
	if r.fixed >= 0 {
		return r.fixed
	}
	a, b := r.seen.rate(skill)*r.seen.handling(), r.seen.busy(skill)
	return max(r.floor, int(math.Ceil(most(a, b, r.z))))
}

// most is the most agents that calls are expected to need on top of those they
// have.
func most(a, b, z float64) (n float64) {
	for _, q := range [...]float64{.8, .6, .4, .2, 0} {
		n = max(n, (a-b)*(1-q)+z*math.Sqrt((1-q)*(a+b*q)))
	}
	return n
}
