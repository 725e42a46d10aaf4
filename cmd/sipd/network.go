package main

import (
	"context"
	"fmt"
	"log/slog"

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
	o.Sanity.Extensions = []string{"timer"} // who answers refuses it where it does not know it
	for _, l := range cfg.Listen {
		s, err := listenOf(l)
		if err != nil {
			return nil, nil, err
		}
		o.Listen = append(o.Listen, s)
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
		return nil, nil, placed(cfg, o.Listen, err)
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
