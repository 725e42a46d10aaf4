package simulate

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// book is what is written down of a run, from the engine's actions.
type book struct {
	window  span
	now     time.Duration // everything is counted up to then
	sc      *Scenario
	flows   []flow
	classes []Class
	path    map[[2]string]float64

	contacts []contact
	fates    []fate
	desks    []desk
	open     int // measured contacts that came and wait

	skills  map[string]int // numbers them
	waiting [][]int        // by class, then skill: how many wait now
	queue   []float64      // by class: waiting seconds within the window
	calls   []int          // by skill: audio calls waiting
	held    []int          // by skill: agents with a phone and a few chats
	blocked time.Duration

	offers []offer // of this step, not judged yet
	found  findings
	series series
}

// fate is what becomes of a contact. Times are -1 as long as it has not
// happened.
type fate struct {
	arrived, answered, abandoned, ended time.Duration

	waiting time.Duration // since when it waits for an agent, -1: it does not
	queued  time.Duration // how long it has waited for one
	agent   int           // -1: none
	attempt int
	offers  int
	lost    bool
}

// talked is how long the talk was, or will be.
func (f *fate) talked(planned time.Duration) time.Duration {
	if f.ended < 0 {
		return planned
	}
	return f.ended - f.answered
}

func newBook(w *world, window span) *book {
	b := &book{window: window, sc: w.sc, flows: w.flows, classes: w.sc.Classes, path: w.sc.Path, contacts: w.contacts,
		fates: make([]fate, len(w.contacts)), skills: map[string]int{}, queue: make([]float64, len(w.sc.Classes)),
		series: newSeries(window)}
	number := func(skill string) int {
		n, ok := b.skills[skill]
		if !ok {
			n = len(b.skills)
			b.skills[skill] = n
		}
		return n
	}
	for _, f := range w.flows {
		number(f.skill)
	}
	for _, p := range w.people {
		d := desk{person: p, now: told{ReportAgent: engine.ReportAgent{State: engine.Offline}}}
		for _, s := range p.skills {
			d.skill = append(d.skill, number(s))
		}
		b.desks = append(b.desks, d)
	}
	b.calls, b.held = make([]int, len(b.skills)), make([]int, len(b.skills))
	for range w.sc.Classes {
		b.waiting = append(b.waiting, make([]int, len(b.skills)))
	}
	for i := range b.fates {
		b.fates[i] = fate{-1, -1, -1, -1, -1, 0, -1, 0, 0, false}
	}
	return b
}

func (b *book) media(n int) dispatch.Media { return b.classes[b.contacts[n].class].Media }

func (b *book) measures(n int) bool { return b.window.has(b.contacts[n].at) }

// advance counts the time up to now: nothing has changed since the last one.
func (b *book) advance(now time.Duration) {
	if now <= b.now {
		return
	}
	from := b.now
	b.now = now
	if took := b.window.clip(from, now); took > 0 {
		rtp, msrp := 0, 0
		for class, skills := range b.waiting {
			n := 0
			for _, k := range skills {
				n += k
			}
			b.queue[class] += float64(n) * took.Seconds()
			if b.classes[class].Media == dispatch.RTP {
				rtp += n
			} else {
				msrp += n
			}
		}
		b.series.waited(from, now, rtp, msrp)
		for s, n := range b.calls {
			if n > 0 && b.held[s] > 0 {
				b.blocked += took
				break
			}
		}
	}
}

func (b *book) arrive(n int) {
	b.fates[n].arrived = b.now
	if b.measures(n) {
		b.open++
	}
	b.wait(n)
}

// wait puts a contact into the queue.
func (b *book) wait(n int) {
	b.fates[n].waiting = b.now
	b.count(n, 1)
}

func (b *book) count(n, sign int) {
	f := b.flows[b.contacts[n].flow]
	s := b.skills[f.skill]
	b.waiting[f.class][s] += sign
	if b.classes[f.class].Media == dispatch.RTP {
		b.calls[s] += sign
	}
}

// leave takes a contact out of the queue.
func (b *book) leave(n int) {
	f := &b.fates[n]
	if f.waiting < 0 {
		return
	}
	f.queued += b.now - f.waiting
	f.waiting = -1
	b.count(n, -1)
}

func (b *book) offer(n, agent, attempt int) {
	b.leave(n)
	f := &b.fates[n]
	f.agent, f.attempt = agent, attempt
	f.offers++
	b.offers = append(b.offers, offer{n, agent})
}

func (b *book) reject(n int) {
	if b.measures(n) {
		b.found.refused++
	}
	b.fates[n].agent = -1
	b.wait(n)
}

func (b *book) answer(n int) {
	f := &b.fates[n]
	f.answered = b.now
	if b.window.has(b.now) {
		b.desks[f.agent].handled++
	}
	b.settled(n)
}

func (b *book) abandon(n int) {
	b.fates[n].abandoned = b.now
	b.leave(n)
	b.settled(n)
}

func (b *book) settled(n int) {
	if b.measures(n) {
		b.open--
	}
}

func (b *book) end(n int, lost bool) {
	f := &b.fates[n]
	f.ended = b.now
	f.lost = lost
	if f.answered < 0 && f.abandoned < 0 {
		b.leave(n)
		b.settled(n)
	}
}

// talksOf are the contacts an agent talks to.
func (b *book) talksOf(agent int) (list []int) {
	for n := range b.fates {
		f := &b.fates[n]
		if f.agent == agent && f.answered >= 0 && f.ended < 0 {
			list = append(list, n)
		}
	}
	return list
}

// close counts everything up to the end.
func (b *book) close(now time.Duration) {
	b.advance(now)
	for i := range b.desks {
		b.tally(&b.desks[i])
	}
	for n := range b.fates {
		b.leave(n)
	}
}
