package policy

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/test/rig"
)

// The load: fewer agents than callers, so that calls wait all the time.
const (
	desks   = 16
	callers = 36
	talk    = 30 * time.Millisecond
	pause   = 40 * time.Millisecond // of a caller between two calls
)

// flows are queues with a skill each; every agent has two of three skills.
var flows = []string{"f0", "f1", "f2"}

func has(agent, flow int) bool { return agent%len(flows) != flow }

// crowd are callers and agents, each caller calling again and again, each agent
// taking what is offered and hanging up after a while. They know from outside
// what must hold: who called is answered, by one agent, who has the skill and
// nobody else.
type crowd struct {
	t             *testing.T
	server        *rig.Server
	caller, agent *phone.Phone
	begun         atomic.Int64

	mu     sync.Mutex
	calls  map[string]*one // by the user part of From
	legs   map[string]*one // by the Call-ID at the agent
	talks  map[string]string
	faults []string

	slowest time.Duration // from the INVITE to the agent
}

// one is one call.
type one struct {
	user, agent string
	flow        int
	begun       time.Time
	offers      int
	over        bool
}

func newCrowd(t *testing.T, s *rig.Server) *crowd {
	c := &crowd{
		t: t, server: s,
		calls: map[string]*one{}, legs: map[string]*one{}, talks: map[string]string{},
		caller: s.Phone(phone.Options{Name: "callers"}), agent: s.Phone(phone.Options{Name: "agents"}),
	}
	media := s.Phone(phone.Options{Name: "moh"})
	for i, id := range flows {
		s.Flow(id, rig.Row{"skill": fmt.Sprint("s", i), "message_queue": rig.URI(media)})
	}
	for i := range desks {
		var skills string
		for f := range flows {
			if has(i, f) {
				skills += fmt.Sprint(",s", f)
			}
		}
		uri := c.agent.URI()
		uri.User = fmt.Sprint("a", i)
		s.Agent(uri.User, rig.Row{"location": uri.String(), "skills": skills[1:], "wrapup_time": "0"})
	}
	return c
}

// wrong notes what must not be. The first few are enough.
func (c *crowd) wrong(format string, args ...any) {
	if len(c.faults) < 10 {
		c.faults = append(c.faults, fmt.Sprintf(format, args...))
	}
}

// run makes calls until enough is closed.
func (c *crowd) run(enough <-chan struct{}) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var staff, wg sync.WaitGroup
	staff.Go(func() { c.staff(ctx) })
	for w := range callers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-enough:
					return
				case <-time.After(pause):
				}
				c.begun.Add(1)
				c.call(fmt.Sprintf("c%d-%d", w, i), (w+i)%len(flows))
			}
		})
	}
	wg.Wait()
	cancel()
	staff.Wait()
}

// call is one call from the caller's side.
func (c *crowd) call(user string, flow int) {
	o := &one{user: user, flow: flow, begun: time.Now()}
	c.mu.Lock()
	c.calls[user] = o
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.t.Context(), rig.Patience)
	defer cancel()
	from := c.caller.URI()
	from.User = user
	dialog, err := c.caller.Call(ctx, "sip:"+flows[flow]+"@"+c.server.SIP, sip.Address{URI: from})
	if err == nil {
		select {
		case <-dialog.Ended(): // the agent hangs up
		case <-ctx.Done():
			err = fmt.Errorf("it has not ended: %w", ctx.Err())
			dialog.Bye()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || !o.over {
		c.wrong("the call of %s at %s is lost (an agent talked to him: %t): %v", user, o.begun.Format(time.StampMilli), o.over, err)
	}
}

// staff are the agents. An INVITE is noted before its call is answered.
func (c *crowd) staff(ctx context.Context) {
	for {
		select {
		case invite := <-c.agent.Invited():
			c.offered(invite)
		case dialog := <-c.agent.Answered():
			for len(c.agent.Invited()) > 0 {
				c.offered(<-c.agent.Invited())
			}
			go c.talk(ctx, dialog)
		case <-ctx.Done():
			return
		}
	}
}

// offered notes what is offered to whom.
func (c *crowd) offered(invite *sip.Request) {
	from, _ := invite.From()
	c.mu.Lock()
	defer c.mu.Unlock()
	agent, o := invite.URI.User, c.calls[from.URI.User]
	if o == nil {
		c.wrong("agent %s is offered a call of %s, who has not called", agent, from.URI.User)
		return
	}
	if other, busy := c.talks[agent]; busy {
		c.wrong("agent %s is offered the call of %s beside that of %s", agent, o.user, other)
	}
	if o.offers++; o.offers > 1 {
		c.wrong("the call of %s is offered to %s and %s", o.user, o.agent, agent)
	}
	var number int
	if _, err := fmt.Sscanf(agent, "a%d", &number); err != nil || !has(number, o.flow) {
		c.wrong("agent %s, who has not the skill of %s, is offered the call of %s", agent, flows[o.flow], o.user)
	}
	c.slowest = max(c.slowest, time.Since(o.begun))
	o.agent, c.talks[agent], c.legs[invite.CallID()] = agent, o.user, o
}

// talk is a call from the agent's side, once he is joined to the caller: before
// that a BYE would be a refusal.
func (c *crowd) talk(ctx context.Context, dialog *phone.Call) {
	for heard := ""; heard != "callers"; {
		select {
		case heard = <-dialog.Heard():
		case <-ctx.Done():
			return
		case <-dialog.Ended():
			c.mu.Lock()
			c.wrong("the call of %s ended at the agent's before it began", c.legs[dialog.ID()].user)
			c.mu.Unlock()
			return
		}
	}
	select {
	case <-time.After(talk):
	case <-dialog.Ended():
	}
	c.mu.Lock()
	o := c.legs[dialog.ID()]
	delete(c.legs, dialog.ID())
	if o == nil {
		c.wrong("a call was answered that was not offered: %s", dialog.ID())
	} else {
		o.over = true
		delete(c.talks, o.agent)
	}
	c.mu.Unlock()
	dialog.Bye()
}

// check holds what was seen against the records: each call has one, answered
// by the agent who was offered the call.
func (c *crowd) check() {
	c.t.Helper()
	c.server.Idle()
	rows := c.server.CDRs(int(c.begun.Load()))
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{}
	for _, r := range rows {
		o := c.calls[r["caller"]]
		switch {
		case o == nil || seen[r["caller"]]:
			c.wrong("%s has two records, or did not call", r["caller"])
		case r["call_type"] != "0" || r["agent_id"] != o.agent || r["flow_id"] != flows[o.flow]:
			c.wrong("%s talked to %s of flow %s; the record is %v", o.user, o.agent, flows[o.flow], r)
		}
		seen[r["caller"]] = true
	}
	for _, f := range c.faults {
		c.t.Error(f)
	}
}
