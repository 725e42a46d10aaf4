// Roundrobin is a dispatch policy that takes agents in turn, by id.
package main

import "github.com/sipd/sipd/plugins/policy"

func main() { policy.Serve(&roundRobin{}) }

// roundRobin remembers whose turn it was.
type roundRobin struct{ last string }

// Decide gives the first call that anybody can take to the next agent.
func (r *roundRobin) Decide(v *policy.View) policy.Decision {
	for c := range v.Calls() {
		var next *policy.Agent
		for a := range v.WithRoom(c.Kind()) {
			if next == nil || r.before(a.ID, next.ID) {
				next = a
			}
		}
		if next != nil {
			r.last = next.ID
			return policy.Decision{Assign: []policy.Assignment{{Call: c.ID, Agent: next.ID, Reason: "next in turn"}}}
		}
	}
	return policy.Decision{}
}

// before reports whether it is a's turn before b's: those after the last one
// come first.
func (r *roundRobin) before(a, b string) bool {
	if later := a > r.last; later != (b > r.last) {
		return later
	}
	return a < b
}
