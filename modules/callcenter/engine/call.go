package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// call is one caller from acceptance to the end.
type call struct {
	id     CallID
	cid    int
	media  Media
	flow   *flow
	caller caller
	state  CallState
	agent  *agent // reserved or talking

	arrived    time.Time
	eta        int
	rejections int
	times      talkTimes
	legs       legs

	place   dispatch.Place
	queued  waiting
	entry   entry
	chosen  string // why the present agent was
	held    string // why the policy leaves it waiting
	onHold  bool   // counted as such
	told    *told
	touched bool // see Engine.touch
	alarm   alarm
}

// caller is what we know of who calls.
type caller struct {
	user    string
	display string // as received, in wire form, or ""
	name    string // what others are shown, in wire form
	param   string
}

// entry is where the queue keeps a call.
type entry struct {
	ticket ticket
	ready  bool
}

// told is what the world knows of a call.
type told struct {
	state      CallState
	agent      string
	rejections int
}

// talkTimes are the instants of a call's way to its agent.
type talkTimes struct {
	distributed bool
	reserved    time.Time // the present agent was
	answered    time.Time // the talk began
	rang        time.Duration
	last        time.Time // last change of what the caller hears
}

// talking reports whether caller and agent hear each other.
func (c *call) talking() bool { return !c.times.answered.IsZero() }

// arrive is cc_handle_call.
func (e *Engine) arrive(ev CallArrived) {
	f := e.flows[ev.Flow]
	if code := e.admit(f, ev.Call); code != Done {
		e.do(Answer{Call: ev.Call, Code: code})
		return
	}
	e.do(Answer{Call: ev.Call, Code: Done})
	e.both(f, func(t *tally) { t.incalls++ })
	c := &call{
		id: ev.Call, cid: e.accepted, media: ev.Media, flow: f,
		arrived: e.now, eta: e.ewt(f, ev.Media),
		caller: newCaller(f.cfg.PrependCID, ev),
		place:  dispatch.Place{Turn: e.turn()},
	}
	c.alarm.call = c
	c.times.last = e.now
	e.accepted++
	e.calls[c.id] = c
	f.calls++
	f.came[c.media].add(0, 1, e.now)
	if f.cfg.Welcome == "" {
		e.welcomed(c)
		return
	}
	if !e.tryMedia(f.cfg.Welcome) {
		e.welcomed(c)
		return
	}
	e.setState(c, StateWelcome)
	e.playMedia(c, ToWelcome, f.cfg.Welcome)
}

// admit says whether a call may come in.
func (e *Engine) admit(f *flow, id CallID) Code {
	switch {
	case f == nil || f.removed:
		return NoSuchFlow
	case e.opt.RejectOnNoAgents && e.heads.of(f.cfg.Skill).logged == 0:
		return NoAgents
	case e.calls[id] != nil:
		return Internal
	}
	return Done
}

// welcomed goes on after the welcome, or without one.
func (e *Engine) welcomed(c *call) {
	if e.mustDissuade(c) {
		e.playDissuading(c)
		return
	}
	e.join(c)
}

// setState moves a call, in and out of the queue and of the gauges.
func (e *Engine) setState(c *call, s CallState) {
	if c.state == StateQueued {
		e.leave(c)
		c.held = ""
		e.clock.set(&c.alarm, time.Time{})
		e.both(c.flow, func(t *tally) { t.queued-- })
	}
	c.state = s
	e.touch(c)
	if s == StateQueued {
		e.both(c.flow, func(t *tally) { t.queued++ })
		e.joinsQuestion(c)
		e.enter(c)
		e.unserved = append(e.unserved, c)
	}
	e.setOnHold(c, s != StateToAgent && s != StateEnded)
}

func (e *Engine) setOnHold(c *call, on bool) {
	if on == c.onHold {
		return
	}
	c.onHold = on
	n := -1
	if on {
		n = 1
	}
	e.both(c.flow, func(t *tally) {
		t.onhold += n
		if c.media == MSRP {
			t.onholdChats += n
		}
	})
}

// tell saves the call's row and traces the change when there is one.
func (e *Engine) tell(c *call) {
	now := told{state: c.state, agent: c.agentID(), rejections: c.rejections}
	if c.told != nil && *c.told == now {
		return
	}
	if c.told == nil {
		e.do(SaveCall{c.row()})
	} else {
		e.do(UpdateCall{c.row()})
	}
	c.told = &now
	e.do(Trace{Call: c.id, State: c.state, Flow: c.flow.cfg.ID, Agent: now.agent})
}

func (c *call) agentID() string {
	if c.agent == nil {
		return ""
	}
	return c.agent.cfg.ID
}

func (c *call) row() CallRow {
	setup := -1
	if c.talking() {
		setup = int(c.times.rang / time.Second)
	}
	return CallRow{
		Call: c.id, State: c.state, Media: c.media, Rejections: c.rejections,
		SetupTime: setup, ETA: c.eta, LastStart: c.times.last, Received: c.arrived,
		Display: c.caller.name, User: c.caller.user, Flow: c.flow.cfg.ID,
		Agent: c.agentID(), Param: c.caller.param,
	}
}
