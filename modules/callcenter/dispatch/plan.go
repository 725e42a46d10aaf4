package dispatch

import "slices"

// Snapshot is everything a policy may look at: the calls that wait and the
// agents who have room. The order within the slices means nothing.
type Snapshot struct {
	Calls  []Call
	Agents []Agent
}

// Assignment proposes that the agent be given the call.
type Assignment struct{ Call, Agent string }

// Plan applies the rule of this package to a snapshot, which it leaves alone:
// each call in turn takes the best agent still left. The assignments are in the
// order of decision.
func Plan(s Snapshot, p Policy) []Assignment {
	calls, agents := slices.Clone(s.Calls), slices.Clone(s.Agents)
	slices.SortFunc(calls, func(a, b Call) int { return order(a.Before(b)) })
	var plan []Assignment
	for _, c := range calls {
		if i := best(agents, c, p); i >= 0 {
			plan = append(plan, Assignment{Call: c.ID, Agent: agents[i].ID})
			agents[i] = agents[i].with(c)
		}
	}
	return plan
}

// best is the index of the agent who should get the call, or -1.
func best(agents []Agent, c Call, p Policy) int {
	found := -1
	for i, a := range agents {
		if !a.Fits(c) {
			continue
		}
		if found < 0 || p.Before(c.Media, a.Standing, agents[found].Standing) {
			found = i
		}
	}
	return found
}

func order(before bool) int {
	if before {
		return -1
	}
	return 1
}
