package simulate

import (
	"slices"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// measures are the figures of a finished run.
func (w *world) measures() Measures {
	b := w.book
	length := (b.window.to - b.window.from).Seconds()
	m := Measures{Decisions: float64(w.watch.n), Refused: float64(b.found.refused),
		PriorityInversions: float64(b.found.priorityInversions), BlockedShare: b.blocked.Seconds() / length,
		Inversions: share(1000*float64(b.found.inversions), float64(b.found.chats)), IdleSkipped: share(b.found.skipped.Seconds(), float64(b.found.idle))}
	groups := newGroups(w)
	away, paths, answered := 0.0, 0.0, 0.0
	for n := range b.contacts {
		if !b.measures(n) {
			continue
		}
		groups.add(n)
		if f := &b.fates[n]; f.answered >= 0 {
			answered++
			from, to := b.flows[b.contacts[n].flow].site, b.desks[f.agent].site
			if from != to {
				away++
			}
			paths += b.path[[2]string{from, to}]
		}
	}
	m.AwayShare, m.PathCost = share(away, answered), share(paths, answered)
	m.Throughput = answered / length * 3600
	groups.fill(&m, w.sc.Target, length)
	for i, c := range b.classes {
		m.Classes[i].Queue = b.queue[i] / length
		m.Cost += c.Weight * m.Classes[i].Queue
		if c.Media == dispatch.RTP {
			m.Audio.Queue += m.Classes[i].Queue
		} else {
			m.Chat.Queue += m.Classes[i].Queue
		}
	}
	m.WaitRatio = m.Audio.LongestQueue / max(m.Chat.LongestQueue, 1)
	b.agents(w, &m)
	return m
}

func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// groups are the contacts sorted for [ClassMeasures].
type groups struct {
	w       *world
	classes [][]int
	skills  [][]int // by class, then skill
	names   []flow  // of skills
	where   map[flow]int
	media   [3][]int
}

func newGroups(w *world) *groups {
	g := &groups{w: w, classes: make([][]int, len(w.sc.Classes)), where: map[flow]int{}}
	for _, f := range w.flows {
		f.site = ""
		if _, ok := g.where[f]; !ok {
			g.where[f] = len(g.names)
			g.names = append(g.names, f)
		}
	}
	g.skills = make([][]int, len(g.names))
	return g
}

func (g *groups) add(n int) {
	f := g.w.flows[g.w.contacts[n].flow]
	f.site = ""
	g.classes[f.class] = append(g.classes[f.class], n)
	g.skills[g.where[f]] = append(g.skills[g.where[f]], n)
	media := g.w.sc.Classes[f.class].Media
	g.media[media] = append(g.media[media], n)
}

func (g *groups) fill(m *Measures, target time.Duration, length float64) {
	b := g.w.book
	for i, list := range g.classes {
		c := b.class(list, target)
		c.Class, c.Media = b.classes[i].Name, b.classes[i].Media
		m.Classes = append(m.Classes, c)
	}
	for i, list := range g.skills {
		c := b.class(list, target)
		class := b.classes[g.names[i].class]
		c.Class, c.Skill, c.Media = class.Name, g.names[i].skill, class.Media
		c.Queue = c.QueueTime * c.Arrived / length // Little's law
		m.Skills = append(m.Skills, c)
	}
	m.Audio, m.Chat = b.class(g.media[dispatch.RTP], target), b.class(g.media[dispatch.MSRP], target)
	m.Audio.Class, m.Audio.Media = "audio (all)", dispatch.RTP
	m.Chat.Class, m.Chat.Media = "chat (all)", dispatch.MSRP
}

// class measures some contacts. The number waiting is left to the caller.
func (b *book) class(list []int, target time.Duration) (c ClassMeasures) {
	var waits []time.Duration
	var queued, longest, held time.Duration
	inTarget, gaveUpInTarget := 0.0, 0.0
	for _, n := range list {
		f := &b.fates[n]
		c.Arrived++
		queued += f.queued
		longest = max(longest, f.queued)
		switch {
		case f.answered >= 0:
			w := f.answered - f.arrived
			waits = append(waits, w)
			held += f.talked(b.contacts[n].talk) + b.sc.pause(&b.desks[f.agent].person, &b.classes[b.contacts[n].class])
			if w <= target {
				inTarget++
			}
			if f.lost {
				c.Lost++
			}
		case f.abandoned >= 0:
			c.Abandoned++
			if f.abandoned-f.arrived <= target {
				gaveUpInTarget++
			}
		default:
			c.Waiting++
		}
	}
	c.Answered = float64(len(waits))
	left := c.Answered + c.Abandoned
	all := left + c.Waiting // whom nobody answers is not served, patient or not
	c.SLa, c.SLb = share(inTarget, c.Answered), share(inTarget, all)
	c.SLc, c.SLd = share(inTarget, all-gaveUpInTarget), share(inTarget+gaveUpInTarget, all)
	c.AbandonRate, c.AHT = share(c.Abandoned, left), share(held.Seconds(), c.Answered)
	c.QueueTime, c.LongestQueue = share(queued.Seconds(), c.Arrived), longest.Seconds()
	c.Wait = waitsOf(waits)
	return c
}

func waitsOf(list []time.Duration) (w Waits) {
	if len(list) == 0 {
		return w
	}
	slices.Sort(list)
	sum := 0.0
	for _, d := range list {
		sum += d.Seconds()
	}
	at := func(p float64) float64 { return list[min(int(p*float64(len(list))), len(list)-1)].Seconds() }
	return Waits{Mean: sum / float64(len(list)), P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)}
}
