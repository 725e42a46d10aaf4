package b2b

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// The rows of the table of races that a B2BUA must survive. Each test is one
// row; the phones themselves fail a test when an answer, an ACK or the order
// of CSeq is wrong.

func TestRaceCancelCrosses200(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		bob := r.phone("bob", siptest.Script{Answer: time.Second})
		// Alice's CANCEL arrives while Bob's 200 is under way.
		r.wire(func(p siptest.Packet) siptest.Fate {
			if p.From == "bob" && p.Is("200 INVITE") {
				return siptest.Fate{Delay: 100 * time.Millisecond}
			}
			return siptest.Fate{}
		})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		b := bob.Incoming()
		b.Wait(siptest.Answered)
		a.Cancel()
		a.Wait(siptest.Ended)
		b.Wait(siptest.Ended)
		r.quiet()
		if a.Code() != 487 {
			t.Errorf("the caller's INVITE ended with %d, want 487", a.Code())
		}
		r.count("pbx", "bob", "BYE", 1)
		if !r.has(CallerGone{Cancelled: true}) || r.terminal() != 1 {
			t.Errorf("events %#v", r.got())
		}
	})
}

func TestRaceCallerByeWhileNewPartyRings(t *testing.T) {
	for _, crosses := range []bool{false, true} {
		inRig(t, nil, func(r *rig) {
			a, music := r.joined(siptest.Script{}, siptest.Script{})
			agent := r.phone("agent", siptest.Script{Answer: 2 * time.Second})
			r.wire(func(p siptest.Packet) siptest.Fate {
				if crosses && p.From == "agent" && p.Is("200 INVITE") {
					return siptest.Fate{Delay: 200 * time.Millisecond}
				}
				return siptest.Fate{}
			})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
			c := agent.Incoming()
			c.Wait(siptest.Ringing)
			if crosses {
				c.Wait(siptest.Answered)
			}
			a.Bye()
			c.Wait(siptest.Ended)
			music.Wait(siptest.Ended)
			r.quiet()
			r.count("pbx", "alice", "200 BYE", 1)
			bye := 0
			if crosses {
				bye = 1
			}
			r.count("pbx", "agent", "BYE", bye)
			if !crosses && c.Code() != 487 {
				t.Errorf("the agent's INVITE ended with %d", c.Code())
			}
			if !r.has(CallerGone{}) || r.terminal() != 1 {
				t.Errorf("events %#v", r.got())
			}
		})
	}
}

func TestRaceCallerByeBeforeReInviteAnswer(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, music := r.joined(siptest.Script{ReInviteDelay: 5 * time.Second}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
		c := agent.Incoming()
		c.Wait(siptest.Answered)
		r.after(time.Second)
		a.Bye()
		c.Wait(siptest.Ended)
		music.Wait(siptest.Ended)
		r.quiet()
		r.count("pbx", "agent", "BYE", 1)
		r.count("pbx", "agent", "ACK", 1)
		if !r.has(CallerGone{}) || r.terminal() != 1 {
			t.Errorf("events %#v", r.got())
		}
	})
}

func TestRaceAgentByeBeforeCallerAnswered(t *testing.T) {
	for _, crosses := range []bool{false, true} {
		inRig(t, nil, func(r *rig) {
			a, music := r.joined(siptest.Script{ReInviteDelay: 2 * time.Second}, siptest.Script{})
			agent := r.phone("agent", siptest.Script{Lenient: true})
			r.wire(func(p siptest.Packet) siptest.Fate {
				if crosses && p.From == "pbx" && p.To == "alice" && p.Is("CANCEL") {
					return siptest.Fate{Delay: 3 * time.Second}
				}
				return siptest.Fate{}
			})
			r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Role: "agent"})
			c := agent.Incoming()
			c.Wait(siptest.Answered)
			r.after(time.Second)
			c.Bye()
			r.await(ConnectFailed{ID: 2, Code: 480})
			r.quiet()
			if music.State() != siptest.Confirmed || a.State() != siptest.Confirmed {
				t.Errorf("the caller has lost his music: caller %d, music %d", a.State(), music.State())
			}
			if crosses && (a.Peer() != music.Local() || music.Peer() != a.Local()) {
				t.Errorf("not joined again: caller hears %s of %s, music hears %s of %s", a.Peer(), music.Local(), music.Peer(), a.Local())
			}
			if r.terminal() != 0 {
				t.Errorf("events %#v", r.got())
			}
			a.Bye()
			music.Wait(siptest.Ended)
		})
	}
}

func TestRaceBothSidesBye(t *testing.T) {
	for _, first := range []string{"caller", "party", "both"} {
		inRig(t, nil, func(r *rig) {
			a, b := r.joined(siptest.Script{}, siptest.Script{})
			if first != "party" {
				a.Bye()
			}
			if first != "caller" {
				b.Bye()
			}
			r.after(2 * time.Millisecond)
			a.Bye()
			b.Bye()
			r.quiet()
			if first == "both" {
				r.count("pbx", "alice", "200 BYE", 1)
				r.count("pbx", "bob", "200 BYE", 1)
			}
			if !r.has(CallerGone{}) || r.terminal() != 1 {
				t.Errorf("%s: events %#v", first, r.got())
			}
		})
	}
}

func TestRaceReInviteWhileOurInvitePends(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, _ := r.joined(siptest.Script{ReInviteDelay: 2 * time.Second}, siptest.Script{})
		r.phone("agent", siptest.Script{})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		r.after(time.Second) // our re-INVITE waits for Alice
		if code := <-a.ReInvite(a.Offer()); code != 491 {
			t.Errorf("re-INVITE into ours: %d, want 491", code)
		}
		r.await(Connected{ID: 2})
		a.Bye()
		r.quiet()
	})
}

func TestRaceSecondReInvite(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{Lenient: true}, siptest.Script{ReInviteDelay: 3 * time.Second})
		a.ReInvite(a.Offer())
		two := a.ReInvite(a.Offer())
		if code := <-two; code != 500 {
			t.Errorf("second re-INVITE: %d, want 500", code)
		}
		if r.header("pbx", "alice", "500 INVITE", "Retry-After") == "" {
			t.Error("500 without Retry-After")
		}
		a.Bye() // in that state: 200 to the BYE, 487 to the INVITE
		b.Wait(siptest.Ended)
		r.quiet()
		r.count("pbx", "alice", "487 INVITE", 1)
		r.count("pbx", "alice", "200 BYE", 1)
	})
}

func TestRaceOurReInviteGets491(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		refuse := true
		once := func(tx sip.ServerRequest) bool {
			req := tx.Request()
			if req.Method == sip.INVITE && req.ToTag() != "" && refuse {
				refuse = false
				_ = tx.Respond(sip.NewResponse(req, 491, "", ""))
				return true
			}
			return false
		}
		a, _ := r.joined(siptest.Script{OnRequest: once, Lenient: true}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		start := time.Now()
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		c := agent.Incoming()
		r.await(Connected{ID: 2})
		if d := time.Since(start); d > 2100*time.Millisecond {
			t.Errorf("retried after %v; the caller owns the Call-ID: want at most 2 s", d)
		}
		r.after(10 * time.Millisecond) // the ACKs arrive
		if c.Peer() != a.Local() || a.Peer() != c.Local() {
			t.Errorf("caller hears %s of %s; agent hears %s of %s", a.Peer(), c.Local(), c.Peer(), a.Local())
		}
		r.count("pbx", "alice", "INVITE", 2)
		a.Bye()
		r.quiet()
	})
}

// TestRaceOurReInviteGets491AsOwner has the last re-INVITE of a CallerOffer
// refused: we own that Call-ID.
func TestRaceOurReInviteGets491AsOwner(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		refuse := true
		once := func(tx sip.ServerRequest) bool {
			req := tx.Request()
			if req.Method == sip.INVITE && req.ToTag() != "" && refuse {
				refuse = false
				_ = tx.Respond(sip.NewResponse(req, 491, "", ""))
				return true
			}
			return false
		}
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{OnRequest: once, Lenient: true})
		start := time.Now()
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent", Offer: CallerOffer})
		c := agent.Incoming()
		r.await(Connected{ID: 2})
		if d := time.Since(start); d < 2100*time.Millisecond || d > 4100*time.Millisecond {
			t.Errorf("retried after %v, want 2.1 to 4 s", d)
		}
		r.after(10 * time.Millisecond) // the ACKs arrive
		if c.Peer() != a.Local() || a.Peer() != c.Local() {
			t.Errorf("caller hears %s of %s; agent hears %s of %s", a.Peer(), c.Local(), c.Peer(), a.Local())
		}
		a.Bye()
		r.quiet()
	})
}

func TestRace2xxRetransmissionAfterACK(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		lost := 0
		r.wire(func(p siptest.Packet) siptest.Fate {
			if p.From == "pbx" && p.To == "agent" && p.Is("ACK") && lost < 2 {
				lost++
				return siptest.Fate{Drop: true}
			}
			return siptest.Fate{}
		})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		c := agent.Incoming()
		r.await(Connected{ID: 2})
		c.Wait(siptest.Confirmed)
		r.count("pbx", "agent", "ACK", 3)
		if c.Peer() != a.Local() {
			t.Errorf("the ACK that came carries %s, want %s", c.Peer(), a.Local())
		}
		a.Bye()
		r.quiet()
	})
}

func TestRaceLate2xxFromAnotherFork(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		var fork sip.ServerRequest
		var forked *sip.Response
		byes := 0
		bob := r.phone("bob", siptest.Script{OnRequest: func(tx sip.ServerRequest) bool {
			req := tx.Request()
			switch {
			case req.Method == sip.INVITE && req.ToTag() == "":
				fork = tx
			case req.ToTag() == "other":
				if req.Method == sip.BYE {
					byes++
					_ = tx.Respond(sip.NewResponse(req, 200, "", ""))
				}
				return true
			}
			return false
		}})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		b := bob.Incoming()
		a.Wait(siptest.Confirmed)
		forked = sip.NewResponse(fork.Request(), 200, "", "other")
		forked.Headers.Add("Contact", "<sip:other@bob>")
		setSDP(&forked.Headers, &forked.Body, siptest.SDP("other", 1))
		for range 2 { // the second is a retransmission
			wire := *forked
			raw := sip.Response{Code: wire.Code, Reason: wire.Reason, Headers: wire.Headers.Clone(), Body: wire.Body}
			leg := r.m.session(r.key()).legs[1]
			leg.s.box.Post(func() { leg.response(leg.client, &raw) })
			r.after(time.Second)
		}
		if byes != 1 {
			t.Errorf("the other fork got %d BYE, want 1", byes)
		}
		r.count("pbx", "bob", "ACK", 3) // one of Bob's, two of the fork's
		if b.State() != siptest.Confirmed {
			t.Error("the first dialog did not survive")
		}
		a.Bye()
		r.quiet()
	})
}

func TestRaceRequestInUnconfirmedDialog(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice := r.phone("alice", siptest.Script{})
		var got *sip.Response
		bob := r.phone("bob", siptest.Script{Answer: 5 * time.Second, Lenient: true})
		a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		b := bob.Incoming()
		b.Wait(siptest.Ringing)
		got = <-b.Request(sip.INFO, nil, "")
		if got.Code != 481 {
			t.Errorf("INFO in an early dialog: %d, want 481", got.Code)
		}
		a.Wait(siptest.Confirmed)
		a.Bye()
		r.quiet()
	})
}

func TestRaceDestroyWhileBridgeRuns(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, b := r.joined(siptest.Script{ReInviteDelay: 3 * time.Second, Lenient: true}, siptest.Script{})
		agent := r.phone("agent", siptest.Script{})
		r.m.Connect(r.key(), Dest{ID: 2, URI: "sip:agent@agent"})
		c := agent.Incoming()
		c.Wait(siptest.Answered)
		r.after(time.Second)
		r.m.Terminate(r.key())
		r.m.Connect(r.key(), Dest{ID: 3, URI: "sip:agent@agent"}) // late: for a dead call
		for _, call := range []*siptest.Call{a, b, c} {
			call.Wait(siptest.Ended)
		}
		r.after(time.Second)
		if code := (<-b.Request(sip.INFO, nil, "")).Code; code != 481 {
			t.Errorf("INFO after the end: %d, want 481", code)
		}
		if code := (<-b.Request(sip.BYE, nil, "")).Code; code != 200 {
			t.Errorf("BYE after the end: %d, want 200", code)
		}
		r.quiet()
		if code := (<-b.Request(sip.INFO, nil, "")).Code; code != 481 {
			t.Errorf("INFO long after the end: %d, want 481", code)
		}
		if n := r.terminal(); n != 0 {
			t.Errorf("%d last events after Terminate, want none", n)
		}
		r.count("pbx", "agent", "INVITE", 1)
	})
}
