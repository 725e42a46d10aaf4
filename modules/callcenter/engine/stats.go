package engine

import "time"

// mean is a running average.
type mean struct {
	n     int
	value float64
}

func (m *mean) add(v float64) {
	m.n++
	m.value += (v - m.value) / float64(m.n)
}

// tally is what is counted for a flow, and for all of them together.
type tally struct {
	incalls, distributed, answered, answeredChats, abandoned int64

	onhold, onholdChats, queued int // now

	wait mean // seconds
}

// reset zeroes the counters and averages, not what counts calls of this moment.
func (t *tally) reset() {
	*t = tally{onhold: t.onhold, onholdChats: t.onholdChats, queued: t.queued}
}

// agentTally is what is counted for an agent.
type agentTally struct {
	distributed, answered, answeredChats, refused int64

	talk mean // seconds
}

// both counts for the flow and for all flows.
func (e *Engine) both(f *flow, count func(*tally)) {
	count(&e.total)
	count(&f.stats)
}

func (e *Engine) countAnswered(c *call, talk time.Duration) {
	chat := int64(0)
	if c.media == MSRP {
		chat = 1
	}
	e.both(c.flow, func(t *tally) {
		t.answered++
		t.answeredChats += chat
	})
	c.flow.talk.add(talk.Seconds())
	s := &c.agent.stats
	s.answered++
	s.answeredChats += chat
	s.talk.add(talk.Seconds())
}

func (e *Engine) resetStats() {
	e.total.reset()
	for _, f := range e.flowList {
		f.stats.reset()
		f.talk = mean{}
	}
	for _, a := range e.agentList {
		a.stats = agentTally{}
	}
}

// Scope says what a statistic is about.
type Scope int

// The scopes.
const (
	Global Scope = iota
	OfFlow
	OfAgent
)

// Stat is one statistic.
type Stat struct {
	Scope   Scope
	ID      string // of the flow or agent
	Family  string // as OpenSIPS spells it, without the id: "ccf_incalls"
	Value   int64
	Counter bool // only grows, until ResetStats
}

// Name is the family with the id: "ccf_incalls-tech".
func (s Stat) Name() string {
	if s.Scope == Global {
		return s.Family
	}
	return s.Family + "-" + s.ID
}

// Stats lists all statistics: the global ones, then by flow and by agent in
// the order of loading. Times are in whole seconds.
func (e *Engine) Stats(time.Time) []Stat {
	s := statList{list: make([]Stat, 0, 10+12*len(e.flowList)+5*len(e.agentList))}
	e.globalStats(&s)
	for _, f := range e.flowList {
		if !f.removed {
			e.flowStats(&s, f)
		}
	}
	for _, a := range e.agentList {
		if !a.removed {
			a.addStats(&s)
		}
	}
	return s.list
}

// statList collects the statistics of one scope after another.
type statList struct {
	list  []Stat
	scope Scope
	id    string
}

func (s *statList) add(family string, v int64, counter bool) {
	s.list = append(s.list, Stat{s.scope, s.id, family, v, counter})
}

func (s *statList) counter(family string, v int64) { s.add(family, v, true) }
func (s *statList) gauge(family string, v int)     { s.add(family, int64(v), false) }

func (e *Engine) globalStats(s *statList) {
	t := &e.total
	s.counter("ccg_incalls", t.incalls)
	s.counter("ccg_distributed_incalls", t.distributed)
	s.counter("ccg_answered_incalls", t.answered)
	s.counter("ccg_answered_inchats", t.answeredChats)
	s.counter("ccg_abandonned_incalls", t.abandoned)
	s.gauge("ccg_onhold_calls", t.onhold)
	s.gauge("ccg_onhold_chats", t.onholdChats)
	s.gauge("ccg_free_agents", e.heads.all.free)
	s.gauge("ccg_awt", int(t.wait.value))
	s.gauge("ccg_load", load(t.onhold, e.heads.all))
}

func (e *Engine) flowStats(s *statList, f *flow) {
	t, n := &f.stats, e.heads.of(f.cfg.Skill)
	s.scope, s.id = OfFlow, f.cfg.ID
	s.counter("ccf_incalls", t.incalls)
	s.counter("ccf_dist_incalls", t.distributed)
	s.counter("ccf_answ_incalls", t.answered)
	s.counter("ccf_answ_inchats", t.answeredChats)
	s.counter("ccf_aban_incalls", t.abandoned)
	s.gauge("ccf_onhold_calls", t.onhold)
	s.gauge("ccf_onhold_chats", t.onholdChats)
	s.gauge("ccf_queued_calls", t.queued)
	s.gauge("ccf_free_agents", n.free)
	s.gauge("ccf_etw", e.flowETW(f))
	s.gauge("ccf_awt", int(t.wait.value))
	s.gauge("ccf_load", load(t.onhold, n))
}

func (a *agent) addStats(s *statList) {
	t := &a.stats
	s.scope, s.id = OfAgent, a.cfg.ID
	s.counter("cca_dist_incalls", t.distributed)
	s.counter("cca_answ_incalls", t.answered)
	s.counter("cca_answ_inchats", t.answeredChats)
	s.counter("cca_aban_incalls", t.refused)
	s.gauge("cca_att", int(t.talk.value))
}

// load is the load in percent: work at hand over agents.
func load(onhold int, n headcount) int {
	if n.logged == 0 {
		return 0
	}
	return 100 * (onhold + n.logged - n.free) / n.logged
}
