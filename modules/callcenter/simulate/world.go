package simulate

import (
	"context"
	"strconv"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// epoch is when every run begins.
var epoch = time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)

// tail is how long the traffic goes on after the measured time, for those still
// waiting to get their turn under the same conditions.
const tail = time.Hour

// span is the time of a run that is measured.
type span struct{ from, to time.Duration }

func (s span) has(at time.Duration) bool { return at >= s.from && at < s.to }

// clip is how much of a time lies within.
func (s span) clip(from, to time.Duration) time.Duration {
	return max(min(to, s.to)-max(from, s.from), 0)
}

// world is one run: the engine, the phones round it, and the book that is kept.
type world struct {
	sc       *Scenario
	flows    []flow
	contacts []contact
	people   []person
	eng      *engine.Engine
	outside  Outside
	watch    *stopwatch
	now      time.Duration
	agenda   agenda
	came     int // contacts put on the agenda
	until    time.Duration
	book     *book
	ids      map[string]int // of people
	paces    paces
	cut      bool // the outage is on
	err      error
}

func newWorld(sc *Scenario, p Policy, seed uint64, window span, clock func() time.Time) (*world, error) {
	w := &world{sc: sc, people: sc.people(), ids: map[string]int{}, watch: &stopwatch{clock: clock}, until: window.to + tail}
	w.flows, _ = sc.flows()
	w.contacts = sc.stream(seed, window.from, w.until)
	for i, p := range w.people {
		w.ids[p.id] = i
	}
	w.book = newBook(w, window)
	return w, w.open(p)
}

// open loads the engine and puts the policy in charge.
func (w *world) open(p Policy) error {
	o := engine.Options{InternalDispatching: true, PolicyName: p.Name, Wrapup: w.sc.usualWrapup()}
	if p.Start == nil {
		inner, err := p.New()
		if err != nil {
			return err
		}
		o.Policy = measured(inner, w.watch)
	}
	w.eng = engine.New(o)
	w.step(w.load())
	if p.Start != nil {
		var err error
		if w.outside, err = p.Start(); err != nil {
			return err
		}
		w.step(engine.SetPolicy{Name: p.Name})
		w.step(engine.PolicyReady{})
	}
	w.nextArrival()
	if o := w.sc.Outage; o.For > 0 {
		w.agenda.add(entry{at: w.book.window.from + o.First, what: cutOff})
	}
	return w.err
}

func (w *world) close() {
	if w.outside != nil {
		w.outside.Close()
	}
}

// noPause is the shortest wrap-up that a flow can have: 0 means no limit.
const noPause = time.Nanosecond

// usualWrapup is that of agents who have none of their own.
func (s *Scenario) usualWrapup() time.Duration {
	d := s.Wrapup
	for _, c := range s.Classes {
		if s.Wrapup == 0 {
			d = max(d, c.Wrapup)
		}
	}
	return d
}

// pause is the wrap-up of an agent after a contact of a class.
func (s *Scenario) pause(p *person, c *Class) time.Duration {
	d := p.wrapup
	if d == 0 {
		d = s.usualWrapup()
	}
	return min(d, c.Wrapup)
}

func (w *world) load() engine.Load {
	l := engine.Load{AtStart: true}
	for i, f := range w.flows {
		c := w.sc.Classes[f.class]
		l.Flows = append(l.Flows, engine.FlowConfig{ID: strconv.Itoa(i), Priority: c.Priority, Skill: f.skill, Site: f.site,
			MaxWrapup: max(c.Wrapup, noPause), Queue: "sip:queue@sim"})
	}
	for _, p := range w.people {
		a := engine.AgentConfig{ID: p.id, Site: p.site, Skills: p.skills, LoggedIn: true, Wrapup: p.wrapup}
		if p.phone {
			a.Location = "sip:phone@sim"
		}
		if p.chats > 0 {
			a.MSRPLocation, a.MSRPSessions = "sip:chat@sim", p.chats
		}
		l.Agents = append(l.Agents, a)
	}
	return l
}

// run lives until the measured contacts have left the queue.
func (w *world) run(ctx context.Context) error {
	for w.err == nil && !w.over() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at, due := w.due()
		if wake, ok := w.eng.Wake(); ok && (!due || wake.Sub(epoch) < at) {
			w.now = wake.Sub(epoch)
			w.step(engine.Tick{})
			continue
		}
		if !due {
			break
		}
		e := w.agenda.next()
		w.now = e.at
		w.book.advance(w.now)
		w.happen(e)
	}
	w.book.close(max(w.now, w.book.window.to))
	return w.err
}

func (w *world) due() (time.Duration, bool) {
	if len(w.agenda.heap) == 0 {
		return 0, false
	}
	return w.agenda.heap[0].at, true
}

func (w *world) over() bool {
	return w.now >= w.until || w.now >= w.book.window.to && w.book.open == 0
}

// nextArrival puts the next contact on the agenda.
func (w *world) nextArrival() {
	if w.came < len(w.contacts) {
		w.agenda.add(entry{at: w.contacts[w.came].at, what: arrives, contact: w.came})
		w.came++
	}
}

func (w *world) happen(e entry) {
	id := engine.CallID(strconv.Itoa(e.contact))
	switch e.what {
	case arrives:
		w.arrive(e.contact, id)
	case givesUp:
		if w.book.fates[e.contact].answered < 0 {
			w.step(engine.CallerGone{Call: id})
		}
	case picksUp:
		if w.cut && w.people[w.book.fates[e.contact].agent].site == w.sc.Outage.Site {
			w.step(engine.ConnectFailed{Call: id, Attempt: e.attempt, Code: 503})
			return
		}
		w.step(engine.Connected{Call: id, Attempt: e.attempt})
	case refuses:
		w.step(engine.ConnectFailed{Call: id, Attempt: e.attempt, Code: 486})
	case ends:
		if w.stale(e) {
			return
		}
		w.step(engine.PeerGone{Call: id, Attempt: e.attempt})
	case cutOff, backAgain:
		w.outage(e.what == cutOff)
	}
}

func (w *world) arrive(n int, id engine.CallID) {
	c := &w.contacts[n]
	w.nextArrival()
	if c.patience > 0 {
		w.agenda.add(entry{at: c.at + c.patience, what: givesUp, contact: n})
	}
	w.book.arrive(n)
	w.step(engine.CallArrived{Call: id, Flow: strconv.Itoa(c.flow), Media: engine.Media(w.sc.Classes[c.class].Media)})
}

// outage cuts the site off, or brings it back.
func (w *world) outage(off bool) {
	o := w.sc.Outage
	w.cut = off
	for i, p := range w.people {
		if p.site != o.Site {
			continue
		}
		w.step(engine.AgentLogin{Agent: p.id, On: !off})
		if off {
			for _, n := range w.book.talksOf(i) {
				w.step(engine.CallLost{Call: engine.CallID(strconv.Itoa(n))})
			}
		}
	}
	switch {
	case off:
		w.agenda.add(entry{at: w.now + o.For, what: backAgain})
	case o.Every > 0:
		w.agenda.add(entry{at: w.now - o.For + o.Every, what: cutOff})
	}
}
