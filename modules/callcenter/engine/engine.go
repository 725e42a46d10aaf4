package engine

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Engine is the machine. It is not safe for concurrent use: one goroutine
// steps it and reads its views. The zero value is not usable; see [New].
type Engine struct {
	opt   Options
	now   time.Time
	out   []Action
	calls map[CallID]*call
	teams
	queue    queue
	heads    headcounts
	center   *dispatch.Center // what policies see: calls that may be given an agent, and agents
	clock    clock
	deciding deciding
	unserved []*call             // queued in this step, perhaps with nothing to hear
	touched  []*call             // to be kept at the end of this step
	turns    uint64              // numbers arrivals of calls in the queue and of agents at idleness
	accepted int                 // calls accepted since the start
	started  time.Time           // of the first Step
	watch    alarm               // of an external dispatcher
	idled    time.Time           // the last time it was found idle
	beside   dispatch.Assignment // what watch is set for
	media    map[string]*mediaServer
	models   map[dispatch.Kind]*model // what the expected wait is computed from
	total    tally
}

// New returns an engine without flows and agents; the first event is a [Load].
func New(o Options) *Engine {
	e := &Engine{
		opt:   o,
		calls: map[CallID]*call{},
		teams: teams{flows: map[string]*flow{}, agents: map[string]*agent{}},
		queue: newQueue(),
		heads: newHeadcounts(), center: dispatch.NewCenter(),
		clock:  newClock(),
		models: map[dispatch.Kind]*model{}, media: map[string]*mediaServer{},
	}
	e.deciding = newDeciding(o)
	e.watch.what = dispatcherAlarm
	e.center.Record(e.deciding.watcher != nil)
	return e
}

// Step takes an event and returns what must be done, in order. Whatever fell
// due until now happens first. Time never goes back: an earlier now counts as
// the latest one.
func (e *Engine) Step(now time.Time, ev Event) []Action {
	e.begin(now)
	e.handle(ev)
	e.settle()
	e.keepCalls()
	out := e.out
	e.out = nil
	return out
}

// Wake is the next instant at which a [Tick] is due, if any.
func (e *Engine) Wake() (time.Time, bool) { return e.clock.next() }

// begin moves the clock.
func (e *Engine) begin(now time.Time) {
	if e.started.IsZero() {
		e.started = now
	}
	if now.After(e.now) {
		e.now = now
	}
	if e.expire() {
		e.settle()
	}
}

// settle gives free agents to waiting calls, and the queue's media to those
// who must go on waiting.
func (e *Engine) settle() {
	e.dispatch()
	e.entertain()
	e.watchDispatcher()
}

func (e *Engine) do(a Action) { e.out = append(e.out, a) }

// turn is a number greater than all before.
func (e *Engine) turn() uint64 {
	e.turns++
	return e.turns
}

func (e *Engine) handle(ev Event) {
	switch ev := ev.(type) {
	case Load:
		e.load(ev)
	case Restore:
		e.restore(ev)
	case CallArrived:
		e.arrive(ev)
	case AgentLogin:
		e.login(ev)
	case ReleaseAgent:
		e.releaseAgent(ev)
	case Assign:
		e.assignByHand(ev)
	case SetPolicy:
		e.setPolicy(ev)
	case PolicyReady:
		e.policyReady()
	case PolicyLost:
		e.policyLost(ev.Reason)
	case Proposal:
		e.proposal(ev)
	case SetDispatching:
		e.opt.InternalDispatching = ev.On
		e.dispatcherWorks()
		e.center.Rethink()
	case ResetStats:
		e.resetStats()
	case HangUpAll:
		e.hangUpAll()
	case Tick: // begin has done it
	default:
		e.handleCall(ev)
	}
}

// handleCall hands an event to its call. A call that is gone, and an attempt
// that is not the present one, are ignored: networks repeat themselves and
// arrive late.
func (e *Engine) handleCall(ev Event) {
	switch ev := ev.(type) {
	case Connected:
		e.with(ev.Call, func(c *call) { e.connected(c, ev.Attempt) })
	case Announcing:
		e.with(ev.Call, func(c *call) { e.announcing(c, ev.Attempt) })
	case AnnounceDone:
		e.with(ev.Call, func(c *call) { e.announceDone(c, ev.Attempt) })
	case ConnectFailed:
		e.with(ev.Call, func(c *call) { e.connectFailed(c, ev.Attempt, ev.Code) })
	case PeerGone:
		e.with(ev.Call, func(c *call) { e.peerGone(c, ev.Attempt) })
	case CallerGone:
		e.with(ev.Call, e.callerGone)
	case CallLost:
		e.with(ev.Call, func(c *call) { e.finish(c, CDRError) })
	}
}

func (e *Engine) with(id CallID, fn func(*call)) {
	if c := e.calls[id]; c != nil {
		fn(c)
	}
}
