package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip/stack"
)

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
		"rate_burst":                 &o.Limits.Burst,
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
	rate, err := positive(cfg, "rate_per_source")
	if err != nil {
		return err
	}
	o.Limits.RatePerSource = float64(rate)
	o.ForceRport = isOn(cfg.Globals["force_rport"].Value)
	return trusted(cfg, o)
}

// isOn reads a switch, which the checker has found to be 0, 1 or a boolean.
func isOn(v any) bool {
	b, _ := v.(bool)
	n, _ := v.(int)
	return b || n == 1
}

// trusted reads trusted_networks: addresses and prefixes separated by commas.
func trusted(cfg *core.Config, o *stack.Options) error {
	set, ok := cfg.Globals["trusted_networks"]
	if !ok {
		return nil
	}
	o.Limits.Trusted = []netip.Prefix{} // set and empty means nobody
	text, _ := set.Value.(string)
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		p, err := netip.ParsePrefix(item)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(item); err == nil {
				p, err = a.Prefix(a.BitLen())
			}
		}
		if err != nil {
			return core.Problem{Pos: set.Pos, Text: fmt.Sprintf("trusted_networks: %q: want an address or a prefix such as 10.0.0.0/8", item)}
		}
		o.Limits.Trusted = append(o.Limits.Trusted, p)
	}
	return nil
}

// inherit gives the fr_inv_timeout of the route file (modparam of tm, or a
// global) to b2b_logic, and to call_center as the time that an agent's phone
// may ring, unless they have one of their own: in sipd the legs ring, not the
// transactions.
func inherit(cfg *core.Config) {
	set, ok := cfg.Globals["fr_inv_timeout"]
	if !ok {
		return
	}
	for _, to := range []struct{ module, name string }{
		{"b2b_logic", "fr_inv_timeout"},
		{"call_center", "agent_ring_timeout"},
	} {
		loaded := slices.ContainsFunc(cfg.Loads, func(l core.Load) bool { return l.Name == to.module })
		own := slices.ContainsFunc(cfg.Params, func(p core.ParamSet) bool { return p.Module == to.module && p.Name == to.name })
		if loaded && !own {
			set.Module, set.Name = to.module, to.name
			cfg.Params = append(cfg.Params, set)
		}
	}
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
