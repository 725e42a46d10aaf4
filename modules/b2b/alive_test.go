package b2b

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// gone is a network in which everything from and to one endpoint is lost once
// the switch is on.
func gone(name string, on *atomic.Bool) func(siptest.Packet) siptest.Fate {
	return func(p siptest.Packet) siptest.Fate {
		return siptest.Fate{Drop: on.Load() && (p.From == name || p.To == name)}
	}
}

// TestVanished takes away each party of a call, in each state in which it may
// be lost, without a word.
func TestVanished(t *testing.T) {
	tests := []struct {
		name  string
		who   string
		want  Event
		begin func(*rig) // has bob and alice joined already
	}{
		{"the caller, while he talks", "alice", CallerGone{}, nil},
		{"the agent, while he talks", "bob", PeerGone{ID: 1}, nil},
		{"the queue's music", "bob", PeerGone{ID: 1}, nil},
		{"the caller, while an agent rings", "alice", CallerGone{}, func(r *rig) {
			r.phone("agent", siptest.Script{NeverAnswer: true})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:a@agent", RingTimeout: time.Hour})
		}},
		{"the music, while an agent rings", "bob", PeerGone{ID: 1}, func(r *rig) {
			r.phone("agent", siptest.Script{NeverAnswer: true})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:a@agent", RingTimeout: time.Hour})
		}},
		{"the agent, while he hears the announcement", "agent", ConnectFailed{ID: 2, Code: 480}, func(r *rig) {
			agent := r.phone("agent", siptest.Script{Lenient: true})
			r.phone("says", siptest.Script{})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:a@agent", Announce: "sip:s@says"})
			agent.Incoming().Wait(siptest.Confirmed)
			r.await(Announcing{ID: 2})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRig(t, nil, func(r *rig) {
				var on atomic.Bool
				r.wire(gone(tt.who, &on))
				r.joined(siptest.Script{Lenient: true}, siptest.Script{Lenient: true})
				if tt.begin != nil {
					tt.begin(r)
				}
				r.after(time.Second)
				on.Store(true)
				at := time.Now()
				r.await(tt.want)
				if took := time.Since(at); took > 90*time.Second || took < 60*time.Second {
					t.Errorf("found after %v", took)
				}
				on.Store(false)
				r.m.Terminate(r.key())
				r.quiet()
				for _, p := range []string{"alice", "bob"} {
					if r.net.Count("pbx", p, "BYE") == 0 {
						t.Errorf("%s got no BYE", p)
					}
				}
			})
		})
	}
}

// TestAnswersOPTIONS are phones that answer the question as they like: it is
// an answer all the same.
func TestAnswersOPTIONS(t *testing.T) {
	for _, code := range []int{200, 404, 405, 488, 500, 501, 603} {
		inRig(t, nil, func(r *rig) {
			script := siptest.Script{OnRequest: func(tx sip.ServerRequest) bool {
				if tx.Request().Method != sip.OPTIONS {
					return false
				}
				_ = tx.Respond(sip.NewResponse(tx.Request(), code, "", ""))
				return true
			}}
			a, b := r.joined(script, script)
			r.after(10 * time.Minute)
			if a.State() != siptest.Confirmed || b.State() != siptest.Confirmed || len(r.got()) != 2 {
				t.Errorf("%d: the call ended: %#v", code, r.got())
			}
			if n := r.net.Count("pbx", "bob", "OPTIONS"); n < 19 || n > 27 {
				t.Errorf("%d: %d OPTIONS in ten minutes", code, n)
			}
			a.Bye()
			r.quiet()
		})
	}
}

// TestLostTheCall is a phone that started anew: it answers 481.
func TestLostTheCall(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		lost := siptest.Script{Lenient: true, OnRequest: func(tx sip.ServerRequest) bool {
			if tx.Request().Method != sip.OPTIONS {
				return false
			}
			_ = tx.Respond(sip.NewResponse(tx.Request(), 481, "", ""))
			return true
		}}
		at := time.Now()
		a, _ := r.joined(siptest.Script{}, lost)
		r.await(PeerGone{ID: 1})
		if took := time.Since(at); took > 31*time.Second {
			t.Errorf("found after %v", took)
		}
		r.count("pbx", "bob", "BYE", 1)
		a.Bye()
		r.quiet()
	})
}

// TestWhoTalksIsNotAsked holds that any message proves life.
func TestWhoTalksIsNotAsked(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		for range 30 {
			r.after(20 * time.Second)
			<-a.Request(sip.INFO, nil, "") // and bob answers it
		}
		r.count("pbx", "alice", "OPTIONS", 0)
		r.count("pbx", "bob", "OPTIONS", 0)
		b.Bye()
		r.quiet()
	})
}

// TestINVITEIsNotOvertaken: a re-INVITE that gets lost asks as well. A later
// OPTIONS that arrives before it is repeated would have it refused.
func TestINVITEIsNotOvertaken(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.phone("agent", siptest.Script{})
		r.after(20 * time.Second)
		r.wire(func(p siptest.Packet) siptest.Fate {
			return siptest.Fate{Drop: p.To == "alice" && p.Is("INVITE")}
		})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:a@agent"})
		r.after(11 * time.Second) // she is silent for 31 s
		r.count("pbx", "alice", "OPTIONS", 0)
		r.wire(func(siptest.Packet) siptest.Fate { return siptest.Fate{} })
		r.await(Connected{ID: 2})
		r.after(31 * time.Second)
		r.count("pbx", "alice", "OPTIONS", 1)
		a.Bye()
		r.quiet()
	})
}

// TestKeepaliveOff is keepalive_interval 0.
func TestKeepaliveOff(t *testing.T) {
	inRig(t, func(p *params) { p.pingEvery = 0 }, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.after(9 * time.Minute)
		r.count("pbx", "bob", "OPTIONS", 0)
		a.Bye()
		r.quiet()
	})
}

// TestPingsAreSpread opens many calls in one instant.
func TestPingsAreSpread(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		r.net.Quiet = true
		seen := map[int64]int{}
		bob := siptest.Script{OnRequest: func(tx sip.ServerRequest) bool {
			if tx.Request().Method == sip.OPTIONS {
				seen[time.Now().UnixMilli()/100]++
			}
			return false
		}}
		pa := r.phone("alice", siptest.Script{})
		r.phone("bob", bob)
		const calls = 100
		for range calls {
			pa.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		}
		r.after(time.Second)
		for _, k := range r.keys {
			r.m.Connect(k, Dest{ID: 1, URI: "sip:bob@bob"})
		}
		r.after(32 * time.Second)
		total, most := 0, 0
		for _, n := range seen {
			total, most = total+n, max(most, n)
		}
		if total != calls || most > calls/5 {
			t.Errorf("%d pings, %d of them within 100 ms", total, most)
		}
		for _, k := range r.keys {
			r.m.Terminate(k)
		}
		r.quiet()
	})
}

// TestOurPlayerIsNotAsked has a far end at an address of our own.
func TestOurPlayerIsNotAsked(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		r.host.inside = "bob"
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.after(5 * time.Minute)
		r.count("pbx", "bob", "OPTIONS", 0)
		if n := r.net.Count("pbx", "alice", "OPTIONS"); n < 9 {
			t.Errorf("the caller was asked %d times", n)
		}
		a.Bye()
		r.quiet()
	})
}
