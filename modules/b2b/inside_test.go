package b2b

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestInside are requests inside the dialogs while two parties are joined.
func TestInside(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		var info *sip.Request
		a, b := r.joined(siptest.Script{}, siptest.Script{OnRequest: func(tx sip.ServerRequest) bool {
			if tx.Request().Method == sip.INFO {
				info = tx.Request()
			}
			return false
		}})
		h := sip.Headers{{Name: "Content-Type", Value: "application/dtmf-relay"}, {Name: "Info-Package", Value: "dtmf"},
			{Name: "Max-Forwards", Value: "9"}, {Name: "X-Secret", Value: "1"}}
		if res := <-a.Request(sip.INFO, h, "Signal=5"); res.Code != 200 {
			t.Errorf("INFO: %d", res.Code)
		}
		if info == nil || string(info.Body) != "Signal=5" || info.Headers.Get("Info-Package") != "dtmf" ||
			info.Headers.Get("Content-Type") != "application/dtmf-relay" || info.Headers.Get("Max-Forwards") != "8" || info.Headers.Has("X-Secret") {
			t.Errorf("INFO arrived as %+v", info)
		}
		if res := <-a.Request(sip.INFO, sip.Headers{{Name: "Max-Forwards", Value: "0"}}, ""); res.Code != 483 {
			t.Errorf("INFO with no hops left: %d", res.Code)
		}
		res := <-b.Request(sip.OPTIONS, nil, "")
		if res.Code != 200 || res.Headers.Get("Allow") != allow || res.Headers.Get("Accept") != accept || !res.Headers.Has("Supported") {
			t.Errorf("OPTIONS: %+v", res)
		}
		for method, want := range map[string]int{sip.REFER: 603, sip.PRACK: 405, "FOO": 405, sip.MESSAGE: 200} {
			if res := <-b.Request(method, nil, ""); res.Code != want {
				t.Errorf("%s: %d, want %d", method, res.Code, want)
			}
		}
		if res := <-b.Request(sip.INFO, sip.Headers{{Name: "Require", Value: "x"}}, ""); res.Code != 420 || res.Headers.Get("Unsupported") != "x" {
			t.Errorf("Require: %+v", res)
		}
		hold := siptest.SDP("alice", 7)
		if code := <-a.ReInvite(hold); code != 200 {
			t.Errorf("re-INVITE: %d", code)
		}
		r.after(10 * time.Millisecond)
		if b.Peer() != "alice/7" || a.Peer() != b.Local() {
			t.Errorf("after hold: bob hears %s, alice hears %s of %s", b.Peer(), a.Peer(), b.Local())
		}
		upd := sip.Headers{{Name: "Content-Type", Value: "application/sdp"}}
		if res := <-b.Request(sip.UPDATE, upd, siptest.SDP("bob", 9)); res.Code != 200 || len(res.Body) == 0 {
			t.Errorf("UPDATE: %+v", res)
		}
		if a.Peer() != "bob/9" {
			t.Errorf("after UPDATE alice hears %s", a.Peer())
		}
		b.Bye()
		r.await(PeerGone{ID: 1})
		if code := <-a.ReInvite(siptest.SDP("alice", 8)); code != 200 {
			t.Errorf("re-INVITE with nobody there: %d", code)
		}
		a.Bye()
		r.quiet()
	})
}

// TestTargetRefresh follows a caller whose Contact and socket have moved.
func TestTargetRefresh(t *testing.T) {
	inRig(t, nil, func(r *rig) {
		a, _ := r.joined(siptest.Script{}, siptest.Script{})
		leg := r.m.session(r.key()).legs[0]
		before := leg.contact
		<-a.ReInvite(a.Offer())
		r.after(10 * time.Millisecond)
		if got := r.header("pbx", "alice", "200 INVITE", "Contact"); got != before {
			t.Errorf("our Contact changed: %s, was %s", got, before)
		}
		d := dialog{target: sip.URI{Scheme: "sip", Host: "old"}}
		d.refresh(sip.ParseAddress("<sip:x@new;transport=tcp>"))
		d.refresh(sip.ParseAddress("<tel:1>"))
		d.refresh(sip.ParseAddress("<"))
		if d.target.String() != "sip:x@new;transport=tcp" {
			t.Errorf("target %s", d.target)
		}
		a.Bye()
		r.quiet()
	})
}
