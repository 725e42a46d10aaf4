package b2b

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// losing drops what fits as long as it is on.
func (r *rig) losing(from, to, what string) *atomic.Bool {
	on := new(atomic.Bool)
	on.Store(true)
	r.wire(func(p siptest.Packet) siptest.Fate {
		return siptest.Fate{Drop: on.Load() && (from == "" || p.From == from) && p.To == to && p.Is(what)}
	})
	return on
}

// TestRestartRepeatsBye: the BYE was lost, and who sent it is no more.
func TestRestartRepeatsBye(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		lost := r.losing("pbx", "bob", "BYE")
		a.Bye()
		r.await(CallerGone{})
		if got := r.one(r.restart()); !got.Over || got.Peer != 0 {
			t.Errorf("restored %+v", got)
		}
		lost.Store(false)
		b.Wait(siptest.Ended)
		r.after(time.Second)
		if len(r.kept) != 0 {
			t.Error("the session is kept although both have ended")
		}
	})
}

// TestRestartRepeatsACK: the ACK of the process before was lost. The party
// repeats its 2xx, and gets the ACK with the caller's answer.
func TestRestartRepeatsACK(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		lost := r.losing("pbx", "agent", "ACK")
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
		r.await(Connected{ID: 2})
		r.restart()
		lost.Store(false)
		c := agent.Last()
		if !c.Wait(siptest.Confirmed) || c.Peer() != a.Local() {
			t.Errorf("the agent hears %q, want %q", c.Peer(), a.Local())
		}
		a.Bye()
	})
}

// TestRestartDuringCallersReInvite: it gets an answer, and both hear each
// other as before.
func TestRestartDuringCallersReInvite(t *testing.T) {
	for _, answered := range []bool{false, true} {
		inKeptRig(t, func(r *rig) {
			a, b := r.joined(siptest.Script{}, siptest.Script{ReInviteDelay: time.Second})
			lost := r.losing("pbx", "alice", "200 INVITE")
			code := a.ReInvite(a.Offer())
			want := 500
			if r.after(300 * time.Millisecond); answered {
				r.after(time.Second)
				want = 200
			}
			r.restart()
			lost.Store(false)
			if got := <-code; got != want {
				t.Errorf("re-INVITE: %d, want %d", got, want)
			}
			r.after(10 * time.Second)
			if a.Peer() != b.Local() || b.Peer() != a.Local() {
				t.Errorf("caller hears %s of %s, party hears %s of %s", a.Peer(), b.Local(), b.Peer(), a.Local())
			}
			if got := <-a.ReInvite(a.Offer()); got != 200 {
				t.Errorf("the next re-INVITE: %d", got)
			}
			for _, e := range r.got() {
				if _, ok := e.(ConnectFailed); ok {
					t.Errorf("nobody asked for %#v", e)
				}
			}
			a.Bye()
			b.Wait(siptest.Ended)
		})
	}
}

// TestRestartCancelsWhereItInvited: over TCP, and at the second target.
func TestRestartCancelsWhereItInvited(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.phone("down", siptest.Script{})
		agent := r.phone("agent", siptest.Script{NeverAnswer: true})
		r.net.Alias("cluster", "down", "agent")
		var tcp atomic.Bool
		r.wire(func(p siptest.Packet) siptest.Fate {
			if p.To == "agent" && p.Is("CANCEL") && p.Reliable {
				tcp.Store(true)
			}
			return siptest.Fate{Refuse: p.To == "down"}
		})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@cluster;transport=tcp", Role: "agent"})
		c := agent.Incoming()
		r.restart() // before it rings
		c.Wait(siptest.Ended)
		if c.Code() != 487 || !tcp.Load() {
			t.Errorf("the agent's INVITE ended with %d, CANCEL over TCP %v", c.Code(), tcp.Load())
		}
		r.count("pbx", "down", "CANCEL", 0)
		a.Bye()
	})
}

// TestRestartBeforeOpen: what the owner wants and what the network brings
// before the session is opened waits until it was taken up.
func TestRestartBeforeOpen(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		inKeptRig(t, func(r *rig) {
			alice := r.phone("alice", siptest.Script{})
			agent := r.phone("agent", siptest.Script{Answer: 10 * time.Second})
			moh := r.phone("moh", siptest.Script{})
			a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
			r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:agent@agent", Role: "agent"})
			c := agent.Incoming()
			c.Wait(siptest.Ringing)
			r.restartThen(func(all []Restored) {
				got := r.one(all)
				r.m.Connect(got.Key, Dest{ID: 2, URI: "sip:moh@moh", Role: "media"})
				if cancel {
					a.Cancel()
				}
				r.after(20 * time.Second) // the agent answers meanwhile
			})
			c.Wait(siptest.Ended)
			r.count("pbx", "agent", "BYE", 1)
			if cancel {
				a.Wait(siptest.Ended)
				if a.Code() != 487 || !r.has(CallerGone{Cancelled: true}) {
					t.Errorf("the caller's INVITE ended with %d, events %#v", a.Code(), r.got())
				}
				return
			}
			r.await(Connected{ID: 2})
			if !a.Wait(siptest.Confirmed) || a.Peer() != moh.Last().Local() {
				t.Error("the caller is not connected")
			}
			a.Bye()
		})
	}
}

// TestRestartKeepsTime: neither bound of a call begins anew.
func TestRestartKeepsTime(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		r.m.params.maxDuration = time.Hour
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		r.after(40 * time.Minute)
		r.restart()
		start := time.Now()
		a.Wait(siptest.Ended)
		b.Wait(siptest.Ended)
		if d := time.Since(start).Round(time.Minute); d != 20*time.Minute {
			t.Errorf("ended %v after the restart, want 20 minutes", d)
		}
		r.await(Ended{Code: 408})
	})
	inKeptRig(t, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		start := time.Now()
		r.key()
		r.after(40 * time.Second)
		r.restart()
		a.Wait(siptest.Ended)
		if d := time.Since(start); d > 61*time.Second || a.Code() != 408 {
			t.Errorf("ended with %d after %v, want 408 after a minute", a.Code(), d)
		}
	})
}

// TestRestartLosesPlayer: a party in this very process is no more.
func TestRestartLosesPlayer(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{Lenient: true})
		r.host.inside = "bob"
		got := r.one(r.restart())
		if got.Peer != 0 || got.Role != "" || !got.Answered || got.Last != 1 {
			t.Errorf("restored %+v", got)
		}
		r.phone("agent", siptest.Script{})
		r.m.Connect(got.Key, Dest{ID: 2, URI: "sip:agent@agent"})
		r.await(Connected{ID: 2})
		r.count("pbx", "bob", "BYE", 0)
		a.Bye()
		b.Bye() // of a call of the process before
		r.after(time.Second)
		r.count("pbx", "bob", "200 BYE", 1)
	})
}

// TestKeepsLittle: what a restart does not need is not written.
func TestKeepsLittle(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		r.after(40 * time.Second) // our ACK cannot be asked for any more
		<-a.Request(sip.INFO, nil, "")
		r.after(time.Second)
		joined := r.writes.Load()
		for range 30 {
			<-a.Request(sip.INFO, nil, "")
		}
		r.after(time.Second)
		if n := r.writes.Load(); n != joined {
			t.Errorf("30 INFO made %d writes", n-joined)
		}
		r.after(time.Second)
		a.Bye()
		r.after(time.Minute)
		t.Logf("%d writes for a call, of that %d until it was connected", r.writes.Load(), joined)
		if n := r.writes.Load(); joined > 6 || n > joined+3 {
			t.Errorf("%d writes for a call, %d until it was connected", n, joined)
		}
	})
}

// TestStopKeeps: calls that are kept are left alone, the others end.
func TestStopKeeps(t *testing.T) {
	for _, mode := range []int{0, 2} {
		inKeptRig(t, func(r *rig) {
			r.m.params.dbMode = mode
			_, b := r.joined(siptest.Script{Lenient: true}, siptest.Script{Lenient: true})
			r.after(time.Second)
			ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
			defer cancel()
			if err := r.m.Stop(ctx); err != nil {
				t.Error(err)
			}
			want := 0
			if !r.m.Keeps() {
				want = 1
			}
			r.count("pbx", "alice", "BYE", want)
			r.count("pbx", "bob", "BYE", want)
			if len(r.kept) != 1-want {
				t.Errorf("db_mode %d: %d sessions are kept", mode, len(r.kept))
			}
			if mode == 0 {
				return
			}
			info := b.Request(sip.INFO, nil, "") // the next process answers
			r.after(time.Second)
			got := r.one(r.restart())
			if res := <-info; res.Code != 200 {
				t.Errorf("INFO: %d", res.Code)
			}
			r.m.Terminate(got.Key)
		})
	}
}

// TestRetire: what is being done is kept before Retire returns, and nothing
// happens afterwards.
func TestRetire(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		r.m.Retire()
		n := r.writes.Load()
		a.Bye()
		r.after(time.Second)
		r.count("pbx", "alice", "200 BYE", 0)
		if r.writes.Load() != n {
			t.Error("something was kept afterwards")
		}
		r.restart()
		r.await(CallerGone{})
		r.after(time.Minute)
		for _, c := range agent.Calls() {
			if c.State() != siptest.Ended {
				t.Errorf("the agent's call is in state %d", c.State())
			}
		}
	})
}

// TestRestartShows: the command shows what was restored.
func TestRestartShows(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		since := r.m.session(r.key()).view.Load().Since
		r.after(time.Hour)
		r.restart()
		v := r.m.session(r.key()).view.Load()
		if v == nil || v.Status != "active" || len(v.Legs) != 2 || v.State != "welcome" || !v.Since.Equal(since) {
			t.Errorf("%+v, want since %v", v, since)
		}
		a.Bye()
	})
}

// TestRestartAnswersAgain: a request whose answer was lost comes again, with
// the number that was seen already.
func TestRestartAnswersAgain(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		for range 60 { // so that the number is kept
			<-a.Request(sip.INFO, nil, "")
		}
		lost := r.losing("pbx", "alice", "200 INFO")
		info := a.Request(sip.INFO, nil, "")
		r.after(100 * time.Millisecond)
		s := r.m.session(r.key())
		s.box.Post(func() { s.legs[0].keptRemoteCSeq, s.changed = s.legs[0].dlg.remoteCSeq, true })
		r.restart()
		lost.Store(false)
		if res := <-info; res.Code != 200 {
			t.Errorf("INFO: %d", res.Code)
		}
		a.Bye()
	})
}

// TestLost: only what is at a port of ours was in this process.
func TestLost(t *testing.T) {
	m := New()
	m.host = &fakeHost{inside: "192.0.2.1", port: 5062}
	for target, want := range map[string]bool{
		"sip:moh@192.0.2.1:5062": true, "sip:bob@192.0.2.1": false, "sip:bob@192.0.2.1:5070": false, "sip:bob@192.0.2.2:5062": false,
	} {
		k := &kept{Legs: []keptLeg{{ID: 0, Target: target}, {ID: 1, Target: target}}}
		if got := m.lost(k, 1); got != want {
			t.Errorf("%s: lost %v, want %v", target, got, want)
		}
		if m.lost(k, 0) {
			t.Error("the caller is never lost")
		}
	}
}

// TestRestoreSurvives: no state of a session that Restore takes makes it
// crash, however little sense it makes.
func TestRestoreSurvives(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{Lenient: true}, siptest.Script{Lenient: true})
		r.phone("agent", siptest.Script{Lenient: true, Answer: time.Second})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		r.after(100 * time.Millisecond)
		good := r.theKept()
		r.freeze(true)
		rnd := rand.New(rand.NewPCG(1, 3))
		taken := 0
		for n := range 1500 {
			var k kept
			if err := json.Unmarshal(good, &k); err != nil {
				t.Fatal(err)
			}
			k.Key = Key(fmt.Sprint("x.", n))
			distort(rnd, &k)
			data, _ := k.encode()
			got, err := r.m.Restore(data, SessionOptions{})
			if err != nil {
				continue
			}
			taken++
			r.m.Open(got.Key)
			r.after(time.Duration(rnd.Int64N(int64(time.Second))))
			r.m.Connect(got.Key, Dest{ID: got.Last + 1, URI: "sip:agent@agent"})
			r.after(time.Duration(rnd.Int64N(int64(time.Second))))
			r.m.Terminate(got.Key)
		}
		t.Logf("%d of 1500 were taken", taken)
		if n := r.m.stats.crashed.Value(); n != 0 || taken < 100 {
			t.Errorf("%d sessions crashed", n)
		}
		a.Bye()
		r.m.Terminate(r.key()) // those that were taken have its dialogs
		r.freeze(false)
		r.mu.Lock()
		delete(r.kept, a.ID())
		r.mu.Unlock()
		r.quiet()
	})
}

// distort changes some of what the machine makes of a session.
func distort(rnd *rand.Rand, k *kept) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	for range 1 + rnd.IntN(4) {
		l := &k.Logic.Legs[rnd.IntN(len(k.Logic.Legs))]
		b := &k.Legs[rnd.IntN(len(k.Legs))]
		switch rnd.IntN(12) {
		case 0:
			l.Phase = rnd.IntN(6)
		case 1:
			l.Client = rnd.IntN(5)
		case 2:
			l.Server, l.Ref = rnd.IntN(3), rnd.IntN(2)
		case 3:
			l.Held, l.Owed, l.Late = flip(), flip(), flip()
		case 4:
			k.Logic.Peer = logic.Leg(rnd.IntN(4) - 1)
		case 5:
			k.Logic.Count = rnd.IntN(6)
		case 6:
			if a := k.Logic.Attempt; a != nil {
				a.Step, a.Moved, a.Mending, a.Announce, a.Party = rnd.IntN(12), flip(), flip(), logic.Leg(rnd.IntN(4)-1), logic.Leg(rnd.IntN(4)-1)
			}
		case 7:
			k.Logic.Over = flip()
		case 8:
			b.Client, b.Bye = nil, flip()
		case 9:
			b.Client = &keptInvite{CSeq: 1, First: flip(), Done: flip(), Acked: flip(), Answer: flip(), Until: time.Now().Add(time.Second)}
		case 10:
			b.Request = &keptRequest{URI: "sip:x", Source: "192.0.2.1:1", Headers: sip.Headers{{Name: "Via", Value: "x"}}}
		case 11:
			l.Remote, l.Sent, l.Origin = "", "v=0", nil
		}
	}
}
