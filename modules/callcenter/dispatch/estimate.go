package dispatch

import (
	"slices"
	"strings"
	"time"
)

// memory is after how many calls what was seen before has faded to 1/e. It is a
// number of calls and no time, so that a large center follows the hour and a
// small one is not led by chance.
const memory = 100.0

// What is believed before anything was seen.
const (
	talkBelief = 180.0 // seconds that a call keeps its agent
	beliefs    = 3.0   // how many calls that belief is worth
	calm       = 300.0 // seconds without a call before the first
)

// estimate learns the load of audio calls from what changes in the center: how
// many arrive for each skill, how long they keep an agent, and how many agents
// they keep now.
type estimate struct {
	now    time.Time
	rates  map[string]*arrivals
	known  map[string]struct{} // calls that wait
	agents map[string]*doing
	crews  map[string]*crew
	skills map[string][]*crew

	running     int     // agents in calls
	spent, done float64 // faded: seconds spent in calls, and calls ended
}

// arrivals counts the calls for a skill.
type arrivals struct {
	n, over float64 // faded: calls, and the seconds in which they came
	last    time.Time
}

// doing is what an agent was last seen doing.
type doing struct {
	crew *crew
	call bool // he is in a call, or in the wrap-up of one
}

// crew are the agents with the same skills.
type crew struct {
	skills        []string
	members, busy int // busy: in calls
}

func newEstimate() *estimate {
	return &estimate{
		rates: map[string]*arrivals{}, known: map[string]struct{}{}, agents: map[string]*doing{},
		crews: map[string]*crew{}, skills: map[string][]*crew{},
	}
}

// watch takes in a change. A whole center told anew is no news of arrivals, and
// what has been learnt stays.
func (e *estimate) watch(d Delta) {
	e.pass(d.Now)
	if d.Reset {
		clear(e.known)
		clear(e.agents)
		clear(e.crews)
		clear(e.skills)
		e.running = 0
	}
	for _, id := range d.Gone {
		delete(e.known, id)
	}
	for i := range d.Calls {
		e.join(&d.Calls[i], d.Reset)
	}
	for _, id := range d.Left {
		e.leave(id)
	}
	for i := range d.Agents {
		e.see(&d.Agents[i])
	}
}

// pass lets time go by.
func (e *estimate) pass(now time.Time) {
	if !e.now.IsZero() && now.After(e.now) {
		e.spent += float64(e.running) * now.Sub(e.now).Seconds()
	}
	e.now = now
}

// join counts an arrival. A call that an agent refused, or that changed, is
// none.
func (e *estimate) join(c *Call, again bool) {
	_, known := e.known[c.ID]
	e.known[c.ID] = struct{}{}
	if known || again || c.Media != RTP || c.Place.Refused {
		return
	}
	r := e.rates[c.Skill]
	if r == nil {
		r = &arrivals{over: calm, last: e.now}
		e.rates[c.Skill] = r
	}
	r.over = r.over*(1-1/memory) + max(e.now.Sub(r.last).Seconds(), 0)
	r.n = r.n*(1-1/memory) + 1
	r.last = e.now
}

// rate is how many calls for a skill arrive in a second.
func (e *estimate) rate(skill string) float64 {
	r := e.rates[skill]
	if r == nil {
		return 0
	}
	return r.n / max(r.over+e.now.Sub(r.last).Seconds(), 1)
}

// handling is how many seconds a call keeps its agent, wrap-up included: the
// time spent on all over the number that ended, which is right in the middle of
// long ones, too.
func (e *estimate) handling() float64 {
	return (e.spent + beliefs*talkBelief) / (e.done + beliefs)
}

// see notes what an agent does now.
func (e *estimate) see(a *Agent) {
	d := e.agents[a.ID]
	if d == nil || !slices.Equal(d.crew.skills, a.Skills) {
		e.leave(a.ID)
		d = &doing{crew: e.crew(a.Skills)}
		d.crew.members++
		e.agents[a.ID] = d
	}
	switch call := a.State == InCall || a.State == Wrapup && d.call; {
	case call && !d.call:
		d.call = true
		d.crew.busy++
		e.running++
	case !call && d.call:
		e.release(d)
		e.spent *= 1 - 1/memory
		e.done = e.done*(1-1/memory) + 1
	}
}

func (e *estimate) release(d *doing) {
	d.call = false
	d.crew.busy--
	e.running--
}

// leave forgets an agent. The call he may have had did not end.
func (e *estimate) leave(id string) {
	d := e.agents[id]
	if d == nil {
		return
	}
	if d.call {
		e.release(d)
	}
	delete(e.agents, id)
	if d.crew.members--; d.crew.members > 0 {
		return
	}
	delete(e.crews, key(d.crew.skills))
	for _, s := range d.crew.skills {
		e.skills[s] = slices.DeleteFunc(e.skills[s], func(c *crew) bool { return c == d.crew })
		if len(e.skills[s]) == 0 {
			delete(e.skills, s)
		}
	}
}

func (e *estimate) crew(skills []string) *crew {
	c := e.crews[key(skills)]
	if c == nil {
		c = &crew{skills: skills}
		e.crews[key(skills)] = c
		for _, s := range skills {
			e.skills[s] = append(e.skills[s], c)
		}
	}
	return c
}

func key(skills []string) string { return strings.Join(skills, "\x00") }

// busy is how many agents are in calls for a skill. One with several skills
// counts for each by its share of the calls.
func (e *estimate) busy(skill string) (n float64) {
	own := e.rate(skill)
	for _, c := range e.skills[skill] {
		if c.busy == 0 {
			continue
		}
		all := 0.0
		for _, s := range c.skills {
			all += e.rate(s)
		}
		if all > 0 {
			n += float64(c.busy) * own / all
		}
	}
	return n
}
