package dispatch

import "math"

// reserve is how many agents must stay free for the calls of each skill when a
// chat takes one, who is then lost to calls for long.
type reserve struct {
	fixed int     // by order of the operator; below 0: by the load
	z     float64 // how careful: in standard deviations
	floor int     // the least, by the load

	seen *estimate
	need map[string]int // found since the last change
}

// of is the number for a skill.
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
func (r *reserve) of(skill string) int {
	if r.fixed >= 0 {
		return r.fixed
	}
	n, ok := r.need[skill]
	if !ok {
		a, b := r.seen.rate(skill)*r.seen.handling(), r.seen.busy(skill)
		n = max(r.floor, int(math.Ceil(most(a, b, r.z))))
		r.need[skill] = n
	}
	return n
}

// most is the most agents that calls are expected to need on top of those they
// have.
func most(a, b, z float64) (n float64) {
	for _, q := range [...]float64{.8, .6, .4, .2, 0} {
		n = max(n, (a-b)*(1-q)+z*math.Sqrt((1-q)*(a+b*q)))
	}
	return n
}

// short finds a skill of the agent's of which too few would remain without him,
// and how many there are now and must remain.
func (r *reserve) short(v *View, a *Agent) (skill string, have, need int) {
	for _, s := range a.Skills {
		have, need = v.CountWithRoom(Kind{s, RTP}), r.of(s)
		if have <= need {
			return s, have, need
		}
	}
	return "", 0, 0
}
