package callcenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/plugins/policy"
)

// policyHost is a policy that does not run in the loop: a [policy.Host]. Ask does
// not wait.
type policyHost interface {
	Ask(seq uint64, d dispatch.Delta)
	Kill(reason string)
	Close()
	Restarts() int
	Pid() int // 0: no process
}

// policies is who decides, and the change from one policy to another.
type policies struct {
	log    *slog.Logger
	params *params
	script dispatch.Policy // of the route file, or nil
	turn   chan struct{}   // one token: a change is under way
	closed bool            // whoever has the token may look
	runner *runner

	load  func(policy.Config, policy.Callbacks) (policyHost, error)
	local func(dispatch.Policy, policy.Callbacks) policyHost

	// Of the loop, once it runs.
	now   chosen
	spent int // restarts of the hosts before
}

// chosen is a policy that was made, and works.
type chosen struct {
	choice
	policy dispatch.Policy // nil: it is outside
	seat   *seat           // nil: it is not
}

func newPolicies(p *params) *policies {
	return &policies{
		log: slog.New(slog.DiscardHandler), params: p, turn: make(chan struct{}, 1),
		load: func(c policy.Config, cb policy.Callbacks) (policyHost, error) {
			h, err := policy.Load(c, cb)
			if err != nil {
				return nil, err
			}
			return h, nil
		},
		local: func(p dispatch.Policy, cb policy.Callbacks) policyHost { return policy.Local(p, cb) },
	}
}

// make brings a policy up. It may take as long as a process needs to start.
func (p *policies) make(c choice) (chosen, error) {
	if err := c.check(); err != nil {
		return chosen{}, err
	}
	c, err := c.resolved()
	if err != nil {
		return chosen{}, err
	}
	if c.name == "" {
		c.name = p.params.chatPolicy
	}
	if path, plugin := c.path(); plugin {
		return p.makePlugin(c, path)
	}
	if c.name == scriptPolicy {
		if p.script == nil {
			return chosen{}, errors.New("the route file has no policy: add cc.policy(function(view) ... end) to it")
		}
		s := &seat{}
		s.host = p.local(p.script, s.callbacks())
		return chosen{choice: c, seat: s}, nil
	}
	made, err := dispatch.New(c.name, c.settings)
	return chosen{choice: c, policy: made}, err
}

func (p *policies) makePlugin(c choice, path string) (chosen, error) {
	if named, err := p.params.policy.choice().resolved(); err != nil || named.name != c.name {
		if err := ownBinary(path); err != nil {
			return chosen{}, err
		}
	}
	s := &seat{}
	host, err := p.load(p.params.policy.config(path, c.settings, p.log), s.callbacks())
	if err != nil {
		return chosen{}, err
	}
	s.host = host
	return chosen{choice: c, seat: s}, nil
}

// first makes the policy of the route file. That of a script is there only when
// the server starts: until then the rule of chat_dispatch_policy stands.
func (p *policies) first() (err error) {
	c := p.params.policy.choice()
	if err := c.check(); err != nil {
		return fmt.Errorf("dispatch_policy: %w", err)
	}
	if c.name == scriptPolicy {
		c = choice{}
	}
	if p.now, err = p.make(c); err != nil {
		return fmt.Errorf("dispatch_policy: %w", err)
	}
	return nil
}

// run gives the loop, which does not run yet, its first policy.
func (p *policies) run(r *runner) {
	p.runner = r
	if p.now.seat != nil {
		r.begin(engine.SetPolicy{Name: p.now.name})
		p.seat(p.now.seat)
	}
}

// started takes the policy of the route file, if it has one and none was named.
func (p *policies) started() error {
	name := p.params.policy.name
	if name != scriptPolicy && (name != "" || p.script == nil) {
		return nil
	}
	if err := p.change(context.Background(), choice{name: scriptPolicy}); err != nil {
		return fmt.Errorf("dispatch_policy: %w", err)
	}
	return nil
}

// change puts another policy in the place of the one that decides, which goes
// on until the other one is well. The error says why it was refused.
func (p *policies) change(ctx context.Context, c choice) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return errors.New("another change of the policy still runs: try again")
	}
	if p.closed {
		return errStopped
	}
	made, err := p.make(c)
	if err != nil {
		return err
	}
	var before chosen
	ran := p.runner.ask(func(*engine.Engine, time.Time) { before = p.swap(made) })
	if !ran {
		before, err = made, errStopped
	}
	if before.seat != nil {
		before.seat.host.Close()
	}
	return err
}

// swap makes c the policy that decides. It runs in the loop, so that nothing is
// asked of the one and answered by the other.
func (p *policies) swap(c chosen) (before chosen) {
	before, p.now = p.now, c
	if before.seat != nil {
		p.spent += before.seat.host.Restarts()
	}
	p.log.Info("dispatch policy", "policy", c.name, "settings", c.settings, "before", before.name)
	p.runner.step(message{ev: engine.SetPolicy{Name: c.name, Policy: c.policy}})
	if c.seat != nil {
		p.seat(c.seat)
	}
	return before
}

// seat lets the engine hear a policy outside, as long as it is the one that was
// chosen.
func (p *policies) seat(s *seat) {
	s.take(func(ev engine.Event) {
		p.runner.box.Post(message{at: time.Now(), ask: func(*engine.Engine, time.Time) {
			if p.now.seat == s {
				p.runner.step(message{ev: ev})
			}
		}})
	})
}

// do performs the engine's actions that are about policies, in the loop.
func (p *policies) do(a engine.Action) {
	s := p.now.seat
	if s == nil {
		return
	}
	switch a := a.(type) {
	case engine.AskPolicy:
		s.host.Ask(a.Seq, a.Delta)
	case engine.KillPolicy:
		p.log.Warn("a dispatch policy is ended", "policy", p.now.name, "reason", a.Reason)
		s.host.Kill(a.Reason)
	}
}

// restarts is how often a policy outside had to be started anew.
func (p *policies) restarts() int {
	if p.now.seat == nil {
		return p.spent
	}
	return p.spent + p.now.seat.host.Restarts()
}

// close ends the policy, once the loop has ended, and refuses changes from now
// on.
func (p *policies) close(ctx context.Context) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return
	}
	if p.closed = true; p.now.seat != nil {
		p.now.seat.host.Close()
		p.now.seat = nil
	}
}

// seat is the place of a policy outside. What its host tells before it is taken
// is kept, as far as it still matters then.
type seat struct {
	host policyHost

	mu    sync.Mutex
	there bool
	lost  string
	tell  func(engine.Event) // nil: not taken yet; does not wait
}

func (s *seat) callbacks() policy.Callbacks {
	return policy.Callbacks{
		Ready:   func() { s.hear(engine.PolicyReady{}) },
		Decided: func(seq uint64, d dispatch.Decision) { s.hear(engine.Proposal{Seq: seq, Decision: d}) },
		Lost:    func(reason string) { s.hear(engine.PolicyLost{Reason: reason}) },
	}
}

func (s *seat) hear(ev engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case engine.PolicyReady:
		s.there = true
	case engine.PolicyLost:
		s.there, s.lost = false, ev.Reason
	}
	if s.tell != nil {
		s.tell(ev)
	}
}

// take lets tell hear what the host tells from now on, and how it is now.
func (s *seat) take(tell func(engine.Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = tell
	switch {
	case s.there:
		tell(engine.PolicyReady{})
	case s.lost != "":
		tell(engine.PolicyLost{Reason: s.lost})
	}
}

// SetScriptPolicy takes the policy of the route file, before the server starts.
// It decides when dispatch_policy is "lua", and when it names none. It is used
// from one goroutine at a time, which is not the loop's.
func (m *module) SetScriptPolicy(p dispatch.Policy) { m.policies.script = p }
