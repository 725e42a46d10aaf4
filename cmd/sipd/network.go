package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/stack"
	"github.com/sipd/sipd/core/stat"
)

// wrapper puts something between the server and the network: the demo's tap.
type wrapper func(core.Network, sip.Handler) (core.Network, sip.Handler)

// openStack opens the sockets that a route file lists. The network is the
// stack, or what wrap made of it.
func openStack(ctx context.Context, cfg *core.Config, log *slog.Logger, h sip.Handler, wrap wrapper) (*stack.Stack, core.Network, error) {
	o := stack.Options{Log: log.With("module", "sip")}
	for _, l := range cfg.Listen {
		s, err := listenOf(l)
		if err != nil {
			return nil, nil, err
		}
		o.Listen = append(o.Listen, s)
	}
	if len(o.Listen) == 0 {
		return nil, nil, core.Problem{Pos: core.Pos{File: cfg.File}, Text: `no listen: add listen "udp:127.0.0.1:5060"`}
	}
	if err := globals(cfg, &o); err != nil {
		return nil, nil, err
	}
	// The handler exists before the network it may be wrapped with: what
	// comes in between waits for neither, it is refused by the server.
	var wrapped sip.Handler
	ready := make(chan struct{})
	o.Handler = func(tx sip.ServerRequest) { <-ready; wrapped(tx) }
	s, err := stack.Open(ctx, o)
	if err != nil {
		close(ready)
		return nil, nil, placed(cfg, err)
	}
	var n core.Network = s
	wrapped = h
	if wrap != nil {
		n, wrapped = wrap(s, h)
	}
	close(ready)
	return s, n, nil
}

// networkStats lists the counters of the stack as statistics of the core.
// What is of this moment has no end that a reset could set to 0.
func networkStats(s *stack.Stack) []stat.Value {
	var vs []stat.Value
	for name, n := range s.Counters() {
		kind := stat.Counter
		if name == "transactions" || name == "tcp_connections" {
			kind = stat.Gauge
		}
		vs = append(vs, stat.Value{Group: "core", Name: name, Kind: kind, Value: int64(n)})
	}
	return vs
}

// placed adds the place of the directive to an error of the sockets.
func placed(cfg *core.Config, err error) error {
	if len(cfg.Listen) == 1 {
		return core.Problem{Pos: cfg.Listen[0].Pos, Text: err.Error()}
	}
	return core.Problem{Pos: core.Pos{File: cfg.File}, Text: err.Error()}
}

func listenOf(l core.Listen) (stack.Listen, error) {
	s := stack.Listen{Proto: l.Proto, Host: l.Host, Port: l.Port, Tag: l.Tag}
	if l.Advertise == "" {
		return s, nil
	}
	var err error
	if s.AdvertiseHost, s.AdvertisePort, err = sip.SplitHostPort(l.Advertise); err != nil {
		return s, core.Problem{Pos: l.Pos, Text: fmt.Sprintf("listen: advertise %q: %v", l.Advertise, err)}
	}
	return s, nil
}

// globals gives the global parameters of a route file to the stack.
func globals(cfg *core.Config, o *stack.Options) error {
	durations := []struct {
		name string
		unit time.Duration
		to   []*time.Duration
	}{
		{"t1_timer", time.Millisecond, []*time.Duration{&o.Timers.T1}},
		{"t2_timer", time.Millisecond, []*time.Duration{&o.Timers.T2}},
		{"t4_timer", time.Millisecond, []*time.Duration{&o.Timers.T4}},
		{"fr_timeout", time.Second, []*time.Duration{&o.Timers.B, &o.Timers.F}},
		{"wt_timer", time.Second, []*time.Duration{&o.Timers.D, &o.Timers.J}},
		{"tcp_idle_timeout", time.Second, []*time.Duration{&o.Limits.IdleTimeout}},
		{"tcp_message_timeout", time.Second, []*time.Duration{&o.Limits.ReadTimeout}},
		{"dns_timeout", time.Second, []*time.Duration{&o.Limits.LookupTimeout}},
	}
	counts := map[string]*int{
		"max_transactions":           &o.Limits.MaxTransactions,
		"tcp_max_connections":        &o.Limits.MaxConns,
		"tcp_max_connections_per_ip": &o.Limits.MaxConnsPerSource,
		"max_message_size":           &o.Limits.MaxMessage,
	}
	for _, d := range durations {
		n, err := positive(cfg, d.name)
		if err != nil {
			return err
		}
		for _, to := range d.to {
			*to = time.Duration(n) * d.unit
		}
	}
	for name, to := range counts {
		n, err := positive(cfg, name)
		if err != nil {
			return err
		}
		*to = n
	}
	return nil
}

// positive reads a global parameter; 0 means it was not set.
func positive(cfg *core.Config, name string) (int, error) {
	set, ok := cfg.Globals[name]
	if !ok {
		return 0, nil
	}
	n, ok := set.Value.(int)
	if f, isFloat := set.Value.(float64); isFloat {
		n, ok = int(f), float64(int(f)) == f
	}
	if !ok || n <= 0 {
		return 0, core.Problem{Pos: set.Pos, Text: fmt.Sprintf("%s: want an integer above 0, got %v", name, set.Value)}
	}
	return n, nil
}
