package dispatch

import "slices"

// Plan is [ChatPolicy] written to be read: each call in turn takes the best
// agent still left. It looks at everything, and leaves d, a whole center, alone.
// The assignments are in the order of decision.
func Plan(d Delta, p ChatPolicy) []Assignment {
	calls, agents := slices.Clone(d.Calls), slices.Clone(d.Agents)
	slices.SortFunc(calls, func(a, b Call) int {
		if a.Before(b) {
			return -1
		}
		return 1
	})
	var plan []Assignment
	for _, c := range calls {
		if i := best(agents, &c, p); i >= 0 {
			plan = append(plan, Assignment{Call: c.ID, Agent: agents[i].ID, Reason: p.reason(&c)})
			agents[i] = agents[i].with(&c, d.Now)
		}
	}
	return plan
}

// best is the index of the agent who should get the call, or -1.
func best(agents []Agent, c *Call, p ChatPolicy) int {
	found := -1
	for i := range agents {
		a := &agents[i]
		if !a.Fits(c) {
			continue
		}
		if found < 0 || p.Before(c.Media, a.Standing, agents[found].Standing) {
			found = i
		}
	}
	return found
}
