package b2b

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestLife is the plain life of a call: a welcome message that hangs up, music
// on hold, an agent.
func TestLife(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		r.phone("welcome", siptest.Script{Talk: 5 * time.Second})
		moh := r.phone("moh", siptest.Script{})
		agent := r.phone("agent", siptest.Script{Answer: 4 * time.Second})
		r.on(func(e Event) {
			if e, ok := e.(PeerGone); ok && e.ID == 1 {
				r.m.Connect(e.Key, Dest{ID: 2, URI: "sip:moh@moh", Role: "media", State: "queued"})
			}
		})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:9999@welcome", Role: "media", State: "welcome"})
		r.await(PeerGone{ID: 1})
		r.await(Connected{ID: 2})
		music := moh.Last()
		r.m.Connect(r.key(), Dest{ID: 3, URI: "sip:agent@agent", Role: "agent", State: "toagent", Display: `"Support Alice"`})
		c := agent.Incoming()
		r.await(Ringing{ID: 3, Code: 180})
		if music.State() != siptest.Confirmed || a.Peer() != music.Local() {
			t.Error("the caller lost the music while the agent rings")
		}
		r.await(Connected{ID: 3})
		c.Wait(siptest.Confirmed)
		music.Wait(siptest.Ended)
		if a.Peer() != c.Local() || c.Peer() != a.Local() {
			t.Errorf("caller hears %s of %s, agent hears %s of %s", a.Peer(), c.Local(), c.Peer(), a.Local())
		}
		if from := r.header("pbx", "agent", "INVITE", "From"); !strings.HasPrefix(from, `"Support Alice" <sip:alice@alice>;tag=`) {
			t.Errorf("From towards the agent: %s", from)
		}
		if to := r.header("pbx", "agent", "INVITE", "To"); to != "<sip:agent@agent>" {
			t.Errorf("To towards the agent: %s", to)
		}
		c.Bye()
		r.await(PeerGone{ID: 3})
		r.m.Terminate(r.key())
		a.Wait(siptest.Ended)
		r.quiet()
	})
}

func TestCallerOffer(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, music := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Offer: CallerOffer})
		c := agent.Incoming()
		r.await(Connected{ID: 2})
		r.after(10 * time.Millisecond)
		if a.Peer() != c.Local() || c.Peer() != a.Local() || music.State() != siptest.Ended {
			t.Errorf("caller hears %s of %s, agent hears %s of %s", a.Peer(), c.Local(), c.Peer(), a.Local())
		}
		a.Bye()
		r.quiet()
	})
}

// TestLateCaller has a caller without an offer: his answer comes in the ACK.
func TestLateCaller(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice, bob := r.phone("alice", siptest.Script{}), r.phone("bob", siptest.Script{})
		a := alice.Call("sip:hotline@pbx", "")
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		b := bob.Incoming()
		r.await(Connected{ID: 1})
		b.Wait(siptest.Confirmed)
		if a.Peer() != b.Local() || b.Peer() != a.Local() {
			t.Errorf("caller hears %s of %s, party hears %s of %s", a.Peer(), b.Local(), b.Peer(), a.Local())
		}
		a.Bye()
		r.quiet()
	})
}

// TestAnnounce has the agent hear an announcement before the caller; in the
// second round the announcement is refused.
func TestAnnounce(t *testing.T) {
	for _, code := range []int{200, 404} {
		inRig(t, nil, func(r *rig) {
			a, music := r.joined(siptest.Script{}, siptest.Script{})
			agent := r.phone("agent", siptest.Script{})
			says := r.phone("says", siptest.Script{Talk: 3 * time.Second, Code: code})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent", Announce: "sip:support@says"})
			c := agent.Incoming()
			if code == 200 {
				r.await(Announcing{ID: 2})
				r.after(time.Second)
				if n := says.Last(); c.Peer() != n.Local() || n.Peer() != c.Local() || a.Peer() != music.Local() {
					t.Errorf("agent hears %s, announcement %s, caller %s", c.Peer(), n.Peer(), a.Peer())
				}
				if from := r.header("pbx", "says", "INVITE", "From"); !strings.HasPrefix(from, "<sip:agent@agent>") {
					t.Errorf("From towards the announcement: %s", from)
				}
			}
			r.await(AnnounceDone{ID: 2})
			r.await(Connected{ID: 2})
			r.after(10 * time.Millisecond)
			if a.Peer() != c.Local() || c.Peer() != a.Local() || music.State() != siptest.Ended {
				t.Errorf("caller hears %s of %s, agent hears %s of %s", a.Peer(), c.Local(), c.Peer(), a.Local())
			}
			a.Bye()
			r.quiet()
		})
	}
}

// TestRingTimeout, and with it the CANCEL of a party that rings for ever.
func TestRingTimeout(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, music := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{NeverAnswer: true})
		start := time.Now()
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", RingTimeout: 20 * time.Second})
		r.await(ConnectFailed{ID: 2, Code: 408})
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("after %v", d)
		}
		agent.Last().Wait(siptest.Ended)
		if agent.Last().Code() != 487 || music.State() != siptest.Confirmed {
			t.Error("the agent was not cancelled, or the music stopped")
		}
		a.Bye()
		r.quiet()
	})
}

// TestFails are parties that cannot be connected while the caller is
// unanswered: he stays so, and the next one gets his offer.
func TestFails(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		r.phone("busy", siptest.Script{Code: 486, Early: true})
		bob := r.phone("bob", siptest.Script{})
		uris := []string{"sip:x@busy", "sip:x@nowhere", "tel:123", "sip:b@bob"}
		next := func(k Key, i int) { r.m.Connect(k, Dest{ID: i + 1, URI: uris[i]}) }
		r.on(func(e Event) {
			if e, ok := e.(ConnectFailed); ok {
				next(e.Key, e.ID)
			}
		})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		next(r.key(), 0)
		r.await(ConnectFailed{ID: 1, Code: 486})
		r.await(ConnectFailed{ID: 2, Code: 503})
		r.await(ConnectFailed{ID: 3, Code: 503})
		r.await(Connected{ID: 4})
		a.Wait(siptest.Confirmed)
		if bob.Last().Peer() != "alice/1" {
			t.Errorf("the last party was offered %s", bob.Last().Peer())
		}
		tag := regexp.MustCompile(`tag=(\S+)`)
		early := tag.FindString(r.header("pbx", "alice", "183 INVITE", "To"))
		final := tag.FindString(r.header("pbx", "alice", "200 INVITE", "To"))
		if early == final {
			t.Error("the answer has the tag of the early media of the party that failed")
		}
		a.Bye()
		r.quiet()
	})
}

func TestReply(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a := r.phone("alice", siptest.Script{}).Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Reply(r.key(), 182, "Queued")
		a.Wait(siptest.Ringing)
		r.m.Reply(r.key(), 503, "Full")
		a.Wait(siptest.Ended)
		if a.Code() != 503 || len(r.got()) != 0 {
			t.Errorf("code %d, events %#v", a.Code(), r.got())
		}
		r.quiet()
	})
}

// TestInitTimeout: nobody connects the caller.
func TestInitTimeout(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a := r.phone("alice", siptest.Script{}).Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		a.Wait(siptest.Ended)
		if a.Code() != 408 || !r.has(Ended{Code: 408}) {
			t.Errorf("code %d, events %#v", a.Code(), r.got())
		}
		r.quiet()
	})
}

// TestNoACK: the caller never acknowledges his 200.
func TestNoACK(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{HoldACK: true})
		bob := r.phone("bob", siptest.Script{})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		r.await(Ended{Code: 408})
		bob.Last().Wait(siptest.Ended)
		a.Wait(siptest.Ended)
		// 0, 0.5, 1.5, 3.5, 7.5, then every 4 s until 32 s.
		r.count("pbx", "alice", "200 INVITE", 11)
		r.count("pbx", "alice", "BYE", 1)
		r.quiet()
	})
}

// TestCrash: a fault ends its own session and no other.
func TestCrash(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		first := r.key()
		carol := r.phone("carol", siptest.Script{})
		c := carol.Call("sip:hotline@pbx", siptest.SDP("carol", 1))
		r.after(10 * time.Millisecond)
		r.m.post(first, func(*session) { panic("test") })
		r.await(Ended{Code: 500})
		a.Wait(siptest.Ended)
		b.Wait(siptest.Ended)
		if c.State() == siptest.Ended {
			t.Error("the other session ended too")
		}
		r.m.Reply(r.key(), 480, "")
		c.Wait(siptest.Ended)
		r.quiet()
		if r.terminal() != 1 {
			t.Errorf("events %#v", r.got())
		}
	})
}

// TestStop ends the calls of a server that stops, at once.
func TestStop(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		r.on(func(e Event) { t.Errorf("an event at the stop: %#v", e) })
		start := time.Now()
		if err := r.m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("stopping took %v", d)
		}
		a.Wait(siptest.Ended)
		b.Wait(siptest.Ended)
	})
}

// TestRelease gives the request back, and a CANCEL that came before Open is
// not lost.
func TestRelease(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		msgs := make(chan *core.Msg, 1)
		r.accept = func(m *core.Msg) { msgs <- m }
		alice := r.phone("alice", siptest.Script{})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		msg := <-msgs
		k, err := r.m.NewSession(msg, SessionOptions{Observer: r.observe})
		if err != nil || !regexp.MustCompile(`^\d+\.\d+$`).MatchString(string(k)) {
			t.Fatalf("NewSession: %q, %v", k, err)
		}
		if _, err := r.m.NewSession(msg, SessionOptions{}); !errors.Is(err, core.ErrOwned) {
			t.Errorf("a second session for the request: %v", err)
		}
		r.m.Release(k)
		r.m.Connect(k, Dest{ID: 1, URI: "sip:x@y"})
		if err := msg.Reply(486, ""); err != nil {
			t.Errorf("the script's reply: %v", err)
		}
		a.Wait(siptest.Ended)

		a = alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		k, err = r.m.NewSession(<-msgs, SessionOptions{Observer: r.observe})
		if err != nil {
			t.Fatal(err)
		}
		a.Cancel()
		r.after(time.Second)
		r.m.Open(k)
		a.Wait(siptest.Ended)
		r.quiet()
		if !r.has(CallerGone{Cancelled: true}) && a.Code() != 487 {
			t.Errorf("code %d, events %#v", a.Code(), r.got())
		}
	})
}

// The number of sessions is bounded; a refused request stays the script's.
func TestMaxSessions(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		r.m.params.maxSessions = 1
		msgs := make(chan *core.Msg, 2)
		r.accept = func(m *core.Msg) { msgs <- m }
		alice := r.phone("alice", siptest.Script{})
		first, second := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1)), alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		one, two := <-msgs, <-msgs
		k, err := r.m.NewSession(one, SessionOptions{Observer: r.observe})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.m.NewSession(two, SessionOptions{}); !errors.Is(err, ErrFull) {
			t.Errorf("a second session: %v, want ErrFull", err)
		}
		if err := two.Reply(503, ""); err != nil {
			t.Errorf("the script's reply: %v", err)
		}
		r.m.Release(k)
		if err := one.Reply(486, ""); err != nil {
			t.Errorf("the script's reply: %v", err)
		}
		first.Wait(siptest.Ended)
		second.Wait(siptest.Ended)
	})
}

func TestMI(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{}, siptest.Script{})
		out, err := r.m.list(nil)
		if err != nil {
			t.Fatal(err)
		}
		views := out.(map[string]any)["Sessions"].([]*view)
		if len(views) != 1 || views[0].Key != r.key() || len(views[0].Legs) != 2 || views[0].Status != "active" || views[0].State != "welcome" {
			t.Errorf("list: %+v", views)
		}
		if _, err := r.m.terminateCall(mi.Params{"key": string(r.key())}); err != nil {
			t.Error(err)
		}
		a.Wait(siptest.Ended)
		b.Wait(siptest.Ended)
		r.await(Ended{Code: 480})
		r.quiet()
		var got *mi.Error
		if _, err := r.m.terminateCall(mi.Params{"key": string(r.key())}); !errors.As(err, &got) || got.Code != 404 {
			t.Errorf("terminating it again: %v", err)
		}
	})
}
