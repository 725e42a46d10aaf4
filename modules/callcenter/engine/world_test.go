package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is everything around the engine, and what it knows from outside.
type world struct {
	t       *testing.T
	rnd     *rand.Rand
	seed    uint64
	eng     *Engine
	opt     Options
	now     time.Time
	history []any // events with their time, and actions

	config    Load
	sessions  map[CallID]*session
	live      []CallID // those not ended, in order of arrival
	dead      []CallID
	agents    map[string]*desk
	arrivals  int
	joins     int
	kept      map[CallID]KeptCall
	pauses    map[string]KeptAgent
	restoring bool   // a Restore is being taken
	releasing bool   // the event is ReleaseAgent
	dropped   bool   // a flow was removed since the counters were zero
	guest     *guest // a policy outside, or nil
	reached   map[string]int
}

// session is a caller as a B2B runner sees him.
type session struct {
	id       CallID
	saved    bool
	finals   int
	final    CDRType
	deleted  bool
	hungUp   bool
	attempts int
	before   int     // attempts when the process started
	ring     Connect // Attempt 0: none
	peer     int
	agent    string // of the peer, "" for media
	heard    bool   // the announcement
	join     int    // order of joining the queue
	refused  bool
	assigned bool // by an external dispatcher, once
	told     []Happening
}

// desk is an agent as the reports show him.
type desk struct {
	state AgentState
	chats int
	limit int // most chats, before this step
}

func newWorld(t *testing.T, seed uint64) *world {
	rnd := rand.New(rand.NewPCG(seed, 42))
	w := &world{t: t, rnd: rnd, seed: seed, now: t0, sessions: map[CallID]*session{}, agents: map[string]*desk{}, kept: map[CallID]KeptCall{}, pauses: map[string]KeptAgent{}, reached: map[string]int{}}
	w.opt = Options{
		Wrapup:              time.Duration(rnd.IntN(3)) * 2 * time.Second,
		RejectOnNoAgents:    rnd.IntN(2) == 0,
		QueuePosParam:       "cc_pos",
		ChatPolicy:          []string{"balancing", "full-load"}[rnd.IntN(2)],
		InternalDispatching: rnd.IntN(8) > 0,
		Fallback:            []string{"", "sip:fallback@media"}[rnd.IntN(2)],
		MaxFailures:         rnd.IntN(3),
		AgentRetry:          5 * time.Second,
		PosRefresh:          time.Duration(rnd.IntN(2)) * 3 * time.Second,
		DropOld:             rnd.IntN(3) == 0,
	}
	w.eng = New(w.opt)
	for i := range 5 {
		w.config.Flows = append(w.config.Flows, w.flow(i))
	}
	for i := range 12 {
		w.config.Agents = append(w.config.Agents, w.agent(i))
	}
	return w
}

func (w *world) flow(i int) FlowConfig {
	f := FlowConfig{
		ID: fmt.Sprintf("f%d", i), Priority: w.rnd.IntN(3), Skill: w.skill(),
		Queue: "sip:moh@media", PrependCID: []string{"", "Sales"}[w.rnd.IntN(2)],
		MaxWrapup: time.Duration(w.rnd.IntN(3)) * time.Second,
	}
	if w.rnd.IntN(3) == 0 {
		f.Welcome = "sip:welcome@media"
	}
	if w.rnd.IntN(4) == 0 {
		f.FlowID = "sip:flowid@media"
	}
	if w.rnd.IntN(4) == 0 {
		f.Dissuading = "sip:busy@media"
		f.DissuadingHangup = w.rnd.IntN(2) == 0
		f.DissuadingOnHold = time.Duration(w.rnd.IntN(4)) * 3 * time.Second
		f.DissuadingEWT = time.Duration(w.rnd.IntN(3)) * time.Second
		f.DissuadingQueueSize = w.rnd.IntN(4)
	}
	return f
}

func (w *world) agent(i int) AgentConfig {
	a := AgentConfig{
		ID: fmt.Sprintf("a%d", i), LoggedIn: w.rnd.IntN(3) > 0,
		Wrapup: time.Duration(w.rnd.IntN(3)) * time.Second,
	}
	kinds := w.rnd.IntN(3)
	if kinds != 1 {
		a.Location = "sip:" + a.ID + "@phones"
	}
	if kinds != 0 {
		a.MSRPLocation, a.MSRPSessions = "sip:"+a.ID+"@chat", w.rnd.IntN(4)
	}
	for range 1 + w.rnd.IntN(3) {
		a.Skills = append(a.Skills, w.skill())
	}
	if w.rnd.IntN(3) == 0 {
		a.WrapupEnds = w.now.Add(time.Duration(w.rnd.IntN(5)) * time.Second)
	}
	return a
}

func (w *world) skill() string { return string(rune('p' + w.rnd.IntN(4))) }

func (w *world) run(n int) {
	w.load(true)
	for range n {
		w.pass()
		w.step(w.event())
	}
	w.step(HangUpAll{})
	if len(w.live) > 0 || len(w.eng.calls) > 0 {
		w.fail("calls after HangUpAll: %v", w.live)
	}
	w.empty()
	for id, s := range w.sessions {
		if s.finals != 1 || !s.deleted {
			w.fail("call %s has %d final CDRs, deleted %t", id, s.finals, s.deleted)
		}
		if s.told[len(s.told)-1] != HappenEnded {
			w.fail("call %s: told %v", id, s.told)
		}
	}
}

// empty holds that no statistic and no agent counts calls that are over, and
// that every pause ends.
func (w *world) empty() {
	w.now = w.now.Add(time.Hour)
	w.tick()
	for _, s := range w.eng.Stats(w.now) {
		if (strings.Contains(s.Name(), "_onhold_") || strings.Contains(s.Name(), "_queued_")) && s.Value != 0 {
			w.fail("%s is %d without calls", s.Name(), s.Value)
		}
	}
	for _, a := range w.eng.Agents(w.now) {
		if a.Ref != 0 || a.Chats != 0 || a.State != Free && a.State != Offline {
			w.fail("without calls: %+v", a)
		}
	}
}

// pass lets time go by: not at all, a little, far, or to the next wake exactly
// or nearly. Half of the ticks that are due are late.
func (w *world) pass() {
	wake, ok := w.eng.Wake()
	switch n := w.rnd.IntN(20); {
	case n < 8:
	case n < 14:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(300)) * time.Millisecond)
	case n < 15:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(12)) * time.Second)
	case ok && wake.After(w.now):
		w.now = wake.Add(time.Duration(w.rnd.IntN(3) - 1))
	}
	if ok && !wake.After(w.now) && w.rnd.IntN(2) == 0 {
		w.tick()
	}
}

func (w *world) tick() {
	w.step(Tick{})
	if wake, ok := w.eng.Wake(); ok && !wake.After(w.now) {
		w.fail("after a tick at %s the next one is due at %s", w.at(w.now), w.at(wake))
	}
}

// event makes up what happens next.
func (w *world) event() Event {
	if w.rnd.IntN(4) == 0 {
		return w.policyEvent()
	}
	switch n := w.rnd.IntN(200); {
	case n >= 100 && n < 170 && !w.eng.opt.InternalDispatching && w.rnd.IntN(2) == 0:
		return w.assign()
	case n < 50 && len(w.live) < 40:
		return w.arrival()
	case n < 130 && len(w.live) > 0:
		return w.happens(w.sessions[w.live[w.rnd.IntN(len(w.live))]])
	case n < 150 && len(w.live) > 0:
		return CallerGone{w.live[w.rnd.IntN(len(w.live))]}
	case n < 153 && len(w.live) > 0:
		return CallLost{w.live[w.rnd.IntN(len(w.live))], "test"}
	case n < 170:
		return AgentLogin{fmt.Sprintf("a%d", w.rnd.IntN(13)), w.rnd.IntN(3) > 0}
	case n < 190:
		return w.stale()
	case n < 193 && len(w.live) > 0:
		return w.assign()
	case n == 193 && w.rnd.IntN(2) == 0:
		return ReleaseAgent{fmt.Sprintf("a%d", w.rnd.IntN(13)), "test"}
	case n < 194:
		on := w.rnd.IntN(4) > 0
		if !on {
			w.reached["dispatching off"]++
		}
		return SetDispatching{on}
	case n < 197:
		return w.reload()
	case n == 197:
		w.dropped = slices.ContainsFunc(w.eng.flowList, func(f *flow) bool { return f.removed })
		return ResetStats{}
	case n == 198 && w.rnd.IntN(20) == 0:
		return HangUpAll{}
	case n == 199 && w.rnd.IntN(4) == 0:
		w.restart()
	}
	return Tick{}
}

// assign is the work of an external dispatcher, who is wrong now and then.
func (w *world) assign() Event {
	a := Assign{"nobody", fmt.Sprintf("a%d", w.rnd.IntN(13))}
	if waiting := w.waiting(); len(waiting) > 0 && w.rnd.IntN(8) > 0 {
		a.Call = waiting[w.rnd.IntN(len(waiting))]
	} else if len(w.live) > 0 {
		a.Call = w.live[w.rnd.IntN(len(w.live))]
	}
	return a
}

func (w *world) arrival() Event {
	if wake, ok := w.eng.Wake(); len(w.live) > 0 && w.rnd.IntN(20) == 0 && !(ok && !wake.After(w.now)) { // else it may end in this very step
		return CallArrived{Call: w.live[0], Flow: "f0", Media: RTP} // the id is in use
	}
	w.arrivals++
	id := CallID(fmt.Sprint("c", w.arrivals))
	return CallArrived{
		Call: id, Flow: fmt.Sprintf("f%d", w.rnd.IntN(6)), Media: Media(1 + w.rnd.IntN(2)),
		User: "bob", Display: []string{"", `"Bob B"`}[w.rnd.IntN(2)],
	}
}

// happens goes on with a call: what is being connected answers or fails, and
// what was connected hangs up.
func (w *world) happens(s *session) Event {
	if s.ring.Attempt == 0 || s.peer != 0 && w.rnd.IntN(5) == 0 {
		if s.peer == 0 {
			return Tick{}
		}
		ev := PeerGone{s.id, s.peer}
		s.peer, s.agent = 0, ""
		return ev
	}
	n := s.ring.Attempt
	fail := w.rnd.IntN(3) == 0
	switch {
	case fail:
		s.ring = Connect{}
		return ConnectFailed{s.id, n, []int{486, 408}[w.rnd.IntN(2)]}
	case s.ring.Announce != "" && !s.heard:
		s.heard = true
		return Announcing{s.id, n}
	case s.ring.Announce != "" && w.rnd.IntN(2) == 0:
		return AnnounceDone{s.id, n}
	}
	s.peer, s.agent, s.ring = n, s.ring.Agent, Connect{}
	if s.agent != "" && s.assigned {
		w.reached["assigned and answered"]++
	}
	return Connected{s.id, n}
}

// stale makes an event that must change nothing: of a call that is gone, or of
// an attempt that is neither made nor heard.
func (w *world) stale() Event {
	id := CallID("nobody")
	attempt := 1
	switch {
	case len(w.dead) > 0 && w.rnd.IntN(2) == 0:
		id = w.dead[w.rnd.IntN(len(w.dead))]
	case len(w.live) > 0:
		s := w.sessions[w.live[w.rnd.IntN(len(w.live))]]
		attempt = w.rnd.IntN(s.attempts + 1) // a later one may be made in this very step
		if c := w.eng.calls[s.id]; attempt == s.ring.Attempt || attempt == s.peer || attempt == c.legs.old.attempt {
			attempt = -1
		}
		id = s.id
	}
	return []Event{
		Connected{id, attempt}, Announcing{id, attempt}, AnnounceDone{id, attempt},
		ConnectFailed{id, attempt, 487}, PeerGone{id, attempt},
	}[w.rnd.IntN(5)]
}

// reload changes, removes or brings back a few rows.
func (w *world) reload() Event {
	c := Load{Flows: slices.Clone(w.config.Flows), Agents: slices.Clone(w.config.Agents)}
	f, a := w.flow(w.rnd.IntN(6)), w.agent(w.rnd.IntN(13))
	c.Flows = without(c.Flows, f.ID, func(f FlowConfig) string { return f.ID })
	c.Agents = without(c.Agents, a.ID, func(a AgentConfig) string { return a.ID })
	if w.rnd.IntN(4) > 0 {
		c.Flows = append(c.Flows, f)
	} else {
		w.dropped = true
	}
	if w.rnd.IntN(4) > 0 {
		c.Agents = append(c.Agents, a)
	}
	w.config = c
	w.reached["reload"]++
	return c
}

func (w *world) load(start bool) {
	ev := w.config
	ev.AtStart = start
	w.step(ev)
}

func (w *world) at(t time.Time) string { return "+" + t.Sub(t0).String() }

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	var tail []string
	for _, h := range w.history[max(len(w.history)-60, 0):] {
		switch h := h.(type) {
		case time.Time:
			tail = append(tail, w.at(h))
		case Event:
			tail = append(tail, fmt.Sprintf("  %T%+v", h, h))
		default:
			tail = append(tail, fmt.Sprintf("      %T%+v", h, h))
		}
	}
	w.t.Fatalf("seed %d: %s\n(again with -run TestRandomHistory -seed %d)\n%s",
		w.seed, fmt.Sprintf(format, args...), w.seed, strings.Join(tail, "\n"))
}
