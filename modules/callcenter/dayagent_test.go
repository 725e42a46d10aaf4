package callcenter

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// desk is an agent and his phone.
type desk struct {
	id    string
	phone *siptest.Phone
}

func (d *workday) hire(i int) {
	a := &desk{id: fmt.Sprintf("agent%d", i)}
	cfg := engine.AgentConfig{ID: a.id, Location: "sip:" + a.id, LoggedIn: true, Skills: []string{"sales", "tech"}}
	switch {
	case i%10 == 0:
		cfg.Skills = []string{"chat"}
		cfg.MSRPLocation, cfg.MSRPSessions = cfg.Location, 3
	case i%10 == 1:
		cfg.Skills = []string{"chat", "tech"}
		cfg.MSRPLocation, cfg.MSRPSessions = cfg.Location, 2
	}
	d.load.Agents = append(d.load.Agents, cfg)
	a.phone = d.net.Phone(a.id, siptest.Script{Forget: true, NeverAnswer: true, OnCall: func(c *siptest.Call, invite *sip.Request) {
		if from, err := invite.From(); err == nil {
			go d.offered(a, c, d.callers[from.URI.User])
		}
	}})
	d.desks = append(d.desks, a)
}

// offered is one call from the agent's side.
func (d *workday) offered(a *desk, call *siptest.Call, from *caller) {
	from.mu.Lock()
	p, theirs := from.plan, from.call
	if p.end == phoneVanishes {
		from.plan.end = agentEnds // whoever takes it then
	}
	from.mu.Unlock()
	if theirs == nil {
		d.t.Errorf("%s is offered the call of %s, who does not call", a.id, from.name)
		return
	}
	time.Sleep(d.between(time.Second, 5*time.Second))
	switch r := d.chance(); {
	case call.State() >= siptest.Answered: // the caller has gone
		return
	case p.end == phoneVanishes:
		d.cut(a.phone)
		return
	case r < refuseRate:
		d.count.refused.Add(1)
		call.Answer(486)
		return
	case r < refuseRate+ignoreRate:
		d.count.ignored.Add(1)
		d.ends(call, 30*time.Second, a.id+" lets it ring")
		return
	}
	call.Answer(200)
	select {
	case <-call.Reached(siptest.Ended):
	case <-call.Reached(siptest.Confirmed):
		d.talk(a, call, from, theirs, p)
	}
}

// talk is the conversation and its end.
func (d *workday) talk(a *desk, call *siptest.Call, from *caller, theirs *siptest.Call, p plan) {
	from.mu.Lock()
	from.served = true
	from.mu.Unlock()
	select {
	case <-call.Reached(siptest.Ended): // the caller has left, or the phone's power
		return
	case <-time.After(p.talk):
	}
	if p.talk > 10*time.Second && theirs.State() == siptest.Confirmed && (owner(call.Peer()) != from.name || owner(theirs.Peer()) != a.id) {
		d.count.misheard.Add(1)
		d.t.Errorf("%s hears %s, and %s hears %s", a.id, call.Peer(), from.name, theirs.Peer())
	}
	switch p.end {
	case callerEnds:
		theirs.Bye()
		d.ends(call, 5*time.Second, a.id+" after the caller's BYE")
	case callerVanishes:
		d.vanishes(from)
		d.ends(call, noticed+5*time.Second, a.id+", whose caller vanished,")
	case agentVanishes:
		d.cut(a.phone)
		d.ends(theirs, noticed+5*time.Second, from.name+", whose agent vanished,")
	default:
		call.Bye()
		d.ends(theirs, 5*time.Second, from.name+" after the agent's BYE")
	}
}

// shift has an agent take a break, or come back.
func (d *workday) shift() {
	i := int(d.chance() * dayAgents)
	row := &d.load.Agents[i]
	row.LoggedIn = !row.LoggedIn || d.chance() < 0.9 // most are here
	d.count.logins++
	if code := d.runner.request(engine.AgentLogin{Agent: row.ID, On: row.LoggedIn}); code != engine.Done {
		d.t.Errorf("%s logs in: %d", row.ID, code)
	}
}

// reconfigure is cc_reload after an administrator's work.
func (d *workday) reconfigure() {
	d.count.reloads++
	row := &d.load.Agents[int(d.chance()*dayAgents)]
	if len(row.Skills) > 0 && d.chance() < 0.5 {
		row.Wrapup = d.between(time.Second, 20*time.Second)
	}
	load := engine.Load{Flows: d.load.Flows, Agents: append([]engine.AgentConfig(nil), d.load.Agents...)}
	if i := int(d.chance() * dayAgents); d.count.reloads%2 == 0 { // somebody is dismissed, and hired again
		gone := load
		gone.Agents = append(append([]engine.AgentConfig(nil), load.Agents[:i]...), load.Agents[i+1:]...)
		d.runner.post(gone)
		time.Sleep(time.Second)
	}
	d.runner.post(load)
}

// again ends the process, by kill -9 or SIGTERM, and starts it again.
func (d *workday) again() {
	time.Sleep(100 * time.Millisecond) // the last INVITE has come
	d.lastRestart.Store(time.Now().UnixNano())
	d.disk.tags = d.book.pending()
	if d.count.restarts++; d.count.restarts%2 == 1 {
		d.restart()
	} else {
		d.stop()
		d.start()
	}
	d.lastRestart.Store(time.Now().UnixNano())
}
