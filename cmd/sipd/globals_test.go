package main

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip/stack"
)

func set(v any) core.ParamSet { return core.ParamSet{Value: v, Pos: core.Pos{File: "r.lua", Line: 3}} }

func TestGlobalsReachTheStack(t *testing.T) {
	cfg := &core.Config{Globals: map[string]core.ParamSet{
		"t1_timer": set(250), "fr_timeout": set(10), "wt_timer": set(5), "max_transactions": set(77),
		"rate_per_source": set(9), "rate_burst": set(11), "force_rport": set(1),
		"trusted_networks": set("10.0.0.0/8, 192.0.2.7"),
	}}
	var o stack.Options
	if err := globals(cfg, &o); err != nil {
		t.Fatal(err)
	}
	if o.Timers.T1 != 250*time.Millisecond || o.Timers.B != 10*time.Second || o.Timers.F != 10*time.Second || o.Timers.D != 5*time.Second {
		t.Errorf("timers %+v", o.Timers)
	}
	if o.Limits.MaxTransactions != 77 || o.Limits.RatePerSource != 9 || o.Limits.Burst != 11 || !o.ForceRport {
		t.Errorf("limits %+v, force_rport %v", o.Limits, o.ForceRport)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}
	if !slices.Equal(o.Limits.Trusted, want) {
		t.Errorf("trusted %v, want %v", o.Limits.Trusted, want)
	}
	cfg.Globals["trusted_networks"] = set("10.0.0.0/8,office")
	if err := globals(cfg, &o); err == nil || err.Error() != `r.lua:3: trusted_networks: "office": want an address or a prefix such as 10.0.0.0/8` {
		t.Errorf("a bad network: %v", err)
	}
}

func TestInheritRingTime(t *testing.T) {
	cfg := &core.Config{Globals: map[string]core.ParamSet{"fr_inv_timeout": set(30)}, Loads: []core.Load{{Name: "b2b_logic"}}}
	inherit(cfg)
	if len(cfg.Params) != 1 || cfg.Params[0].Module != "b2b_logic" || cfg.Params[0].Name != "fr_inv_timeout" || cfg.Params[0].Value != 30 {
		t.Fatalf("params %+v", cfg.Params)
	}
	inherit(cfg) // now it has one of its own
	if len(cfg.Params) != 1 {
		t.Errorf("inherited over the module's own: %+v", cfg.Params)
	}
	cfg.Loads = append(cfg.Loads, core.Load{Name: "call_center"})
	inherit(cfg)
	inherit(cfg)
	if len(cfg.Params) != 2 || cfg.Params[1].Module != "call_center" || cfg.Params[1].Name != "agent_ring_timeout" || cfg.Params[1].Value != 30 {
		t.Errorf("params %+v", cfg.Params)
	}
}
