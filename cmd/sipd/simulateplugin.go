package main

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/plugins/policy"
)

// slowest is how long a plugin may think in a simulation, in real time.
// A server does not wait for it so long: there is dispatch_policy_deadline.
const slowest = 10 * time.Second

// pluginPolicy is a policy in a process of its own, started anew for each run
// so that no run knows of another.
func pluginPolicy(path string, s dispatch.Settings) (simulate.Policy, error) {
	cfg := policy.Config{Path: path, Settings: s}
	if err := policy.Check(cfg); err != nil {
		return simulate.Policy{}, err
	}
	return simulate.Policy{Name: "plugin:" + path, Settings: s, Start: func() (simulate.Outside, error) { return startPlugin(cfg) }}, nil
}

// pluginRun is a plugin in one run: one question at a time.
type pluginRun struct {
	host    *policy.Host
	answers chan pluginAnswer
	lost    chan string
}

type pluginAnswer struct {
	seq      uint64
	decision dispatch.Decision
}

func startPlugin(cfg policy.Config) (simulate.Outside, error) {
	r := &pluginRun{answers: make(chan pluginAnswer, 1), lost: make(chan string, 1)}
	host, err := policy.Load(cfg, policy.Callbacks{
		Ready: func() {},
		Decided: func(seq uint64, d dispatch.Decision) {
			select {
			case r.answers <- pluginAnswer{seq, d}:
			default: // an answer that nobody asked for
			}
		},
		Lost: func(reason string) {
			select {
			case r.lost <- reason:
			default: // it has been told already
			}
		},
	})
	if err != nil {
		return nil, err
	}
	r.host = host
	return r, nil
}

// Decide implements [simulate.Outside].
func (r *pluginRun) Decide(seq uint64, d dispatch.Delta) (dispatch.Decision, error) {
	r.host.Ask(seq, d)
	late := time.NewTimer(slowest)
	defer late.Stop()
	for {
		select {
		case a := <-r.answers:
			if a.seq == seq {
				return a.decision, nil
			}
		case reason := <-r.lost:
			return dispatch.Decision{}, fmt.Errorf("the plugin is gone: %s", reason)
		case <-late.C:
			return dispatch.Decision{}, fmt.Errorf("the plugin has not answered for %s", slowest)
		}
	}
}

// Close implements [simulate.Outside].
func (r *pluginRun) Close() { r.host.Close() }
