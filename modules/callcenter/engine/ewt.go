package engine

import (
	"math"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// ewtMemory is how long the estimator remembers: what happened that long ago
// counts for 1/e of what happens now.
const ewtMemory = time.Hour

// fewArrivals is the time before which arrivals are too few to make a rate of.
const fewArrivals = 10 * time.Minute

// maxHigher bounds the share of the agents' time that calls of better priority
// are expected to take, or an overload would make the expected wait endless.
const maxHigher = 0.9

// decaying is a weighted mean that forgets.
type decaying struct {
	weight, sum float64
	at          time.Time
}

func (d *decaying) add(weight, sum float64, now time.Time) {
	keep := d.fade(now)
	d.weight, d.sum, d.at = keep*d.weight+weight, keep*d.sum+sum, now
}

// fade is what is left of the past. After a quiet week the mean is still what
// it was; nothing underflows.
func (d *decaying) fade(now time.Time) float64 {
	return max(math.Exp(-now.Sub(d.at).Seconds()/ewtMemory.Seconds()), 1e-9)
}

// mean is 0 while nothing is known.
func (d *decaying) mean() float64 {
	if d.weight == 0 {
		return 0
	}
	return d.sum / d.weight
}

// model is what the engine has learnt about the calls of one kind.
type model struct {
	held decaying // seconds an agent was held by a call: ringing, talk and wrap-up
	left decaying // callers who gave up, by seconds of waiting: the rate 1/patience
	last float64  // seconds the last caller to reach an agent had waited
}

func (e *Engine) model(k dispatch.Kind) *model {
	m := e.models[k]
	if m == nil {
		m = &model{}
		e.models[k] = m
	}
	return m
}

func (c *call) kind() dispatch.Kind { return dispatch.Kind{Skill: c.flow.cfg.Skill, Media: c.media} }

// learnWait notes how long a caller waited until he was answered or gave up.
func (e *Engine) learnWait(c *call, gaveUp bool) {
	if c.queued.joined.IsZero() {
		return
	}
	m, waited := e.model(c.kind()), e.now.Sub(c.queued.joined).Seconds()
	if gaveUp {
		m.left.add(waited, 1, e.now)
		return
	}
	m.left.add(waited, 0, e.now)
	m.last = waited
}

// learnHeld notes how long a call that was talked kept its agent, with the
// wrap-up that follows.
func (e *Engine) learnHeld(c *call, wrapup time.Duration) {
	held := e.now.Sub(c.times.reserved) + wrapup
	e.model(c.kind()).held.add(1, held.Seconds(), e.now)
}

// forgetModels drops what was learnt about skills no flow asks for any more.
func (e *Engine) forgetModels() {
	wanted := map[string]bool{}
	for _, f := range e.flowList {
		wanted[f.cfg.Skill] = true
	}
	for k := range e.models {
		if !wanted[k.Skill] {
			delete(e.models, k)
		}
	}
}

// forecast estimates waits of one kind of call at one priority, at one instant.
type forecast struct {
	known   bool
	idle    int     // agents who have room now
	rate    float64 // calls a second that all agents together can serve
	leaving float64 // rate at which a waiting caller gives up
	last    float64 // used while nothing is known about the time agents are held
	share   float64 // of the agents' time that is left by calls of better priority
}

// forecast reads the model for calls of a flow. Agents with several skills or
// media count fully for each.
func (e *Engine) forecast(f *flow, m Media) forecast {
	k := dispatch.Kind{Skill: f.cfg.Skill, Media: m}
	n := e.heads.of(k.Skill)
	servers := n.phones
	if m == MSRP {
		servers = n.slots
	}
	p := forecast{known: servers > 0, share: 1}
	if !p.known {
		return p
	}
	p.idle = e.center.CountWithRoom(k)
	model := e.models[k]
	if model == nil {
		return p
	}
	p.last = model.last
	if held := model.held.mean(); held > 0 {
		p.rate, p.leaving = float64(servers)/held, model.left.mean()
		p.share = 1 - min(e.arrivalRate(f, m)/p.rate, maxHigher)
	}
	return p
}

// arrivalRate is how many calls a second come to flows that are served before
// f by the same agents.
func (e *Engine) arrivalRate(f *flow, m Media) float64 {
	rate := 0.0
	for _, g := range e.flowList {
		if g.cfg.Skill == f.cfg.Skill && g.cfg.Priority < f.cfg.Priority {
			d := &g.came[m]
			rate += d.sum * d.fade(e.now)
		}
	}
	memory := ewtMemory.Seconds()
	observed := memory * -math.Expm1(-e.now.Sub(e.started).Seconds()/memory)
	return rate / max(observed, fewArrivals.Seconds())
}

// wait is the estimate QLm (Erlang A) in seconds for a call with so many of its
// kind ahead: the sum of 1/(rate + j*leaving) for j from 0 to ahead, in the end
// as an integral, so that it costs the same in a long queue. The last wait
// stands in while nothing is known.
func (p *forecast) wait(ahead int) float64 {
	const exact = 16
	n := ahead - p.idle + 1 // services that must begin until it is served
	switch {
	case n <= 0:
		return 0
	case p.rate == 0:
		return p.last
	}
	sum := 0.0
	for j := range min(n, exact) {
		sum += 1 / (p.rate + float64(j)*p.leaving)
	}
	if more := float64(n - exact); more > 0 {
		from := p.rate + (exact-0.5)*p.leaving
		if step := more * p.leaving / from; step > 1e-6 {
			sum += math.Log1p(step) / p.leaving
		} else {
			sum += more / from
		}
	}
	return sum / p.share
}

// seconds is a wait as it is shown, [math.MaxInt32] when nobody could ever
// answer.
func (p *forecast) seconds(ahead int) int {
	if !p.known {
		return math.MaxInt32
	}
	return int(min(p.wait(ahead)+0.5, math.MaxInt32))
}

// ewt is the expected wait of a call that joins the flow now, in seconds.
func (e *Engine) ewt(f *flow, m Media) int {
	if e.opt.CompatETW {
		return e.eta(f)
	}
	p := e.forecast(f, m)
	return p.seconds(e.joiningAt(dispatch.Kind{Skill: f.cfg.Skill, Media: m}, f.cfg.Priority))
}

// flowETW is the statistic ccf_etw: of calls, or of chats in a flow whose
// agents do nothing else. Without agents it is 0, as in OpenSIPS.
func (e *Engine) flowETW(f *flow) int {
	if e.opt.CompatETW {
		etw, _ := f.expectedWait(e.heads.of(f.cfg.Skill).logged)
		return etw
	}
	n := e.heads.of(f.cfg.Skill)
	switch {
	case n.phones > 0:
		return e.ewt(f, RTP)
	case n.slots > 0:
		return e.ewt(f, MSRP)
	}
	return 0
}

// forecasts gives the waits of many calls, in the order of the queue, at the
// price of one.
type forecasts struct {
	e      *Engine
	byFlow map[*flow]*[3]lane
	ahead  map[dispatch.Kind]*int
}

type lane struct {
	forecast
	ahead *int
}

func (e *Engine) forecasts() *forecasts {
	return &forecasts{e: e, byFlow: map[*flow]*[3]lane{}, ahead: map[dispatch.Kind]*int{}}
}

// next is the wait of the next call of the queue.
func (s *forecasts) next(c *call) int {
	if s.e.opt.CompatETW {
		return c.eta
	}
	lanes := s.byFlow[c.flow]
	if lanes == nil {
		lanes = &[3]lane{}
		s.byFlow[c.flow] = lanes
	}
	l := &lanes[c.media]
	if l.ahead == nil {
		k := c.kind()
		if s.ahead[k] == nil {
			s.ahead[k] = new(int)
		}
		*l = lane{s.e.forecast(c.flow, c.media), s.ahead[k]}
	}
	ahead := *l.ahead
	if c.entry.ready {
		*l.ahead++
	}
	return l.seconds(ahead)
}
