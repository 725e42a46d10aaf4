package b2b

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// keeper notes what a session has kept, as long as m is the module that runs.
// Without r.kept sessions are not kept.
func (r *rig) keeper(m *Module, name string) func(Key, []byte) {
	if r.kept == nil {
		return nil
	}
	return func(_ Key, state []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.writes.Add(1)
		switch {
		case r.m != m, r.frozen:
		case state == nil:
			delete(r.kept, name)
		default:
			r.kept[name] = state
		}
	}
}

// restart kills the B2BUA and starts it again with what it had kept.
func (r *rig) restart() []Restored {
	r.t.Helper()
	return r.restartThen(nil)
}

// restartThen is restart with something between Restore and Open.
func (r *rig) restartThen(before func([]Restored)) []Restored {
	r.t.Helper()
	synctest.Wait()
	old := r.m
	r.mu.Lock()
	r.m = New()
	kept := map[string][]byte{}
	for name, state := range r.kept {
		kept[name] = state
	}
	r.mu.Unlock()
	host := &fakeHost{inside: r.host.inside}
	r.m.params = old.params
	var up atomic.Pointer[sip.Handler] // nothing arrives before the start is over
	host.ep = r.net.Restart(r.host.ep.(*siptest.Endpoint), func(tx sip.ServerRequest) { (*up.Load())(tx) })
	old.Retire()
	r.host = host
	if err := r.m.Init(host); err != nil {
		r.t.Fatal(err)
	}
	var all []Restored
	for name, state := range kept {
		got, err := r.m.Restore(state, SessionOptions{Observer: r.observe, Keep: r.keeper(r.m, name)})
		if err != nil {
			r.t.Fatalf("Restore: %v\n%s", err, state)
		}
		all = append(all, got)
	}
	serve := r.server(host, r.m)
	up.Store(&serve)
	if before != nil {
		before(all)
	}
	for _, got := range all {
		if r.early != nil { // an owner may ask before it opens
			r.m.Connect(got.Key, *r.early)
		}
		r.m.Open(got.Key)
	}
	synctest.Wait()
	return all
}

func inKeptRig(t *testing.T, test func(*rig)) {
	t.Helper()
	inRig(t, nil, func(r *rig) {
		r.kept = map[string][]byte{}
		test(r)
		r.quiet()
		if len(r.kept) != 0 {
			t.Errorf("%d sessions are still kept", len(r.kept))
		}
	})
}

// theKept is what the only session has kept.
func (r *rig) theKept() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, state := range r.kept {
		return state
	}
	r.t.Fatal("nothing is kept")
	return nil
}

// one is the only session that a restart found.
func (r *rig) one(all []Restored) Restored {
	r.t.Helper()
	if len(all) != 1 {
		r.t.Fatalf("%d sessions were restored, want 1", len(all))
	}
	return all[0]
}

func TestRestartWhileTalking(t *testing.T) {
	for _, who := range []string{"alice", "bob"} {
		inKeptRig(t, func(r *rig) {
			a, b := r.joined(siptest.Script{}, siptest.Script{})
			r.after(time.Minute)
			got := r.one(r.restart())
			if want := (Restored{Key: r.key(), Answered: true, Peer: 1, Role: "media", Last: 1}); got != want {
				t.Errorf("restored %+v, want %+v", got, want)
			}
			r.after(time.Minute)
			r.count("pbx", "alice", "BYE", 0)
			if code := <-a.ReInvite(a.Offer()); code != 200 {
				t.Errorf("re-INVITE of the caller: %d", code)
			}
			r.after(time.Second) // its ACK
			if code := <-b.ReInvite(b.Offer()); code != 200 {
				t.Errorf("re-INVITE of the party: %d", code)
			}
			if who == "alice" {
				a.Bye()
				r.await(CallerGone{})
			} else {
				b.Bye()
				r.await(PeerGone{ID: 1})
				r.m.Terminate(got.Key)
			}
			a.Wait(siptest.Ended)
			b.Wait(siptest.Ended)
		})
	}
}

// TestRestartFromOldState: the last changes were not kept. Requests must have
// greater sequence numbers than those that were sent all the same.
func TestRestartFromOldState(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.after(time.Second)
		r.freeze(true)
		for range 10 {
			<-a.Request(sip.INFO, nil, "")
		}
		r.restart()
		r.freeze(false)
		if res := <-a.Request(sip.INFO, nil, ""); res.Code != 200 {
			t.Errorf("INFO after the restart: %d", res.Code)
		}
		a.Bye()
	})
}

func (r *rig) freeze(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen = on
}

// TestRestartTwice holds that sequence numbers never go back.
func TestRestartTwice(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.phone("agent", siptest.Script{Talk: time.Minute})
		r.restart()
		got := r.one(r.restart())
		r.m.Connect(got.Key, Dest{ID: got.Last + 1, URI: "sip:agent@agent", Role: "agent"})
		r.await(Connected{ID: 2})
		got = r.one(r.restart())
		if got.Peer != 2 || got.Role != "agent" || got.Last != 2 {
			t.Errorf("restored %+v", got)
		}
		r.await(PeerGone{ID: 2})
		a.Bye()
		a.Wait(siptest.Ended)
	})
}

// TestRestartWhileAgentRings: the phone stops ringing, the caller keeps the
// music, and the agent can be called again.
func TestRestartWhileAgentRings(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, music := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{Answer: 20 * time.Second})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
		c := agent.Incoming()
		c.Wait(siptest.Ringing)
		got := r.one(r.restart())
		if got.Peer != 1 || got.Last != 2 {
			t.Errorf("restored %+v", got)
		}
		c.Wait(siptest.Ended)
		if c.Code() != 487 {
			t.Errorf("the agent's INVITE ended with %d, want 487", c.Code())
		}
		r.m.Connect(got.Key, Dest{ID: 3, URI: "sip:agent@agent", Role: "agent"})
		r.await(Connected{ID: 3})
		music.Wait(siptest.Ended)
		a.Bye()
	})
}

// TestRestartCrossesAnswer: the agent answers while nobody is there.
func TestRestartCrossesAnswer(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{Answer: time.Second})
		var back atomic.Bool
		r.wire(func(p siptest.Packet) siptest.Fate {
			return siptest.Fate{Drop: p.From == "agent" && p.Is("200 INVITE") && !back.Load()}
		})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
		c := agent.Incoming()
		c.Wait(siptest.Answered)
		back.Store(true)
		r.restart()
		c.Wait(siptest.Ended)
		r.count("pbx", "agent", "ACK", 1)
		r.count("pbx", "agent", "BYE", 1)
		a.Bye()
	})
}

// TestRestartBeforeCallerIsAnswered: the caller's INVITE is answered by the
// next process, and can still be cancelled there.
func TestRestartBeforeCallerIsAnswered(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		inKeptRig(t, func(r *rig) {
			alice := r.phone("alice", siptest.Script{})
			agent := r.phone("agent", siptest.Script{Answer: 10 * time.Second})
			a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
			r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:agent@agent", Role: "agent"})
			agent.Incoming().Wait(siptest.Ringing)
			r.early = &Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"}
			got := r.one(r.restart())
			if got.Answered || got.Peer != 0 || got.Last != 1 {
				t.Errorf("restored %+v", got)
			}
			if cancel {
				r.after(time.Second)
				a.Cancel()
				r.await(CallerGone{Cancelled: true})
				a.Wait(siptest.Ended)
				if a.Code() != 487 {
					t.Errorf("the caller's INVITE ended with %d", a.Code())
				}
				return
			}
			r.await(Connected{ID: 2})
			if !a.Wait(siptest.Confirmed) {
				t.Fatal("the caller is not connected")
			}
			a.Bye()
			r.await(CallerGone{})
		})
	}
}

// TestRestartBeforeACK: the 2xx of the process before is sent again.
func TestRestartBeforeACK(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		var lost atomic.Bool
		lost.Store(true)
		r.wire(func(p siptest.Packet) siptest.Fate {
			return siptest.Fate{Drop: lost.Load() && p.To == "alice" && p.Is("200 INVITE")}
		})
		alice, _ := r.phone("alice", siptest.Script{}), r.phone("moh", siptest.Script{})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:moh@moh", Role: "media"})
		r.await(Connected{ID: 1})
		r.one(r.restart())
		lost.Store(false)
		if !a.Wait(siptest.Confirmed) {
			t.Fatal("the caller is not connected")
		}
		a.Bye()
		r.await(CallerGone{})
	})
}

// TestRestartDuringReInvite: the caller was just being moved to the agent.
func TestRestartDuringReInvite(t *testing.T) {
	for _, delay := range []time.Duration{0, 2 * time.Second} {
		inKeptRig(t, func(r *rig) {
			a, music := r.joined(siptest.Script{ReInviteDelay: time.Second}, siptest.Script{})
			agent := r.phone("agent", siptest.Script{})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
			c := agent.Incoming()
			c.Wait(siptest.Answered)
			r.after(100 * time.Millisecond)
			got := r.one(r.restart())
			if got.Peer != 1 {
				t.Errorf("restored %+v", got)
			}
			c.Wait(siptest.Ended)
			r.after(delay)
			r.m.Connect(got.Key, Dest{ID: 3, URI: "sip:agent@agent", Role: "agent"})
			r.await(Connected{ID: 3})
			music.Wait(siptest.Ended)
			if !strings.HasPrefix(a.Peer(), "agent/") {
				t.Errorf("the caller hears %q", a.Peer())
			}
			a.Bye()
		})
	}
}

// TestRestoreRejects holds that nothing on disk makes the server panic.
func TestRestoreRejects(t *testing.T) {
	var state []byte
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		synctest.Wait()
		for _, s := range r.kept {
			state = s
		}
		t.Logf("%d bytes", len(state))
		for i := range state {
			if _, err := r.m.Restore(state[:i], SessionOptions{}); err == nil {
				t.Fatalf("cut at %d: no error", i)
			}
		}
		newer := strings.Replace(string(state), `"v":1`, `"v":99`, 1)
		if _, err := r.m.Restore([]byte(newer), SessionOptions{}); err == nil || !strings.Contains(err.Error(), "99") {
			t.Errorf("a newer version: %v", err)
		}
		rnd := rand.New(rand.NewPCG(1, 1))
		for range 3000 { // must not panic; most are refused
			garbage := []byte(strings.Replace(string(state), string(r.key()), fmt.Sprint("x", rnd.Uint64()), 1))
			for range 1 + rnd.IntN(3) {
				garbage[rnd.IntN(len(garbage))] = "0123456789{}[],:\"-atx"[rnd.IntN(21)]
			}
			if got, err := r.m.Restore(garbage, SessionOptions{}); err == nil {
				r.m.Release(got.Key)
			}
		}
		a.Bye()
	})
}

// TestRestartAnywhere kills the B2BUA at random moments of random calls, half
// of them over a network that loses and doubles messages. In the end no phone
// has a call left.
func TestRestartAnywhere(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		restartAnywhere(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func restartAnywhere(t *testing.T, seed uint64) {
	inKeptRig(t, func(r *rig) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		r.net.Quiet = true
		random := func(max time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(max))) }
		script := func(s siptest.Script) siptest.Script { s.Lenient = true; return s }
		phones := []*siptest.Phone{
			r.phone("alice", script(siptest.Script{ReInviteDelay: random(time.Second)})),
			r.phone("moh", script(siptest.Script{ReInviteDelay: random(time.Second)})),
			r.phone("busy", script(siptest.Script{Answer: random(time.Second), Code: 486})),
			r.phone("agent", script(siptest.Script{Answer: random(3 * time.Second), Talk: random(30 * time.Second)})),
		}
		a := phones[0].Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		k := r.key()
		if seed%2 == 1 {
			r.wire(siptest.Lossy(seed, 0.05, 0.05, 40*time.Millisecond))
		}
		uris := []string{"sip:m@moh", "sip:b@busy", "sip:a@agent"}
		for id := 1; id < 8; id++ {
			d := Dest{ID: id, URI: uris[rnd.IntN(len(uris))], RingTimeout: 8 * time.Second, DropOld: rnd.IntN(4) == 0}
			if rnd.IntN(3) == 0 {
				d.Announce = uris[rnd.IntN(len(uris))]
			}
			r.m.Connect(k, d)
			r.after(random(4 * time.Second))
			if rnd.IntN(2) == 0 {
				r.restart()
			}
			if c := phones[rnd.IntN(len(phones))].Last(); c != nil && c.State() == siptest.Confirmed {
				switch rnd.IntN(4) {
				case 0:
					c.ReInvite(c.Offer())
				case 1:
					c.ReInvite("")
				case 2:
					c.Request(sip.UPDATE, sip.Headers{{Name: "Content-Type", Value: sdpType}}, c.Offer())
				}
				if r.after(random(100 * time.Millisecond)); rnd.IntN(3) == 0 {
					r.restart()
				}
			}
			r.after(random(2 * time.Second))
		}
		if rnd.IntN(2) == 0 && phones[0].Calls()[0].State() == siptest.Confirmed {
			a.Bye()
		}
		r.after(random(2 * time.Second))
		r.m.Terminate(k)
		r.quiet()
		for _, p := range phones {
			for _, c := range p.Calls() {
				if c.State() != siptest.Ended {
					t.Errorf("a call is left: %s", p.Name())
				}
			}
		}
		r.idle()
	})
}
