package engine

// headcount is how many agents with a skill there are.
type headcount struct {
	logged, free  int
	phones, slots int // of those logged in: who take calls, and the chats they may have
}

// headcounts are the agents counted, by skill and all.
type headcounts struct {
	skills map[string]headcount
	all    headcount
}

func newHeadcounts() headcounts { return headcounts{skills: map[string]headcount{}} }

// counted is what an agent was counted as, to be taken back whatever has
// changed about him since.
type counted struct {
	skills []string
	counts headcount
}

// add counts an agent as he is at present.
func (h *headcounts) add(a *agent, e *Engine) {
	s := &a.counted
	s.skills, s.counts = a.cfg.Skills, headcount{}
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
	h.count(s, 1)
}

func (h *headcounts) remove(a *agent) {
	h.count(&a.counted, -1)
	a.counted = counted{}
}

func (h *headcounts) count(s *counted, sign int) {
	if s.counts == (headcount{}) {
		return
	}
	h.all.add(s.counts, sign)
	for _, skill := range s.skills {
		n := h.skills[skill]
		n.add(s.counts, sign)
		h.skills[skill] = n
	}
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
		if n == (headcount{}) {
			delete(h.skills, s)
		}
	}
}
