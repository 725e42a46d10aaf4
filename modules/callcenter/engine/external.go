package engine

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// idleDispatcher is how long an external dispatcher may leave a call waiting
// beside an agent who could take it.
const idleDispatcher = 10 * time.Second

// watchDispatcher looks after an external dispatcher, or a policy outside: is
// there anything it should do?
func (e *Engine) watchDispatcher() {
	c, a := e.undone()
	switch {
	case c == nil:
		e.clock.set(&e.watch, time.Time{})
	case e.watch.at.IsZero() || e.opt.InternalDispatching && !e.stillBeside():
		e.beside = dispatch.Assignment{Call: string(c.id), Agent: a.cfg.ID}
		e.clock.set(&e.watch, latest(e.now.Add(idleDispatcher), e.idled.Add(alarmQuiet)))
	}
}

// stillBeside reports whether the call that is watched could still have the
// agent it was seen beside: a busy policy always has others on the way.
func (e *Engine) stillBeside() bool {
	return e.center.Legal(e.beside) == nil && e.calls[CallID(e.beside.Call)].held == ""
}

// dispatcherWorks starts the time anew.
func (e *Engine) dispatcherWorks() { e.clock.set(&e.watch, time.Time{}) }

// dispatcherIdle is the alarm of the watch. It is not raised more than once a
// minute.
func (e *Engine) dispatcherIdle() {
	c, a := e.undone()
	if c == nil {
		return
	}
	if e.opt.InternalDispatching {
		if e.stillBeside() {
			e.kill(fmt.Sprintf("for %s it has left call %s waiting beside agent %s, who could take it, and has not said why", idleDispatcher, e.beside.Call, e.beside.Agent))
		}
		return
	}
	e.idled = e.now
	e.do(Alarm{Call: c.id, Flow: c.flow.cfg.ID, Agent: a.cfg.ID,
		Text: "internal_call_dispatching is 0, and for " + idleDispatcher.String() + " nobody has dispatched a call, although one waits that agent " +
			a.cfg.ID + " could take: start the external dispatcher, or set internal_call_dispatching to 1"})
}

// undone finds the call that should be served next and the agent for it, while
// somebody else decides and has not said why it waits.
func (e *Engine) undone() (*call, *agent) {
	var c *call
	var a *agent
	if o := e.deciding.outside; e.opt.InternalDispatching && (o == nil || !o.active) {
		return nil, nil
	}
	var best *dispatch.Call
	for k := range e.center.Kinds() {
		first, free := e.center.First(k), e.center.Idlest(k)
		if free == nil || best != nil && !first.Before(*best) || e.calls[CallID(first.ID)].held != "" {
			continue
		}
		best, c, a = first, e.calls[CallID(first.ID)], e.agents[free.ID]
	}
	return c, a
}

// MediaOf is the medium of a call, [RTP] when there is none of that id.
func (e *Engine) MediaOf(id CallID) Media {
	if c := e.calls[id]; c != nil {
		return c.media
	}
	return RTP
}
