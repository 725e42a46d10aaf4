package b2b

import (
	"fmt"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// scene is a call with everything in it: welcome, music, an agent, re-INVITEs
// of both sides, an agent who hears an announcement first, the end.
type scene struct {
	r      *rig
	phones []*siptest.Phone
	a      *siptest.Call
}

func newScene(r *rig, s siptest.Script) *scene {
	var phones []*siptest.Phone
	phone := func(name string, s siptest.Script) { phones = append(phones, r.phone(name, s)) }
	s.ReInviteDelay = 20 * time.Millisecond
	phone("alice", s)
	s.Answer = 30 * time.Millisecond
	phone("moh", s)
	s.Answer = 200 * time.Millisecond
	phone("agent", s)
	phone("boss", s)
	phone("late", s)
	s.Talk = 100 * time.Millisecond
	phone("says", s)
	return &scene{r: r, phones: phones}
}

// play goes on with the scene until a moment since its start.
func (s *scene) play(until time.Duration) {
	start := time.Now()
	for _, step := range []struct {
		at time.Duration
		do func()
	}{
		{0, func() { s.a = s.phones[0].Call("sip:hotline@pbx", siptest.SDP("alice", 1)) }},
		{5, func() { s.r.m.Connect(s.r.key(), Dest{ID: 1, URI: "sip:moh@moh", Role: "media"}) }},
		{500, func() { s.r.m.Connect(s.r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"}) }},
		{1000, func() { s.a.ReInvite(s.a.Offer()) }},
		{1200, func() { c := s.phones[2].Last(); c.ReInvite(c.Offer()) }},
		{1400, func() { s.a.ReInvite("") }},
		{1600, func() { s.a.Request(sip.INFO, nil, "") }},
		{1800, func() {
			s.r.m.Connect(s.r.key(), Dest{ID: 3, URI: "sip:boss@boss", Role: "agent", Announce: "sip:says@says"})
		}},
		{2800, func() { s.r.m.Connect(s.r.key(), Dest{ID: 4, URI: "sip:agent@agent", Offer: CallerOffer}) }},
		{3600, func() { s.phones[2].Last().Bye() }},
		{3800, func() { s.r.m.Connect(s.r.key(), Dest{ID: 5, URI: "sip:moh@moh", DropOld: true}) }},
		{4400, func() { s.a.Bye() }},
	} {
		at := step.at * time.Millisecond
		if at > until {
			break
		}
		s.r.after(at - time.Since(start))
		step.do()
	}
	s.r.after(until - time.Since(start))
}

// moments are the instants of the scene at which something is on the wire.
func moments(t *testing.T, s siptest.Script) []time.Duration {
	seen := map[time.Duration]bool{}
	var all []time.Duration
	inRig(t, nil, func(r *rig) {
		start := time.Now()
		r.wire(func(siptest.Packet) siptest.Fate {
			at := time.Since(start)
			if !seen[at] {
				seen[at] = true
				all = append(all, at)
			}
			return siptest.Fate{}
		})
		newScene(r, s).play(5 * time.Second)
	})
	return all
}

// TestCrashAtEveryMessage kills the B2BUA at each moment of the scene. After
// it those who talked hear each other, the caller can be connected to somebody
// else, either side may renegotiate and hang up, and no phone is left behind.
func TestCrashAtEveryMessage(t *testing.T) {
	all := moments(t, siptest.Script{})
	t.Logf("%d moments", len(all))
	for _, lost := range []bool{false, true} { // with what is just being sent
		for i, at := range all {
			t.Run(fmt.Sprintf("%v %v", at, lost), func(t *testing.T) {
				inKeptRig(t, func(r *rig) {
					s := newScene(r, siptest.Script{Lenient: lost})
					end := time.Now().Add(at + 500*time.Microsecond)
					r.wire(func(p siptest.Packet) siptest.Fate {
						return siptest.Fate{Drop: lost && time.Until(end) > -time.Millisecond && time.Until(end) < time.Millisecond}
					})
					s.play(at + 500*time.Microsecond)
					s.afterCrash(i)
				})
			})
		}
	}
}

func (s *scene) afterCrash(n int) {
	r, t := s.r, s.r.t
	all := r.restart()
	r.after(40 * time.Second)
	if len(all) == 1 && s.a.State() != siptest.Ended {
		got := all[0]
		switch {
		case got.Over:
			t.Fatal("the call is over, says Restored")
		case got.Answered && s.a.State() != siptest.Confirmed:
			t.Fatalf("the caller is in state %d", s.a.State())
		case got.Peer != 0 && !r.has(PeerGone{ID: got.Peer}):
			s.talking(s.party())
		}
		s.connect(got, n)
	}
	r.quiet()
	for _, p := range s.phones {
		for _, c := range p.Calls() {
			if c.State() != siptest.Ended {
				t.Errorf("a call of %s is in state %d", p.Name(), c.State())
			}
		}
	}
}

// party is the call whose far end the caller hears.
func (s *scene) party() *siptest.Call {
	s.r.t.Helper()
	var found []*siptest.Call
	for _, p := range s.phones[1:] {
		for _, c := range p.Calls() {
			if c.State() != siptest.Ended {
				found = append(found, c)
			}
		}
	}
	if len(found) != 1 {
		s.r.t.Fatalf("%d parties are there, want 1", len(found))
	}
	return found[0]
}

func (s *scene) talking(c *siptest.Call) {
	s.r.t.Helper()
	if s.a.Peer() != c.Local() || c.Peer() != s.a.Local() {
		s.r.t.Errorf("caller hears %s of %s, party hears %s of %s", s.a.Peer(), c.Local(), c.Peer(), s.a.Local())
	}
}

// connect goes on with the call after the restart.
func (s *scene) connect(got Restored, n int) {
	r, t := s.r, s.r.t
	d := Dest{ID: got.Last + 1, URI: "sip:late@late"}
	if n%2 == 0 {
		d.Offer = CallerOffer
	}
	r.m.Connect(got.Key, d)
	r.after(3 * time.Second)
	if !r.has(Connected{ID: d.ID}) {
		t.Fatalf("not connected: %#v", r.got())
	}
	c := s.party()
	s.talking(c)
	for _, who := range []*siptest.Call{s.a, c} {
		if code := <-who.ReInvite(who.Offer()); code != 200 {
			t.Errorf("re-INVITE: %d", code)
		}
		r.after(time.Second)
		s.talking(c)
	}
	if n%3 == 0 {
		c.Bye()
		r.await(PeerGone{ID: d.ID})
		r.m.Terminate(got.Key)
		return
	}
	s.a.Bye()
	r.await(CallerGone{})
}
