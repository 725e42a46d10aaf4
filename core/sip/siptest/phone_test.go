package siptest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

const sec = time.Second

// pair is a network with two phones; bob follows the script.
func pair(t testing.TB, s siptest.Script) (net *siptest.Network, alice, bob *siptest.Phone) {
	net = siptest.NewNetwork(t)
	alice = net.Phone("alice", siptest.Script{})
	return net, alice, net.Phone("bob", s)
}

func wantTrace(t *testing.T, net *siptest.Network, want ...string) {
	t.Helper()
	var have []string
	for _, e := range net.Trace() {
		have = append(have, e.String())
	}
	if h, w := strings.Join(have, "\n"), strings.Join(want, "\n"); h != w {
		t.Errorf("have\n%s\nwant\n%s", h, w)
	}
}

// settle lets what is on its way arrive.
func settle() {
	<-time.After(100 * time.Second)
	synctest.Wait()
}

func TestCallAndBye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{Ring: sec, Answer: 2 * sec})
		call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		in := bob.Incoming()
		if !call.Wait(siptest.Confirmed) || !in.Wait(siptest.Confirmed) {
			t.Fatal("not confirmed")
		}
		if in.Peer() != "alice/1" || call.Peer() != "bob/1" || in.Local() != "bob/1" || call.Code() != 200 {
			t.Errorf("peers %q and %q, code %d", in.Peer(), call.Peer(), call.Code())
		}
		call.Bye()
		in.Wait(siptest.Ended)
		settle()
		wantTrace(t, net, "alice > bob  INVITE 1 (alice/1)", "bob > alice  100 INVITE 1", "bob > alice  180 INVITE 1",
			"bob > alice  200 INVITE 1 (bob/1)", "alice > bob  ACK 1", "alice > bob  BYE 2", "bob > alice  200 BYE 2")
		if n := alice.Layer().Len() + bob.Layer().Len(); n != 0 {
			t.Errorf("%d transactions left", n)
		}
		if at := net.Trace()[3].At; at != 3*sec+time.Millisecond {
			t.Errorf("answered at %v", at)
		}
	})
}

func TestLateOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{Ring: -1})
		call := alice.Call("sip:bob@bob", "")
		in := bob.Incoming()
		in.Wait(siptest.Confirmed)
		if in.Peer() != "alice/1" || call.Peer() != "bob/1" {
			t.Errorf("peers %q and %q", in.Peer(), call.Peer())
		}
		if code := <-call.ReInvite(""); code != 200 {
			t.Errorf("re-INVITE: %d", code)
		}
		if code := <-in.ReInvite(in.Offer()); code != 200 {
			t.Errorf("re-INVITE: %d", code)
		}
		in.Bye()
		call.Wait(siptest.Ended)
		settle()
		wantTrace(t, net, "alice > bob  INVITE 1", "bob > alice  100 INVITE 1", "bob > alice  200 INVITE 1 (bob/1)", "alice > bob  ACK 1 (alice/1)",
			"alice > bob  INVITE 2", "bob > alice  100 INVITE 2", "bob > alice  200 INVITE 2 (bob/2)", "alice > bob  ACK 2 (alice/2)",
			"bob > alice  INVITE 1 (bob/3)", "alice > bob  100 INVITE 1", "alice > bob  200 INVITE 1 (alice/3)", "bob > alice  ACK 1",
			"bob > alice  BYE 2", "alice > bob  200 BYE 2")
	})
}

// The 2xx is sent again until an ACK arrives, and each copy gets its ACK.
func TestLostACK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{})
		acks := 0
		net.Link = func(p siptest.Packet) siptest.Fate {
			if p.Is("ACK") {
				acks++
			}
			return siptest.Fate{Drop: p.Is("ACK") && acks < 3}
		}
		alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		bob.Incoming().Wait(siptest.Confirmed)
		settle()
		if n := net.Count("bob", "alice", "200 INVITE"); n != 3 {
			t.Errorf("%d answers", n)
		}
		if n := net.Count("alice", "", "ACK"); n != 3 {
			t.Errorf("%d ACK", n)
		}
	})
}

func TestHeldACK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := siptest.NewNetwork(t)
		alice := net.Phone("alice", siptest.Script{HoldACK: true})
		bob := net.Phone("bob", siptest.Script{Lenient: true})
		call := alice.Call("sip:bob@bob", "")
		call.Wait(siptest.Answered)
		<-time.After(sec)
		call.ACK(siptest.SDP("carol", 7))
		in := bob.Incoming()
		in.Wait(siptest.Confirmed)
		if in.Peer() != "carol/7" {
			t.Errorf("answer of %q", in.Peer())
		}
		other := alice.Call("sip:bob@bob", "") // never acknowledged
		if !other.Wait(siptest.Ended) || net.Count("bob", "alice", "BYE") != 1 {
			t.Error("no BYE although the ACK did not come")
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		script siptest.Script
		do     func(call *siptest.Call, bob *siptest.Phone)
		code   int
		last   string // message
	}{
		{"busy", siptest.Script{Code: 486}, nil, 486, "alice > bob  ACK 1"},
		{"cancelled", siptest.Script{NeverAnswer: true}, func(c *siptest.Call, _ *siptest.Phone) { c.Wait(siptest.Ringing); c.Cancel() }, 487, "alice > bob  ACK 1"},
		{"cancelled before it rings", siptest.Script{NeverAnswer: true, Ring: 5 * sec}, func(c *siptest.Call, _ *siptest.Phone) { c.Bye() }, 487, "alice > bob  ACK 1"},
		{"by hand", siptest.Script{NeverAnswer: true}, func(_ *siptest.Call, b *siptest.Phone) { b.Incoming().Bye() }, 486, "alice > bob  ACK 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net, alice, bob := pair(t, c.script)
				call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
				if c.do != nil {
					c.do(call, bob)
				}
				if call.Wait(siptest.Confirmed) || call.Code() != c.code {
					t.Errorf("code %d, want %d", call.Code(), c.code)
				}
				settle()
				if bob.Last().State() != siptest.Ended || bob.Last().Code() != c.code {
					t.Errorf("bob: state %d, code %d", bob.Last().State(), bob.Last().Code())
				}
				trace := net.Trace()
				if last := trace[len(trace)-1].String(); last != c.last {
					t.Errorf("last message %s", last)
				}
			})
		})
	}
}

// CANCEL and 200 cross: the caller acknowledges and ends the call.
func TestCancelCrosses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, bob := pair(t, siptest.Script{Answer: sec})
		call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		<-time.After(sec + time.Millisecond + time.Microsecond) // the 200 is on its way
		call.Cancel()
		bob.Incoming().Wait(siptest.Ended)
		settle()
		if net.Count("alice", "bob", "CANCEL") != 1 || net.Count("alice", "bob", "ACK") != 1 || net.Count("alice", "bob", "BYE") != 1 {
			t.Error("want CANCEL, ACK and BYE\n" + net.Ladder())
		}
	})
}

func TestGlare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob := pair(t, siptest.Script{})
		call := alice.Call("sip:bob@bob", siptest.SDP("alice", 1))
		in := bob.Incoming()
		in.Wait(siptest.Confirmed)
		a, b := call.ReInvite(call.Offer()), in.ReInvite("")
		if x, y := <-a, <-b; x != 491 || y != 491 {
			t.Errorf("codes %d and %d", x, y)
		}
		if res := <-call.Request(sip.INFO, nil, ""); res.Code != 200 {
			t.Errorf("INFO: %d", res.Code)
		}
	})
}

func TestTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, alice, _ := pair(t, siptest.Script{Talk: 30 * sec, Early: true, Ring: sec, Answer: sec})
		call := alice.Call("sip:bob@bob;transport=tcp", siptest.SDP("alice", 1))
		call.Wait(siptest.Ended)
		if net.Count("bob", "alice", "BYE") != 1 || net.Count("bob", "alice", "183 INVITE") != 1 {
			t.Error("want 183 and BYE of bob\n" + net.Ladder())
		}
	})
}

// recorder notes what the phones complain about.
type recorder struct {
	testing.TB
	mu    sync.Mutex
	lines []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func TestViolations(t *testing.T) {
	bare := func(method string, seq int, c *siptest.Call, tag string) *sip.Request {
		uri, _ := sip.ParseURI("sip:bob@bob")
		return &sip.Request{Method: method, URI: uri, Headers: sip.Headers{{Name: "From", Value: "<sip:alice@alice>;tag=alice.2"},
			{Name: "To", Value: "<sip:bob@bob>;tag=" + tag}, {Name: "Call-ID", Value: c.ID()}, {Name: "CSeq", Value: fmt.Sprint(seq, " ", method)}}}
	}
	for _, c := range []struct {
		name, offer, want string
		do                func(alice *siptest.Phone, c *siptest.Call, tag string)
	}{
		{"ACK without answer", "", "without the answer", func(a *siptest.Phone, c *siptest.Call, tag string) { a.Send(bare("ACK", 1, c, tag)) }},
		{"ACK with an answer too many", siptest.SDP("alice", 1), "nobody asked", func(a *siptest.Phone, c *siptest.Call, tag string) {
			ack := bare("ACK", 1, c, tag)
			ack.Body = []byte(siptest.SDP("x", 1))
			a.Send(ack)
		}},
		{"ACK of another INVITE", siptest.SDP("alice", 1), "CSeq 9, want 1", func(a *siptest.Phone, c *siptest.Call, tag string) { a.Send(bare("ACK", 9, c, tag)); c.ACK("") }},
		{"CSeq goes back", siptest.SDP("alice", 1), "CSeq 1 after 1", func(a *siptest.Phone, c *siptest.Call, tag string) {
			c.ACK("")
			a.Request(bare("INFO", 1, c, tag), func(*sip.Response) {})
		}},
		{"no ACK", siptest.SDP("alice", 1), "no ACK", func(*siptest.Phone, *siptest.Call, string) {}},
		{"INVITE inside another", siptest.SDP("alice", 1), "before the final response", func(a *siptest.Phone, c *siptest.Call, tag string) {
			c.ACK("")
			a.Request(bare("INVITE", 5, c, tag), func(*sip.Response) {})
			a.Request(bare("INVITE", 6, c, tag), func(*sip.Response) {})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{TB: t}
				net := siptest.NewNetwork(rec)
				alice := net.Phone("alice", siptest.Script{HoldACK: true})
				bob := net.Phone("bob", siptest.Script{ReInviteDelay: sec})
				call := alice.Call("sip:bob@bob", c.offer)
				call.Wait(siptest.Answered)
				c.do(alice, call, tagOf(net, "200 INVITE"))
				settle()
				_ = bob
				if all := strings.Join(rec.lines, "\n"); !strings.Contains(all, c.want) {
					t.Errorf("complaints %q, want one about %q", all, c.want)
				}
			})
		})
	}
}

// tagOf returns the To tag of the first message of a kind.
func tagOf(net *siptest.Network, what string) string {
	for _, e := range net.Trace() {
		if e.What == what {
			_, tag, _ := strings.Cut(e.Raw, "\r\nTo: <sip:bob@bob>;tag=")
			tag, _, _ = strings.Cut(tag, "\r\n")
			return tag
		}
	}
	return ""
}
