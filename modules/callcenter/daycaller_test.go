package callcenter

import (
	"strings"
	"sync"
	"time"

	"github.com/sipd/sipd/core/sip/siptest"
)

// ending is how a call is to end, if it comes to that.
type ending int

const (
	callerEnds ending = iota
	agentEnds
	callerVanishes // in the talk
	agentVanishes  // in the talk
	phoneVanishes  // the agent's, while it rings
	waiterVanishes // the caller, soon after he called
)

// plan is what will become of a call.
type plan struct {
	flow           string
	patience, talk time.Duration
	end            ending
}

// caller is a phone that calls again and again.
type caller struct {
	name  string
	phone *siptest.Phone

	mu     sync.Mutex
	plan   plan
	call   *siptest.Call // nil: none
	served bool          // an agent has answered
	gone   time.Time     // when he vanished
}

func (d *workday) enroll(name string) {
	c := &caller{name: name, phone: d.net.Phone(name, siptest.Script{Forget: true})}
	d.callers[name] = c
	d.free <- c
}

// plan makes up a call.
func (d *workday) plan() plan {
	// The talk begins when the agent picks up: he may hear the flow first.
	p := plan{flow: "sales", talk: 5*time.Second + d.exp(meanTalk), patience: 15*time.Second + d.exp(meanPatient)}
	switch r := d.chance(); {
	case r < chatRate:
		p.flow = "chat"
	case r < 0.2:
		p.flow = "vip"
	case r < 0.5:
		p.flow = "tech"
	case r < 0.55:
		p.flow = "full"
	}
	p.talk = min(p.talk, 10*time.Minute)
	if p.end = callerEnds; d.chance() < 0.5 {
		p.end = agentEnds
	}
	if d.chance() < vanishRate {
		p.end = callerVanishes + ending(4*d.chance())
	}
	return p
}

// arrive is one more call.
func (d *workday) arrive() {
	select {
	case c := <-d.free:
		d.count.calls.Add(1)
		go d.calls(c, d.plan())
	default:
		d.t.Error("all phones of callers are busy: calls do not end")
	}
}

// calls is one call of a caller, from his side.
func (d *workday) calls(c *caller, p plan) {
	call := c.phone.Call("sip:"+p.flow+"@pbx", siptest.SDP(c.name, 1))
	c.mu.Lock()
	c.plan, c.call, c.served, c.gone = p, call, false, time.Time{}
	c.mu.Unlock()
	d.waits(c, call, p)
	time.Sleep(45 * time.Second) // then nothing of the call is on its way
	if !c.vanished().IsZero() {
		time.Sleep(noticed + 4*time.Minute)
	}
	c.phone.Reset()
	c.mu.Lock()
	c.call = nil
	c.mu.Unlock()
	d.free <- c
}

func (d *workday) waits(c *caller, call *siptest.Call, p plan) {
	patience := p.patience
	if p.end == waiterVanishes {
		patience = d.between(time.Second, 30*time.Second)
	}
	select {
	case <-call.Reached(siptest.Ended):
		return
	case <-time.After(patience):
	}
	switch {
	case p.end == waiterVanishes:
		d.vanishes(c)
	case !c.talks():
		call.Bye()
		d.ends(call, 5*time.Second, c.name+" after his patience")
	default:
		d.ends(call, p.talk+2*noticed, c.name+" in the talk")
	}
}

func (c *caller) talks() bool         { c.mu.Lock(); defer c.mu.Unlock(); return c.served }
func (c *caller) vanished() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.gone }

// vanishes takes the power from the caller's phone.
func (d *workday) vanishes(c *caller) {
	c.mu.Lock()
	c.gone = time.Now()
	c.mu.Unlock()
	d.cut(c.phone)
}

// cut takes the power from a phone, for a while or for longer than anybody
// waits for it.
func (d *workday) cut(p *siptest.Phone) {
	d.count.vanished.Add(1)
	name := p.Name()
	d.power.set(name, true)
	p.Reset()
	time.AfterFunc(d.between(20*time.Second, noticed+2*time.Minute), func() { d.power.set(name, false) })
}

// ends holds that a call ends in time. A restart may cost it more.
func (d *workday) ends(call *siptest.Call, within time.Duration, what string) {
	begin := time.Now()
	for range 2 {
		select {
		case <-call.Reached(siptest.Ended):
			return
		case <-time.After(within):
		}
		if d.lastRestart.Load() < begin.Add(-time.Minute).UnixNano() {
			break
		}
		within += noticed + time.Minute
	}
	d.count.stuck.Add(1)
	d.t.Errorf("%s: the call of %s has not ended after %s", what, begin.Format(time.TimeOnly), time.Since(begin))
}

// power knows the phones without.
type power struct {
	mu  sync.Mutex
	off map[string]int
}

func (p *power) set(name string, off bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.off == nil {
		p.off = map[string]int{}
	}
	if off {
		p.off[name]++
	} else if p.off[name]--; p.off[name] == 0 {
		delete(p.off, name)
	}
}

func (p *power) isOff(name string) bool { p.mu.Lock(); defer p.mu.Unlock(); return p.off[name] > 0 }

// link is the network: it loses a few messages, and nothing leaves or reaches a
// phone without power.
func (d *workday) link(lossy func(siptest.Packet) siptest.Fate) func(siptest.Packet) siptest.Fate {
	return func(m siptest.Packet) siptest.Fate {
		f := lossy(m)
		f.Drop = f.Drop || d.power.isOff(m.From) || d.power.isOff(m.To)
		return f
	}
}

// owner is whose session description that is.
func owner(sdp string) string {
	name, _, _ := strings.Cut(sdp, "/")
	return name
}
