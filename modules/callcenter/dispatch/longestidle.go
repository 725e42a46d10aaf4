package dispatch

// longestIdle is first come, first served, over calls and chats alike, to the
// agent idle longest. An agent who has chats is not idle: he comes after all
// who are, fewest chats first.
type longestIdle struct{}

// Decide implements [Policy]. As with [ChatPolicy], only the kinds that changed
// need a look.
func (longestIdle) Decide(v *View) Decision {
	var c *Call
	for k := range v.Changed() {
		first := v.First(k)
		if first != nil && v.CountWithRoom(k) > 0 && (c == nil || first.Place.Before(c.Place)) {
			c = first
		}
	}
	if c == nil {
		return Decision{}
	}
	a, reason := v.Idlest(c.Kind()), "longest idle"
	if a.Standing.Chats > 0 {
		reason = "nobody idle: fewest chats"
	}
	return Decision{Assign: []Assignment{{Call: c.ID, Agent: a.ID, Reason: reason}}}
}
