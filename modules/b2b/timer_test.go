package b2b

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// headers reads "Name: value" items separated by "|".
func headers(text string) (h sip.Headers) {
	for item := range strings.SplitSeq(text, "|") {
		if name, value, ok := strings.Cut(item, ":"); ok {
			h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return h
}

// told is what a message of ours says of the timer.
func told(h sip.Headers) string {
	return strings.TrimSpace(fmt.Sprintf("%s min=%s require=%s", h.Get("Session-Expires"), h.Get("Min-SE"), h.Get("Require")))
}

// TestTimerAsServer is RFC 4028 section 9, with its table 2.
func TestTimerAsServer(t *testing.T) {
	usual := timerRules{want: 1800, min: 90}
	tests := []struct {
		name    string
		rules   timerRules
		before  sessionTimer
		request string
		want    string
	}{
		{"nothing known", usual, sessionTimer{}, "", " min= require="},
		{"knows timers, asks for none", usual, sessionTimer{}, "Supported: 100rel, timer", "1800;refresher=uac min= require=timer"},
		{"the same, and more at the least", usual, sessionTimer{}, "Supported: timer|Min-SE: 3600", "3600;refresher=uac min= require=timer"},
		{"the same, and we want none", timerRules{min: 90}, sessionTimer{}, "Supported: timer", " min= require="},
		{"asks, and we want none", timerRules{min: 90}, sessionTimer{}, "Supported: timer|Session-Expires: 600", "600;refresher=uac min= require=timer"},
		{"asks", usual, sessionTimer{}, "Supported: timer|x: 600", "600;refresher=uac min= require=timer"},
		{"asks by Require", usual, sessionTimer{}, "Require: timer|Session-Expires: 600", "600;refresher=uac min= require=timer"},
		{"refreshes", usual, sessionTimer{}, "Supported: timer|Session-Expires: 600;refresher=uac", "600;refresher=uac min= require=timer"},
		{"wants us to", usual, sessionTimer{}, "Supported: timer|Session-Expires: 600 ; Refresher=UAS", "600;refresher=uas min= require=timer"},
		{"a proxy asks", usual, sessionTimer{}, "Supported: replaces|Session-Expires: 600", "600;refresher=uas min= require="},
		{"a proxy asks for the far end", usual, sessionTimer{}, "Session-Expires: 600;refresher=uac", "600;refresher=uas min= require="},
		{"a proxy asks for too little", usual, sessionTimer{}, "Session-Expires: 5", "90;refresher=uas min= require="},
		{"a refresh of ours was before", usual, sessionTimer{Interval: 600, Ours: true}, "Supported: timer|Session-Expires: 600", "600;refresher=uas min= require=timer"},
		{"rubbish", usual, sessionTimer{}, "Session-Expires: soon;refresher=uac", " min= require="},
		{"a number without end", usual, sessionTimer{}, "Supported: timer|Session-Expires: 99999999999999999999", "1800;refresher=uac min= require=timer"},
		{"half a year", usual, sessionTimer{}, "Supported: timer|Session-Expires: 15000000", "2592000;refresher=uac min= require=timer"},
	}
	for _, tt := range tests {
		timer := tt.before
		var h sip.Headers
		timer.take(headers(tt.request), tt.rules)
		timer.tell(&h)
		if got := told(h); got != strings.TrimSpace(tt.want) {
			t.Errorf("%s: %s\n got %q\nwant %q", tt.name, tt.request, got, strings.TrimSpace(tt.want))
		}
	}
	for text, want := range map[string]bool{
		"Supported: timer|Session-Expires: 89": true, "Supported: timer|Session-Expires: 90": false, "Require: timer|Session-Expires: 1": true,
		"Session-Expires: 1": false, "Supported: timer": false, "Supported: timer|Session-Expires: 0": false,
	} {
		if got := usual.tooBrief(headers(text)); got != want {
			t.Errorf("tooBrief(%s) = %t", text, got)
		}
	}
}

// TestTimerAsClient is RFC 4028 sections 7.1, 7.2 and 7.4, and who does what
// when (section 10).
func TestTimerAsClient(t *testing.T) {
	usual := timerRules{want: 1800, min: 90}
	tests := []struct {
		name   string
		rules  timerRules
		before sessionTimer
		asks   string
		answer string
		want   logic.Timed
	}{
		{"far end does not know", usual, sessionTimer{}, "1800 min=90 require=", "Allow: INVITE", logic.Timed{}},
		{"we want none", timerRules{min: 90}, sessionTimer{}, " min= require=", "", logic.Timed{}},
		{"far end refreshes", usual, sessionTimer{}, "1800 min=90 require=", "Session-Expires: 1800;refresher=uas|Require: timer",
			logic.Timed{Expire: 1768 * time.Second}},
		{"we refresh", usual, sessionTimer{}, "1800 min=90 require=", "Session-Expires: 600;refresher=uac|Require: timer",
			logic.Timed{Refresh: 300 * time.Second, Expire: 568 * time.Second}},
		{"we refresh, with UPDATE", usual, sessionTimer{}, "1800 min=90 require=", "Session-Expires: 90;refresher=uac|Allow: INVITE, UPDATE",
			logic.Timed{Refresh: 45 * time.Second, Expire: 60 * time.Second, Update: true}},
		{"nobody was named", usual, sessionTimer{}, "1800 min=90 require=", "Session-Expires: 1800",
			logic.Timed{Refresh: 900 * time.Second, Expire: 1768 * time.Second}},
		{"less than we take", usual, sessionTimer{}, "1800 min=90 require=", "Session-Expires: 2;refresher=uac",
			logic.Timed{Refresh: 45 * time.Second, Expire: 60 * time.Second}},
		{"we refreshed", usual, sessionTimer{Interval: 600, Ours: true}, "600;refresher=uac min=90 require=", "Session-Expires: 600;refresher=uac",
			logic.Timed{Refresh: 300 * time.Second, Expire: 568 * time.Second}},
		{"the far end refreshed", usual, sessionTimer{Interval: 600}, "600;refresher=uas min=90 require=", "Session-Expires: 600;refresher=uas",
			logic.Timed{Expire: 568 * time.Second}},
		{"after a 422", usual, sessionTimer{Min: 3000}, "3000 min=3000 require=", "", logic.Timed{}},
		{"switched off under way", usual, sessionTimer{Interval: 600, Ours: true}, "600;refresher=uac min=90 require=", "", logic.Timed{}},
	}
	for _, tt := range tests {
		timer := tt.before
		var h sip.Headers
		timer.ask(&h, tt.rules)
		if got := told(h); got != strings.TrimSpace(tt.asks) {
			t.Errorf("%s: asks %q, want %q", tt.name, got, tt.asks)
		}
		timer.agreed(headers(tt.answer), tt.rules)
		if got := timer.event(0); got != tt.want {
			t.Errorf("%s: %s\n got %+v\nwant %+v", tt.name, tt.answer, got, tt.want)
		}
	}
}

// timerPhone adds headers to every 2xx to INVITE and UPDATE of a phone.
func timerPhone(text string, also func(sip.ServerRequest) bool) siptest.Script {
	return siptest.Script{Lenient: true, OnRequest: func(tx sip.ServerRequest) bool { return also != nil && also(tx) },
		Extra: headers(text)}
}

// TestWeRefresh is a session that we refresh, with UPDATE and with re-INVITE.
func TestWeRefresh(t *testing.T) {
	for _, method := range []string{sip.UPDATE, sip.INVITE} {
		t.Run(method, func(t *testing.T) {
			inRig(t, nil, func(r *rig) {
				extra := "Session-Expires: 600;refresher=uac|Require: timer"
				if method == sip.UPDATE {
					extra += "|Allow: INVITE, UPDATE"
				}
				a, b := r.joined(siptest.Script{}, timerPhone(extra, nil))
				before, peer := r.net.Count("pbx", "bob", method), b.Peer()
				r.after(31 * time.Minute)
				if n := r.net.Count("pbx", "bob", method) - before; n != 6 {
					t.Errorf("%d refreshes in 31 minutes, want 6", n)
				}
				if got := r.header("pbx", "bob", method, "Session-Expires"); got != "600;refresher=uac" {
					t.Errorf("Session-Expires: %s", got)
				}
				if b.Peer() != peer || b.State() != siptest.Confirmed || len(r.got()) != 2 {
					t.Errorf("bob heard %s, then %s; events %#v", peer, b.Peer(), r.got())
				}
				r.count("pbx", "alice", method, 0)
				a.Bye()
				r.quiet()
			})
		})
	}
}

// TestRefreshRefused has UPDATE refused with 405 though Allow names it.
func TestRefreshRefused(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		no := func(tx sip.ServerRequest) bool {
			if tx.Request().Method != sip.UPDATE {
				return false
			}
			_ = tx.Respond(sip.NewResponse(tx.Request(), 405, "", ""))
			return true
		}
		a, b := r.joined(siptest.Script{}, timerPhone("Session-Expires: 600;refresher=uac|Allow: INVITE, UPDATE", no))
		r.after(301 * time.Second)
		r.count("pbx", "bob", "UPDATE", 1)
		r.count("pbx", "bob", "INVITE", 2)
		r.after(20 * time.Minute)
		if b.State() != siptest.Confirmed {
			t.Error("the call ended")
		}
		a.Bye()
		r.quiet()
	})
}

// TestNotRefreshed is a far end that promised to refresh and does not, though
// it answers OPTIONS; and one that refuses our refreshes.
func TestNotRefreshed(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, timerPhone("Session-Expires: 600;refresher=uas", nil))
		at := time.Now()
		r.await(PeerGone{ID: 1})
		if took := time.Since(at); took < 567*time.Second || took > 569*time.Second {
			t.Errorf("given up after %v", took)
		}
		r.count("pbx", "bob", "BYE", 1)
		a.Bye()
		r.quiet()
	})
	inRig(t, nil, func(r *rig) {
		script := timerPhone("Session-Expires: 600;refresher=uac", nil)
		script.ReInviteCode = 488
		a, _ := r.joined(siptest.Script{}, script)
		r.await(PeerGone{ID: 1})
		if n := r.net.Count("pbx", "bob", "INVITE"); n < 3 || n > 12 {
			t.Errorf("%d INVITEs", n)
		}
		a.Bye()
		r.quiet()
	})
}

// TestCallerRefreshes is a caller that asks for a timer.
func TestCallerRefreshes(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		alice, bob := r.phone("alice", siptest.Script{}), r.phone("bob", siptest.Script{})
		a := alice.CallWith("sip:hotline@pbx", siptest.SDP("alice", 1), headers("Require: timer|Session-Expires: 300"))
		r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
		bob.Incoming()
		r.await(Connected{ID: 1})
		if got := r.header("pbx", "alice", "200 INVITE", "Session-Expires"); got != "300;refresher=uac" {
			t.Errorf("Session-Expires: %s", got)
		}
		if got := r.header("pbx", "alice", "200 INVITE", "Require"); got != "timer" {
			t.Errorf("Require: %s", got)
		}
		refresh := headers("Supported: timer|Session-Expires: 300;refresher=uac")
		for range 6 {
			r.after(150 * time.Second)
			res := <-a.Request(sip.UPDATE, refresh, "")
			if res.Code != 200 || res.Headers.Get("Session-Expires") != "300;refresher=uac" || res.Headers.Get("Require") != "timer" {
				t.Fatalf("UPDATE: %+v", res)
			}
		}
		r.count("pbx", "bob", "UPDATE", 0) // it is alice's leg alone
		short := headers("Supported: timer|Session-Expires: 30")
		if res := <-a.Request(sip.UPDATE, short, ""); res.Code != 422 || res.Headers.Get("Min-SE") != "90" {
			t.Errorf("UPDATE with 30 s: %+v", res)
		}
		at := time.Now()
		r.await(CallerGone{}) // no refresh any more
		if took := time.Since(at); took < 250*time.Second || took > 270*time.Second {
			t.Errorf("given up after %v", took)
		}
		r.quiet()
	})
}

// TestCallerTooBrief is answered 422, and no session is left of it.
func TestCallerTooBrief(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		var res atomic.Pointer[sip.Response]
		alice := r.phone("alice", siptest.Script{OnResponse: func(_ *sip.Request, got *sip.Response) { res.Store(got) }})
		var failed error
		r.accept = func(msg *core.Msg) { _, failed = r.m.NewSession(msg, SessionOptions{}) }
		a := alice.CallWith("sip:hotline@pbx", siptest.SDP("alice", 1), headers("Supported: timer|Session-Expires: 89"))
		a.Wait(siptest.Ended)
		if got := res.Load(); a.Code() != 422 || got.Headers.Get("Min-SE") != "90" || failed != ErrAnswered {
			t.Errorf("%d, %+v, %v", a.Code(), got, failed)
		}
	})
}

// TestPartyTooBrief repeats an INVITE with the interval that its 422 asks for.
func TestPartyTooBrief(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		inRig(t, nil, func(r *rig) {
			asks := 0
			bob := timerPhone("Session-Expires: 4000;refresher=uas", func(tx sip.ServerRequest) bool {
				req := tx.Request()
				if req.Method != sip.INVITE || req.ToTag() != "" || !stubborn && intervalOf(req.Headers).seconds >= 4000 {
					return false
				}
				asks++
				res := sip.NewResponse(req, 422, "", "x")
				res.Headers.Add("Min-SE", fmt.Sprint(4000+asks*1000*btoi(stubborn)))
				_ = tx.Respond(res)
				return true
			})
			alice := r.phone("alice", siptest.Script{})
			r.phone("bob", bob)
			a := alice.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
			r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob"})
			if stubborn {
				r.await(ConnectFailed{ID: 1, Code: 422})
				r.count("pbx", "bob", "INVITE", 1+maxBriefs)
			} else {
				r.await(Connected{ID: 1})
				r.count("pbx", "bob", "INVITE", 2)
				if got := r.header("pbx", "bob", "INVITE", "Min-SE"); got != "4000" {
					t.Errorf("Min-SE: %s", got)
				}
			}
			a.Bye()
			r.quiet()
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestTimersOutliveARestart refreshes on, and still gives up.
func TestTimersOutliveARestart(t *testing.T) {
	inKeptRig(t, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, timerPhone("Session-Expires: 600;refresher=uac|Allow: UPDATE", nil))
		r.after(200 * time.Second)
		r.restart()
		r.after(101 * time.Second)
		r.count("pbx", "bob", "UPDATE", 1)
		if n := r.net.Count("pbx", "alice", "OPTIONS"); n < 8 {
			t.Errorf("the caller was asked %d times", n)
		}
		a.Bye()
		r.quiet()
	})
}
