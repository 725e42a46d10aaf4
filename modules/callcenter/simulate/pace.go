package simulate

import (
	"math"
	"slices"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// pace is how a chat gets on, when agents answer several more slowly than one;
// see [Scenario.Slowdown].
type pace struct {
	left time.Duration // how long it would last if it were his only one
	from time.Duration // since then
	ends time.Duration // if nothing changes
}

// paces are the chats of each agent.
type paces struct {
	chats [][]int // by agent
	of    map[int]*pace
}

func (w *world) slows(n int) bool {
	return w.sc.Slowdown > 0 && w.book.media(n) == dispatch.MSRP
}

// begin puts the end of a talk on the agenda.
func (w *world) begin(n int) {
	talk := w.contacts[n].talk
	if !w.slows(n) {
		w.agenda.add(entry{at: w.now + talk, what: ends, contact: n, attempt: w.book.fates[n].attempt})
		return
	}
	p, agent := &w.paces, w.book.fates[n].agent
	if p.of == nil {
		p.of, p.chats = map[int]*pace{}, make([][]int, len(w.people))
	}
	w.progress(agent)
	p.of[n] = &pace{left: talk, from: w.now}
	p.chats[agent] = append(p.chats[agent], n)
	w.reschedule(agent)
}

// finish lets the other chats of an agent go on faster.
func (w *world) finish(n int) {
	agent := w.book.fates[n].agent
	if w.paces.of[n] == nil {
		return
	}
	w.progress(agent)
	delete(w.paces.of, n)
	list := w.paces.chats[agent]
	w.paces.chats[agent] = slices.Delete(list, slices.Index(list, n), slices.Index(list, n)+1)
	w.reschedule(agent)
}

// stale reports whether an end on the agenda has been moved.
func (w *world) stale(e entry) bool {
	p := w.paces.of[e.contact]
	return p != nil && p.ends != e.at
}

// factor is how much slower each of n chats is than one alone.
func (w *world) factor(n int) float64 { return math.Pow(float64(n), w.sc.Slowdown) }

// progress counts what the agent's chats have got done.
func (w *world) progress(agent int) {
	list := w.paces.chats[agent]
	for _, n := range list {
		p := w.paces.of[n]
		p.left -= min(time.Duration(float64(w.now-p.from)/w.factor(len(list))), p.left)
		p.from = w.now
	}
}

func (w *world) reschedule(agent int) {
	list := w.paces.chats[agent]
	for _, n := range list {
		p := w.paces.of[n]
		p.ends = w.now + time.Duration(float64(p.left)*w.factor(len(list)))
		w.agenda.add(entry{at: p.ends, what: ends, contact: n, attempt: w.book.fates[n].attempt})
	}
}
