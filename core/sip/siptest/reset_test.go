package siptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestReset: a phone that lost its power knows no call and says nothing of it.
func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{})
		call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		in := bob.Incoming()
		in.Wait(siptest.Confirmed)
		sent := net.Count("bob", "", "")
		bob.Reset()
		if in.State() != siptest.Ended || len(bob.Calls()) != 0 || net.Count("bob", "", "") != sent {
			t.Errorf("state %d, %d calls", in.State(), len(bob.Calls()))
		}
		if res := <-call.Request(sip.OPTIONS, nil, ""); res.Code != 481 {
			t.Errorf("OPTIONS is answered %d", res.Code)
		}
		settle()
	})
}

// TestForget: a phone that is to forget keeps nothing of what ended, and the
// network no message.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := siptest.NewNetwork(t)
		net.NoTrace = true
		alice := net.Phone("alice", siptest.Script{Forget: true})
		var from string
		bob := net.Phone("bob", siptest.Script{Forget: true, OnCall: func(_ *siptest.Call, invite *sip.Request) {
			from = invite.Headers.Get("From")
		}})
		for range 3 {
			call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
			call.Wait(siptest.Confirmed)
			call.Bye()
		}
		time.Sleep(30 * time.Second)
		if len(alice.Calls()) != 3 || len(bob.Calls()) != 3 || from == "" {
			t.Errorf("%d and %d calls are known, the last from %q", len(alice.Calls()), len(bob.Calls()), from)
		}
		settle()
		if len(alice.Calls())+len(bob.Calls()) != 0 || len(net.Trace()) != 0 {
			t.Errorf("%d and %d calls, %d messages are left", len(alice.Calls()), len(bob.Calls()), len(net.Trace()))
		}
	})
}
