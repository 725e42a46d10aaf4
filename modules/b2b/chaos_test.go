package b2b

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestChaos plays random calls over a network that loses, doubles and delays
// messages. Whatever happens, each session ends with one last event at most,
// and nothing is left of it.
func TestChaos(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 6
	}
	for seed := range seeds {
		chaos(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func chaos(t *testing.T, seed uint64) {
	inRig(t, nil, func(r *rig) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r.net.Quiet = true
		lossy := siptest.Lossy(seed, 0.08, 0.05, 40*time.Millisecond)
		var lost sync.Map // phones that vanished without a word
		r.wire(func(p siptest.Packet) siptest.Fate {
			if _, from := lost.Load(p.From); from {
				return siptest.Fate{Drop: true}
			}
			if _, to := lost.Load(p.To); to {
				return siptest.Fate{Drop: true}
			}
			return lossy(p)
		})
		random := func(max time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(max))) }
		lenient := func(s siptest.Script) siptest.Script { s.Lenient = true; return s }
		alice := r.phone("alice", lenient(siptest.Script{ReInviteDelay: random(2 * time.Second)}))
		r.phone("moh", lenient(siptest.Script{ReInviteDelay: random(time.Second)}))
		r.phone("short", lenient(siptest.Script{Talk: time.Second + random(4*time.Second)}))
		r.phone("busy", lenient(siptest.Script{Answer: random(time.Second), Code: 486}))
		r.phone("agent", lenient(siptest.Script{Answer: random(5 * time.Second), Talk: random(30 * time.Second)}))
		r.phone("never", lenient(siptest.Script{NeverAnswer: true}))
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.after(10 * time.Second)
		if len(r.keys) == 0 {
			return // the INVITE was lost for good
		}
		uris := []string{"sip:m@moh", "sip:s@short", "sip:b@busy", "sip:a@agent", "sip:n@never", "sip:x@nowhere"}
		k := r.key()
		for id := 1; id < 12; id++ {
			d := Dest{ID: id, URI: uris[rnd.IntN(len(uris))], RingTimeout: 8 * time.Second, DropOld: rnd.IntN(4) == 0}
			if rnd.IntN(3) == 0 {
				d.Offer = CallerOffer
			}
			if rnd.IntN(3) == 0 {
				d.Announce = uris[rnd.IntN(len(uris))]
			}
			r.m.Connect(k, d)
			r.after(random(12 * time.Second))
			if rnd.IntN(100) < 3 {
				lost.Store([]string{"alice", "moh", "agent"}[rnd.IntN(3)], true)
			}
			if id == 8 && seed%4 == 0 {
				lost.Store("alice", true)
			}
			if calls := alice.Calls(); rnd.IntN(3) == 0 && calls[0].State() == siptest.Confirmed {
				a.ReInvite(a.Offer())
				a.Request(sip.INFO, nil, "")
			}
		}
		switch _, gone := lost.Load("alice"); {
		case gone: // nobody ends the call: it is found out
		case rnd.IntN(2) == 0:
			a.Bye()
		default:
			r.m.Terminate(k)
		}
		r.quiet()
		if r.terminal() > 1 {
			t.Errorf("events %#v", r.got())
		}
		if rnd.IntN(2) == 0 {
			r.m.Terminate(k)
			r.quiet()
		}
		r.idle()
	})
}
