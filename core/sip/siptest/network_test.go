package siptest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

func TestDeadAndUnknown(t *testing.T) {
	for _, c := range []struct {
		name, uri string
		fate      siptest.Fate
		code      int
	}{
		{"unknown", "sip:x@nowhere", siptest.Fate{}, 503},
		{"refused", "sip:bob@bob", siptest.Fate{Refuse: true}, 503},
		{"silent", "sip:bob@bob", siptest.Fate{Drop: true}, 408},
		{"no such transport", "sip:bob@bob;transport=ws", siptest.Fate{}, 503},
		{"no SIP", "tel:+1", siptest.Fate{}, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net, alice, _ := pair(t, siptest.Script{})
				net.Link = func(siptest.Packet) siptest.Fate { return c.fate }
				call := alice.Call(c.uri, siptest.SDP("alice", 1))
				if call.Wait(siptest.Answered) || call.Code() != c.code {
					t.Errorf("code %d, want %d", call.Code(), c.code)
				}
			})
		})
	}
}

// A host with several endpoints behaves as one with SRV records.
func TestAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{})
		net.Phone("down", siptest.Script{Code: 503})
		net.Alias("example.com", "down", "bob")
		if !alice.Call("sip:bob@example.com", siptest.SDP("alice", 1)).Wait(siptest.Confirmed) {
			t.Error("no failover")
		}
		bob.Incoming()
	})
}

// TestLossy makes calls over a bad network, with several seeds: each of them
// comes about and ends, as retransmission promises.
func TestLossy(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			net, alice, bob := pair(t, siptest.Script{Ring: sec, Answer: sec})
			net.Link = siptest.Lossy(seed, 0.2, 0.2, 50*time.Millisecond)
			for range 5 {
				call := alice.Call("sip:bob@bob", "")
				in := bob.Incoming()
				if !call.Wait(siptest.Confirmed) || !in.Wait(siptest.Confirmed) {
					t.Fatalf("seed %d: no call", seed)
				}
				if in.Peer() == "" || in.Peer() != call.Local() {
					t.Errorf("seed %d: bob has %s, alice says %s", seed, in.Peer(), call.Local())
				}
				call.Bye()
				if !in.Wait(siptest.Ended) {
					t.Fatalf("seed %d: no end", seed)
				}
			}
			settle()
			if n := alice.Layer().Len() + bob.Layer().Len(); n != 0 {
				t.Errorf("seed %d: %d transactions left", seed, n)
			}
		})
	}
}

// The same run has the same trace, to the last branch.
func TestDeterministic(t *testing.T) {
	run := func() (all string) {
		synctest.Test(t, func(t *testing.T) {
			net, alice, bob := pair(t, siptest.Script{})
			net.Link = siptest.Lossy(7, 0.3, 0.3, 30*time.Millisecond)
			for range 3 {
				alice.Call("sip:bob@bob", "").Wait(siptest.Confirmed)
				settle() // the test must not act in the instant of a message
				bob.Incoming().Bye()
				settle()
			}
			settle()
			for _, e := range net.Trace() {
				all += e.At.String() + e.Raw
			}
		})
		return all
	}
	if run() != run() {
		t.Error("two runs differ")
	}
}

// Messages arrive in the order of sending when nothing delays one.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := siptest.NewNetwork(t)
		var got strings.Builder
		net.Endpoint("b:5070", func(r sip.ServerRequest) {
			got.WriteString(r.Request().Headers.Get("Subject"))
		})
		a := net.Endpoint("a", nil)
		uri, _ := sip.ParseURI("sip:b:5070")
		var want strings.Builder
		for i := range 100 {
			letter := string(rune('a' + i%26))
			want.WriteString(letter)
			a.Send(&sip.Request{Method: "ACK", URI: uri, Headers: sip.Headers{{Name: "From", Value: "<sip:a@a>;tag=1"},
				{Name: "To", Value: "<sip:b@b>;tag=2"}, {Name: "Call-ID", Value: "x"}, {Name: "CSeq", Value: "1 ACK"}, {Name: "Subject", Value: letter}}})
		}
		settle()
		if got.String() != want.String() {
			t.Errorf("order %s", got.String())
		}
	})
}

// A bad message fails the test of its sender.
func TestStrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{TB: t}
		net := siptest.NewNetwork(rec)
		a := net.Endpoint("a", nil)
		uri, _ := sip.ParseURI("sip:a")
		a.Send(&sip.Request{Method: "ACK", URI: uri})
		if len(rec.lines) != 1 || !strings.Contains(rec.lines[0], "no From") {
			t.Errorf("complaints %q", rec.lines)
		}
	})
}

func TestSocketsAndLadder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{})
		tcp, _ := sip.ParseURI("sip:x@bob;transport=TCP")
		ws, _ := sip.ParseURI("sip:x@bob;transport=ws")
		plain, _ := sip.ParseURI("sip:x@bob")
		udpSock, tcpSock := alice.Sockets()[0], alice.Sockets()[1]
		if s, err := alice.SocketFor(tcp, udpSock); s != tcpSock || err != nil {
			t.Error(s, err)
		}
		if s, err := alice.SocketFor(plain, tcpSock); s != tcpSock || err != nil {
			t.Error(s, err)
		}
		if s, err := alice.SocketFor(plain, nil); s != udpSock || err != nil {
			t.Error(s, err)
		}
		if s, err := alice.SocketFor(ws, nil); s != nil || err == nil {
			t.Error(s, err)
		}
		alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		bob.Incoming().Wait(siptest.Confirmed)
		for _, want := range []string{"alice                     bob", "0.000s |INVITE 1 (alice/1)-----", "0.001s |<200 INVITE 1 (bob/1)---|"} {
			if !strings.Contains(net.Ladder(), want) {
				t.Errorf("no %q in\n%s", want, net.Ladder())
			}
		}
	})
}
