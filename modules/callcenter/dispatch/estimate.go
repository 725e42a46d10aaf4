package dispatch

import (
	"math"
	"time"
)

// memory is how long the past counts: what happened so long ago weighs 1/e.
const memory = time.Hour

// What is believed before anything was seen, and how many calls that belief is
// worth.
const (
	talkBelief = 180.0 // seconds
	chatBelief = 480.0
	beliefs    = 3.0
)

// estimate learns the load from what changes: arrivals by skill, and how long
// calls and chats keep their agents. All are averages that fade with memory.
type estimate struct {
	now     time.Time
	watched float64 // seconds watched, faded
	turn    uint64  // of the newest call seen
	arrived map[string]faded
	agents  map[string]doing
	call    keeps
	chat    keeps
}

// doing is what an agent was last seen doing.
type doing struct {
	call  bool
	chats int
}

// keeps is how long contacts of one medium keep an agent, by the time spent on
// all of them over the number that ended. That is right in the middle of long
// ones, too.
type keeps struct {
	running     int
	spent, done float64 // faded: seconds, and contacts ended
}

func (k keeps) mean(belief float64) float64 {
	return (k.spent + beliefs*belief) / (k.done + beliefs)
}

// faded is a count that fades, as of a time.
type faded struct {
	n  float64
	at time.Time
}

func (f faded) to(now time.Time) faded { return faded{f.n * fade(now.Sub(f.at)), now} }

func fade(d time.Duration) float64 { return math.Exp(-d.Seconds() / memory.Seconds()) }

func newEstimate() estimate {
	return estimate{arrived: map[string]faded{}, agents: map[string]doing{}}
}

// watch takes in a change.
func (e *estimate) watch(d Delta) {
	e.pass(d.Now)
	if d.Reset {
		e.forget()
	}
	for i := range d.Calls {
		e.join(&d.Calls[i], d.Reset)
	}
	for i := range d.Agents {
		a := &d.Agents[i]
		e.see(a.ID, doing{call: a.State == InCall || a.State == Wrapup, chats: a.Standing.Chats}, true)
	}
	for _, id := range d.Left {
		e.see(id, doing{}, false)
		delete(e.agents, id)
	}
}

// pass lets time go by.
func (e *estimate) pass(now time.Time) {
	if !e.now.IsZero() && now.After(e.now) {
		dt := now.Sub(e.now)
		f := fade(dt)
		e.watched = e.watched*f + dt.Seconds()
		e.call.pass(dt, f)
		e.chat.pass(dt, f)
	}
	e.now = now
}

func (k *keeps) pass(dt time.Duration, f float64) {
	k.spent = k.spent*f + float64(k.running)*dt.Seconds()
	k.done *= f
}

// forget drops what is known of agents, who are about to be told anew. The
// averages stay.
func (e *estimate) forget() {
	clear(e.agents)
	e.call.running, e.chat.running = 0, 0
}

// join counts an arrival. A call that an agent refused, or that is told again,
// is none.
func (e *estimate) join(c *Call, again bool) {
	if c.Place.Turn <= e.turn {
		return
	}
	e.turn = c.Place.Turn
	if c.Media != RTP || c.Place.Refused || again {
		return
	}
	f := e.arrived[c.Skill].to(e.now)
	f.n++
	e.arrived[c.Skill] = f
}

// see notes what an agent does now. If he left, what he had is not over.
func (e *estimate) see(id string, now doing, here bool) {
	was := e.agents[id]
	e.agents[id] = now
	e.chat.running += now.chats - was.chats
	e.call.running += toInt(now.call) - toInt(was.call)
	if !here {
		return
	}
	e.chat.done += float64(max(was.chats-now.chats, 0))
	if was.call && !now.call {
		e.call.done++
	}
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rate is how many calls for a skill arrive in a second.
func (e *estimate) rate(skill string) float64 {
	if e.watched == 0 {
		return 0
	}
	return e.arrived[skill].to(e.now).n / e.watched
}
