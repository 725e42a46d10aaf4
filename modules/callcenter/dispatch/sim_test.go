package dispatch

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A small simulator of a center, for tests of policies: agents who answer at
// once, exponential talk times and patience.

// class is a stream of contacts.
type class struct {
	name           string
	media          Media
	rate           float64 // per second
	talk, patience float64 // mean seconds
	priority       int
	skills         []string // drawn evenly
	weights        []float64
}

type setup struct {
	classes   []class
	agents    []Agent
	wrapup    float64 // seconds after a call
	warm, end float64
}

// contact is drawn before the run, so that all policies meet the same.
type contact struct {
	id             string
	class          int
	skill          string
	at             float64
	talk, patience float64
}

type desk struct {
	Agent
	slots   int
	idleFor float64
	busyAt  float64 // busy time at warm-up
}

type happening struct {
	at    float64
	order int
	do    func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// tally is what a run measured of a class.
type tally struct {
	answered, quick, lost, lostQuick int
	waited                           float64 // of the answered
	queued                           float64 // all, those who gave up included
	longest                          float64
}

func (t tally) sl() float64 {
	return 100 * float64(t.quick) / max(1, float64(t.answered+t.lost-t.lostQuick))
}

type result struct {
	classes    []tally
	span       float64
	inversions float64 // per 1,000 chats
	priorities int
	gini       float64 // of the mixed agents
	giniLike   float64 // worst of agents with the same skills and media
	giniTypes  [3]float64
	decisions  int
}

// cost is what waiting costs in a second: calls 1, chats .2.
func (r result) cost(s *setup) (c float64) {
	for i, t := range r.classes {
		h := 1.0
		if s.classes[i].media == MSRP {
			h = .2
		}
		c += h * t.queued / r.span
	}
	return c
}

type simulation struct {
	*setup
	policy          Policy
	center          *Center
	desks           map[string]*desk
	ids             []string
	now             float64
	turn            uint64
	order           int
	queue           happenings
	waiting         map[string]*contact
	res             result
	chats, inverted int
	again           int
}

var epoch = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func clock(s float64) time.Time { return epoch.Add(time.Duration(s * 1e9)) }

func draw(s *setup, seed uint64) (list []contact) {
	for i, c := range s.classes {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for at := r.ExpFloat64() / c.rate; at < s.end; at += r.ExpFloat64() / c.rate {
			list = append(list, contact{
				class: i, at: at, skill: pick(c, r.Float64()),
				talk: r.ExpFloat64() * c.talk, patience: r.ExpFloat64() * c.patience,
			})
		}
	}
	slices.SortStableFunc(list, func(a, b contact) int { return cmp.Compare(a.at, b.at) })
	for i := range list {
		list[i].id = fmt.Sprint("c", i)
	}
	return list
}

func pick(c class, u float64) string {
	if c.weights == nil {
		return c.skills[int(u*float64(len(c.skills)))]
	}
	for i, w := range c.weights {
		if u -= w; u < 0 {
			return c.skills[i]
		}
	}
	return c.skills[len(c.skills)-1]
}

func simulate(s *setup, p Policy, seed uint64) result {
	contacts := draw(s, seed)
	m := &simulation{setup: s, policy: p, center: NewCenter(), desks: map[string]*desk{}, waiting: map[string]*contact{}}
	m.res.classes = make([]tally, len(s.classes))
	m.res.span = s.end - s.warm
	m.center.Record(true)
	for _, a := range s.agents {
		d := &desk{Agent: a, slots: a.MaxChats}
		d.Login = epoch
		m.turn++
		d.Standing.Since = m.turn
		m.desks[a.ID] = d
		m.ids = append(m.ids, a.ID)
		m.put(d)
	}
	for i := range contacts {
		c := &contacts[i]
		m.at(c.at, func() { m.arrive(c) })
	}
	m.at(s.warm, func() {
		for _, d := range m.desks {
			d.busyAt = d.BusyAt(clock(m.now)).Seconds()
		}
	})
	for len(m.queue) > 0 {
		h := heap.Pop(&m.queue).(happening)
		if h.at > s.end {
			break
		}
		m.now = h.at
		h.do()
	}
	m.now = s.end
	m.evenness()
	m.res.inversions = 1000 * float64(m.inverted) / max(1, float64(m.chats))
	return m.res
}

func (m *simulation) at(t float64, do func()) {
	m.order++
	heap.Push(&m.queue, happening{t, m.order, do})
}

// put tells the center how an agent is.
func (m *simulation) put(d *desk) {
	a := d.Agent
	a.Audio = a.Phone && a.State == Free
	a.Slots = 0
	if a.State == Free || a.State == InChat {
		a.Slots = a.MaxChats - a.Standing.Chats
	}
	m.center.At(clock(m.now))
	m.center.PutAgent(a)
}

func (m *simulation) set(d *desk, s State) {
	now := clock(m.now)
	if d.State == Free && s != Free {
		d.BusyFrom, d.FreeSince = now, time.Time{}
	}
	if d.State != Free && s == Free {
		d.Busy, d.BusyFrom = d.BusyAt(now), time.Time{}
		d.FreeSince = now
		m.turn++
		d.Standing.Since = m.turn
	}
	d.State = s
	m.put(d)
}

func (m *simulation) arrive(c *contact) {
	k := m.setup.classes[c.class]
	m.turn++
	m.waiting[c.id] = c
	m.center.At(clock(m.now))
	m.center.PutCall(Call{ID: c.id, Media: k.media, Skill: c.skill, Joined: clock(m.now),
		Place: Place{Priority: k.priority, Turn: m.turn}})
	m.at(c.at+c.patience, func() {
		if m.waiting[c.id] == nil {
			return
		}
		delete(m.waiting, c.id)
		m.count(c, false)
		m.center.DropCall(c.id)
		m.decide()
	})
	m.decide()
}

func (m *simulation) count(c *contact, answered bool) {
	if c.at < m.warm {
		return
	}
	t, w := &m.res.classes[c.class], m.now-c.at
	t.queued += w
	t.longest = max(t.longest, w)
	switch {
	case answered:
		t.answered++
		t.waited += w
		if w <= 20 {
			t.quick++
		}
	default:
		t.lost++
		if w <= 20 {
			t.lostQuick++
		}
	}
}

func (m *simulation) decide() {
	m.center.At(clock(m.now))
	if w, ok := m.policy.(Watcher); ok {
		w.Watch(&m.center.View, m.center.Take())
	}
	m.res.decisions++
	d := Run(m.policy, m.center)
	for _, a := range d.Assign {
		m.start(m.waiting[a.Call], m.desks[a.Agent])
	}
	if d.Again > 0 {
		m.again++
		turn := m.again
		m.at(m.now+d.Again.Seconds(), func() {
			if m.again == turn {
				m.center.Rethink()
				m.decide()
			}
		})
	}
}

func (m *simulation) start(c *contact, d *desk) {
	k := m.setup.classes[c.class]
	delete(m.waiting, c.id)
	for _, w := range m.waiting {
		wk := m.setup.classes[w.class]
		if wk.media == k.media && wk.priority < k.priority && d.Has(w.skill) {
			m.res.priorities++
		}
	}
	m.count(c, true)
	d.Handled++
	if k.media == RTP {
		m.set(d, InCall)
		m.at(m.now+c.talk, func() {
			if m.wrapup == 0 {
				m.set(d, Free)
			} else {
				m.set(d, Wrapup)
				m.at(m.now+m.wrapup, func() { m.set(d, Free); m.decide() })
			}
			m.decide()
		})
		return
	}
	if c.at >= m.warm {
		m.chats++
		for _, w := range m.waiting {
			if d.Phone && m.setup.classes[w.class].media == RTP && d.Has(w.skill) {
				m.inverted++
				break
			}
		}
	}
	d.Standing.Chats++
	m.set(d, InChat)
	m.at(m.now+c.talk, func() {
		d.Standing.Chats--
		if d.Standing.Chats == 0 {
			m.set(d, Free)
		} else {
			m.put(d)
		}
		m.decide()
	})
}

func (m *simulation) evenness() {
	like := map[string][]float64{}
	var types [3][]float64
	for _, id := range m.ids {
		d := m.desks[id]
		x := d.BusyAt(clock(m.now)).Seconds() - d.busyAt
		key := fmt.Sprint(d.Phone, d.MaxChats, d.Skills)
		like[key] = append(like[key], x)
		i := 2
		if !d.Phone {
			i = 1
		} else if d.MaxChats == 0 {
			i = 0
		}
		types[i] = append(types[i], x)
	}
	for i := range types {
		m.res.giniTypes[i] = gini(types[i])
	}
	m.res.gini = m.res.giniTypes[2]
	for _, xs := range like {
		m.res.giniLike = max(m.res.giniLike, gini(xs))
	}
}

func gini(xs []float64) float64 {
	slices.Sort(xs)
	n, sum, g := float64(len(xs)), 0.0, 0.0
	for i, x := range xs {
		sum += x
		g += (2*float64(i+1) - n - 1) * x
	}
	if sum == 0 {
		return 0
	}
	return math.Abs(g / (n * sum))
}

// tiny and mixed are the scenarios of these names.
func tiny(load, hours float64) *setup {
	s := &setup{end: hours * 3600, warm: min(3600, hours*360)}
	one := []string{"s"}
	s.classes = []class{
		{name: "audio", media: RTP, rate: 2.2 / 180 * load, talk: 180, patience: 120, priority: 1, skills: one},
		{name: "chat", media: MSRP, rate: 2.6 / 480 * load, talk: 480, patience: 300, priority: 1, skills: one},
	}
	s.agents = append(s.agents,
		Agent{ID: "audio", Skills: one, Phone: true},
		Agent{ID: "chat", Skills: one, MaxChats: 2})
	for i := range 3 {
		s.agents = append(s.agents, Agent{ID: fmt.Sprint("mixed", i), Skills: one, Phone: true, MaxChats: 2})
	}
	return s
}

func mixed(load, hours float64) *setup {
	s := &setup{end: hours * 3600, warm: 3600, wrapup: 30}
	both := []string{"A", "B"}
	s.classes = []class{
		{name: "audio", media: RTP, rate: 2.7 / 60 * load, talk: 180, patience: 120, priority: 5, skills: both},
		{name: "vip", media: RTP, rate: .3 / 60 * load, talk: 180, patience: 120, priority: 1, skills: both},
		{name: "chat", media: MSRP, rate: 1.8 / 60 * load, talk: 480, patience: 300, priority: 5, skills: both},
	}
	sets := [][]string{{"A"}, {"B"}, {"A", "B"}}
	for i := range 20 {
		a := Agent{ID: fmt.Sprintf("a%02d", i), Skills: sets[i%3], Phone: true, MaxChats: 3}
		switch {
		case i < 4:
			a.MaxChats = 0
		case i < 7:
			a.Phone = false
		}
		s.agents = append(s.agents, a)
	}
	return s
}
