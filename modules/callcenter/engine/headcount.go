package engine

// headcount is how many agents with a skill there are.
type headcount struct {
	logged, free  int
	phones, slots int // of those logged in: who take calls, and the chats they may have
}

// headcounts are the agents counted, by skill and all.
type headcounts struct {
	skills map[string]*headcount
	all    headcount
}

func newHeadcounts() headcounts { return headcounts{skills: map[string]*headcount{}} }

// of is the count of those with a skill.
func (h *headcounts) of(skill string) headcount {
	if n := h.skills[skill]; n != nil {
		return *n
	}
	return headcount{}
}

// counted is what an agent was counted as, to be taken back whatever has
// changed about him since.
type counted struct {
	skills []*headcount
	counts headcount
}

// add counts an agent as he is at present.
func (h *headcounts) add(a *agent, e *Engine) {
	s := &a.counted
	s.counts = headcount{}
	if a.present() {
		s.counts.logged = 1
		if a.cfg.Location != "" {
			s.counts.phones = 1
		}
		if a.cfg.MSRPLocation != "" {
			s.counts.slots = a.cfg.MSRPSessions
		}
	}
	if a.state(e.now) == Free {
		s.counts.free = 1
	}
	if s.counts == (headcount{}) {
		return
	}
	h.all.add(s.counts, 1)
	for _, skill := range a.cfg.Skills {
		n := h.skills[skill]
		if n == nil {
			n = &headcount{}
			h.skills[skill] = n
		}
		n.add(s.counts, 1)
		s.skills = append(s.skills, n)
	}
}

func (h *headcounts) remove(a *agent) {
	s := &a.counted
	h.all.add(s.counts, -1)
	for _, n := range s.skills {
		n.add(s.counts, -1)
	}
	*s = counted{skills: s.skills[:0]}
}

func (n *headcount) add(m headcount, sign int) {
	n.logged += sign * m.logged
	n.free += sign * m.free
	n.phones += sign * m.phones
	n.slots += sign * m.slots
}

// prune forgets skills nobody has any more.
func (h *headcounts) prune() {
	for s, n := range h.skills {
		if *n == (headcount{}) {
			delete(h.skills, s)
		}
	}
}
