package player

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, user, sdp string
		extra           sip.Headers
		code            int
	}{
		{"unknown sound", "nothing;player", talking, nil, 404},
		{"unknown sound by prefix", "player-nothing", talking, nil, 404},
		{"a marked user is taken whole", "player-moh;player", talking, nil, 404},
		{"not the player's", "moh", talking, nil, 501},
		{"no common codec", "moh;player", desc("m=audio 5000 RTP/AVP 18"), nil, 488},
		{"RTP to a multicast address", "moh;player", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 224.0.0.1"), nil, 488},
		{"RTP to a broadcast address", "moh;player", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 255.255.255.255"), nil, 488},
		{"garbage", "moh;player", "garbage", nil, 488},
		{"an extension is required", "moh;player", talking, sip.Headers{{Name: "Require", Value: "100rel"}}, 420},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, r *rig) {
				call := r.net.Phone("alice", siptest.Script{Lenient: true}).CallWith(r.uri(c.user), c.sdp, c.extra)
				if call.Wait(siptest.Answered) || call.Code() != c.code {
					t.Errorf("answered %d, want %d", call.Code(), c.code)
				}
			})
		})
	}
}

func TestMaxCalls(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		alice := r.net.Phone("alice", siptest.Script{})
		first := alice.Call(r.uri("moh;player"), talking)
		first.Wait(siptest.Confirmed)
		second := alice.Call(r.uri("moh;player"), talking)
		if second.Wait(siptest.Answered) || second.Code() != 486 {
			t.Errorf("the second call got %d, want 486", second.Code())
		}
		first.Bye()
		r.after(time.Second)
		if third := alice.Call(r.uri("moh;player"), talking); !third.Wait(siptest.Confirmed) {
			t.Errorf("after the first has ended: %d", third.Code())
		}
	}, func(c *config) { c.maxCalls = 1 })
}

// A change that cannot be met leaves the session as it was.
func TestReInviteRefused(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		if code := <-call.ReInvite(desc("m=audio 5000 RTP/AVP 18")); code != 488 {
			t.Errorf("answered %d, want 488", code)
		}
		r.after(time.Second)
		r.want("all the same", 50)
	})
}

// One offer at a time: while ours waits for its answer, the peer's must wait.
func TestGlare(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{HoldACK: true, Lenient: true}).Call(r.uri("moh;player"), "")
		call.Wait(siptest.Answered)
		res := <-call.Request(sip.UPDATE, sip.Headers{{Name: "Content-Type", Value: "application/sdp"}}, talking)
		if res.Code != 491 {
			t.Errorf("UPDATE answered %d, want 491", res.Code)
		}
		if res := <-call.Request(sip.UPDATE, nil, ""); res.Code != 200 {
			t.Errorf("UPDATE without an offer answered %d, want 200", res.Code)
		}
	})
}

// A re-INVITE shows that the 2xx has come even when its ACK has not.
func TestReInviteInsteadOfACK(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{HoldACK: true, Lenient: true}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Answered)
		if code := <-call.ReInvite(talking); code != 200 {
			t.Fatalf("answered %d", code)
		}
		call.ACK("")
		r.after(time.Minute)
		r.wantCount("alice", "200 INVITE", 2)
		r.wantCount("alice", "BYE", 0)
	})
}

func TestRequestsInside(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		for _, c := range []struct {
			method  string
			headers sip.Headers
			body    string
			code    int
		}{
			{sip.OPTIONS, nil, "", 200},
			{sip.UPDATE, nil, "", 200},
			{sip.INFO, nil, "", 405},
			{sip.UPDATE, sip.Headers{{Name: "Content-Type", Value: "text/plain"}}, "hi", 415},
			{sip.UPDATE, sip.Headers{{Name: "Require", Value: "x"}}, "", 420},
			{sip.UPDATE, sip.Headers{{Name: "Content-Type", Value: "application/sdp"}}, "hi", 488},
			{sip.BYE, nil, "", 200},
			{sip.OPTIONS, nil, "", 481},
		} {
			res := <-call.Request(c.method, c.headers, c.body)
			if res.Code != c.code {
				t.Errorf("%s answered %d, want %d", c.method, res.Code, c.code)
			}
			if c.code == 405 && res.Headers.Get("Allow") != allow {
				t.Errorf("405 with Allow %q", res.Headers.Get("Allow"))
			}
		}
	})
}

// Outside of a dialog only INVITE and OPTIONS make sense.
func TestRequestsOutside(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		alice := r.net.Phone("alice", siptest.Script{})
		for _, c := range []struct {
			method, user, tag string
			code              int
		}{
			{sip.OPTIONS, "moh;player", "", 200},
			{sip.OPTIONS, "nothing;player", "", 404},
			{sip.BYE, "moh;player", "", 481},
			{sip.BYE, "moh;player", ";tag=x", 481},
			{sip.MESSAGE, "moh;player", "", 405},
			{sip.INVITE, "moh;player", "", 400}, // it has no Contact
			{sip.OPTIONS, "moh", "", 501},
		} {
			uri, err := sip.ParseURI(r.uri(c.user))
			if err != nil {
				t.Fatal(err)
			}
			req := &sip.Request{Method: c.method, URI: uri}
			req.Headers.Add("From", "<sip:alice@alice>;tag=1")
			req.Headers.Add("To", "<"+uri.String()+">"+c.tag)
			req.Headers.Add("Call-ID", "outside-"+c.method+c.user+c.tag)
			req.Headers.Add("CSeq", "1 "+c.method)
			got := make(chan int, 1)
			alice.Request(req, func(res *sip.Response) { got <- res.Code })
			if code := <-got; code != c.code {
				t.Errorf("%s %s answered %d, want %d", c.method, c.user, code, c.code)
			}
		}
	})
}

// Requests that only pass through are the script's.
func TestAddressed(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		for text, want := range map[string]bool{
			"sip:moh@10.9.9.9;player":      true,
			"sip:moh@10.9.9.9:5060;player": true,
			"sip:player-moh@10.9.9.9":      true,
			"sip:moh@10.9.9.9":             false,
			"sip:moh@10.9.9.9:5080;player": false,
			"sip:moh@elsewhere;player":     false,
			"sip:player-moh@elsewhere":     false,
			"sip:10.9.9.9;player":          false,
			"tel:123":                      false,
		} {
			uri, err := sip.ParseURI(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.m.uas.addressed(uri); got != want {
				t.Errorf("%s: %v, want %v", text, got, want)
			}
		}
		r.m.conf.prefix = ""
		if uri, _ := sip.ParseURI("sip:moh@10.9.9.9"); r.m.uas.addressed(uri) {
			t.Error("an empty prefix takes every user")
		}
	})
}

// The server stops: calls get BYE, new ones 503.
func TestStop(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		alice := r.net.Phone("alice", siptest.Script{})
		call := alice.Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		slow := alice.Call(r.uri("moh;player"), talking)
		slow.Wait(siptest.Confirmed)
		done, began := make(chan error, 1), time.Now()
		go func() { done <- r.m.Stop(context.Background()) }()
		synctest.Wait()
		if late := alice.Call(r.uri("moh;player"), talking); late.Wait(siptest.Answered) || late.Code() == 200 {
			t.Errorf("a new call got %d", late.Code())
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.wantCount("alice", "BYE", 2)
		if took := time.Since(began); took > time.Second {
			t.Errorf("Stop took %v", took)
		}
	})
}

// A peer that never answers the BYE must not hold the server up.
func TestStopGivesUp(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		call := r.net.Phone("alice", siptest.Script{HoldBye: true, OnRequest: func(tx sip.ServerRequest) bool {
			return tx.Request().Method == sip.BYE
		}}).Call(r.uri("moh;player"), talking)
		call.Wait(siptest.Confirmed)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := r.m.Stop(ctx); err == nil {
			t.Error("Stop says nothing about the call that is left")
		}
	})
}

// Half the messages are lost or come twice: every call must still end, and
// nothing be left of it.
func TestLossyNetwork(t *testing.T) {
	for seed := range uint64(20) {
		inTime(t, func(t *testing.T, r *rig) {
			r.net.Quiet = true
			r.net.Link = siptest.Lossy(seed, 0.3, 0.2, 300*time.Millisecond)
			alice := r.net.Phone("alice", siptest.Script{Lenient: true})
			for i := range 10 {
				sdp := talking
				if i%2 == 0 {
					sdp = ""
				}
				alice.Call(r.uri("welcome;player"), sdp)
				r.after(700 * time.Millisecond)
			}
			r.after(3 * time.Minute)
			if n := r.stat("calls"); n != 0 {
				t.Errorf("seed %d: %d calls are left", seed, n)
			}
		})
	}
}

// cancelledTx is an INVITE that the transaction has answered 487 by itself.
type cancelledTx struct{ req *sip.Request }

func (c cancelledTx) Request() *sip.Request       { return c.req }
func (c cancelledTx) Respond(*sip.Response) error { return sip.ErrFinal }
func (c cancelledTx) OnCancel(func(*sip.Request)) {}

func TestCancelledBeforeTheAnswer(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		uri, _ := sip.ParseURI(r.uri("moh;player"))
		req := &sip.Request{Method: sip.INVITE, URI: uri, Socket: r.host.ep.Sockets()[0], Body: []byte(talking)}
		for _, h := range strings.Split("Call-ID: 1|From: <sip:a@b>;tag=1|To: <sip:c@d>|CSeq: 1 INVITE|Contact: <sip:a@b>|Content-Type: application/sdp", "|") {
			name, value, _ := strings.Cut(h, ": ")
			req.Headers.Add(name, value)
		}
		if !r.m.uas.claim(cancelledTx{req}) {
			t.Fatal("not claimed")
		}
		r.after(time.Second)
		if n := r.stat("calls"); n != 0 {
			t.Errorf("%d calls after a second", n)
		}
		r.after(time.Minute)
		if n := r.stat("calls"); n != 0 || len(r.net.Trace()) != 0 {
			t.Errorf("%d calls are left, %d messages were sent", n, len(r.net.Trace()))
		}
	})
}
