package dispatch

// Run asks a policy until it has nothing more to propose, and carries out in
// the center what is legal, as far as that can be known. It returns all that was
// proposed, legal or not, for the host to check.
//
// A policy that goes on to propose only what is not legal is stopped.
func Run(p Policy, c *Center) Decision {
	var whole Decision
	for {
		d := p.Decide(&c.View)
		whole.Assign = append(whole.Assign, d.Assign...)
		whole.Hold = append(whole.Hold, d.Hold...)
		whole.Again = d.Again
		done := true
		for _, a := range d.Assign {
			if c.Assign(a) == nil {
				done = false
			}
		}
		if done {
			c.Settled()
			return whole
		}
	}
}
