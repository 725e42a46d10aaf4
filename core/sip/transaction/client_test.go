package transaction_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// at is a response of the peer at a moment.
type at struct {
	when   time.Duration
	method string
	code   int
}

const (
	ms  = time.Millisecond
	sec = time.Second
)

// TestClientTimers has a row for each client timer of RFC 3261 table 4.
func TestClientTimers(t *testing.T) {
	for _, c := range []struct {
		name, method, proto string
		events              []at
		sent, got           []string
		end                 time.Duration // when the last transaction is gone
	}{
		{"A doubles, B gives up", "INVITE", "udp", nil,
			[]string{"0s INVITE", "500ms INVITE", "1.5s INVITE", "3.5s INVITE", "7.5s INVITE", "15.5s INVITE", "31.5s INVITE"},
			[]string{"32s 408 local"}, 32 * sec},
		{"no A over TCP", "INVITE", "tcp", nil, []string{"0s INVITE"}, []string{"32s 408 local"}, 32 * sec},
		{"A ends with 100, which stays here", "INVITE", "udp", []at{{600 * ms, "INVITE", 100}, {40 * sec, "INVITE", 180}, {41 * sec, "INVITE", 200}},
			[]string{"0s INVITE", "500ms INVITE"}, []string{"40s 180", "41s 200"}, 73 * sec},
		{"M: every 2xx until its end", "INVITE", "udp", []at{{1 * ms, "INVITE", 200}, {501 * ms, "INVITE", 200}, {31 * sec, "INVITE", 200}, {33 * sec, "INVITE", 200}},
			[]string{"0s INVITE"}, []string{"1ms 200", "501ms 200", "31s 200"}, 32*sec + ms},
		{"M over TCP too", "INVITE", "tcp", []at{{1 * ms, "INVITE", 200}, {31 * sec, "INVITE", 202}},
			[]string{"0s INVITE"}, []string{"1ms 200", "31s 202"}, 32*sec + ms},
		{"D: ACK for each copy of a non-2xx", "INVITE", "udp", []at{{1 * ms, "INVITE", 486}, {501 * ms, "INVITE", 486}, {33 * sec, "INVITE", 486}},
			[]string{"0s INVITE", "1ms ACK", "501ms ACK"}, []string{"1ms 486"}, 32*sec + ms},
		{"D is 0 over TCP", "INVITE", "tcp", []at{{1 * ms, "INVITE", 486}}, []string{"0s INVITE", "1ms ACK"}, []string{"1ms 486"}, ms},
		{"2xx of another fork after a failure", "INVITE", "udp", []at{{1 * ms, "INVITE", 486}, {2 * ms, "INVITE", 200}},
			[]string{"0s INVITE", "1ms ACK"}, []string{"1ms 486", "2ms 200"}, 32*sec + ms},
		{"failure after a 2xx is dropped", "INVITE", "udp", []at{{1 * ms, "INVITE", 200}, {2 * ms, "INVITE", 486}, {3 * ms, "INVITE", 180}},
			[]string{"0s INVITE"}, []string{"1ms 200"}, 32*sec + ms},
		{"C: CANCEL, then 408", "INVITE", "tcp", []at{{1 * sec, "INVITE", 180}, {11 * sec, "INVITE", 183}, {12 * sec, "INVITE", 100}, {196 * sec, "CANCEL", 200}},
			[]string{"0s INVITE", "3m16s CANCEL"}, []string{"1s 180", "11s 183", "3m48s 408 local"}, 228 * sec},
		{"C: the peer's 487 counts", "INVITE", "tcp", []at{{0, "INVITE", 180}, {185 * sec, "CANCEL", 200}, {186 * sec, "INVITE", 487}},
			[]string{"0s INVITE", "3m5s CANCEL", "3m6s ACK"}, []string{"0s 180", "3m6s 487"}, 186 * sec},
		{"E grows to T2, F gives up", "BYE", "udp", nil,
			[]string{"0s BYE", "500ms BYE", "1.5s BYE", "3.5s BYE", "7.5s BYE", "11.5s BYE", "15.5s BYE", "19.5s BYE", "23.5s BYE", "27.5s BYE", "31.5s BYE"},
			[]string{"32s 408 local"}, 32 * sec},
		{"E is T2 when proceeding", "INFO", "udp", []at{{600 * ms, "INFO", 100}, {700 * ms, "INFO", 180}, {6 * sec, "INFO", 200}},
			[]string{"0s INFO", "500ms INFO", "1.5s INFO", "5.5s INFO"}, []string{"700ms 180", "6s 200"}, 11 * sec},
		{"F also after a provisional", "INFO", "tcp", []at{{1 * sec, "INFO", 182}}, []string{"0s INFO"}, []string{"1s 182", "32s 408 local"}, 32 * sec},
		{"K absorbs", "BYE", "udp", []at{{1 * ms, "BYE", 200}, {2 * sec, "BYE", 200}, {6 * sec, "BYE", 200}},
			[]string{"0s BYE"}, []string{"1ms 200"}, 5*sec + ms},
		{"K is 0 over TCP", "BYE", "tcp", []at{{1 * ms, "BYE", 481}}, []string{"0s BYE"}, []string{"1ms 481"}, ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.proto)
				r.layer.Request(outgoing(c.method), r.on)
				for _, e := range c.events {
					if e.when > c.end {
						r.gone(c.end)
					}
					r.until(e.when)
					r.respond(e.method, e.code)
				}
				r.gone(c.end)
				r.until(c.end + 300*sec)
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
			})
		})
	}
}

// gone checks that the last transaction ends at a moment.
func (r *rig) gone(end time.Duration) {
	r.t.Helper()
	if before := end - ms/2; time.Since(r.start) < before {
		r.until(before)
		if r.layer.Len() == 0 {
			r.t.Errorf("ended before %v", end)
		}
	}
	r.until(end + ms/2)
	if n := r.layer.Len(); n != 0 {
		r.t.Errorf("%d transactions left after %v", n, end)
	}
}

func TestClientMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		mine := outgoing("INVITE")
		tx := r.layer.Request(mine, r.on)
		req := r.last("INVITE")
		const via = "SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bKtoken2;rport"
		for name, want := range map[string]string{"Via": via, "Max-Forwards": "70", "Content-Length": "5"} {
			if have := req.Headers.Get(name); have != want {
				t.Errorf("%s: %q, want %q", name, have, want)
			}
		}
		if mine.Headers.Has("Via") || mine.Headers.Has("Max-Forwards") {
			t.Error("the owner's request was changed")
		}
		r.respond("INVITE", 180)
		tx.Cancel(sip.Headers{{Name: "Reason", Value: "SIP;cause=200"}})
		r.respond("CANCEL", 200)
		r.respond("INVITE", 487)
		r.wantSent("0s INVITE", "0s CANCEL", "0s ACK")
		r.wantGot("0s 180", "0s 487")
		for method, to := range map[string]string{"CANCEL": "<sip:bob@192.0.2.1>", "ACK": "<sip:bob@192.0.2.1>;tag=peer"} {
			q := r.last(method)
			for name, want := range map[string]string{"Via": via, "To": to, "From": "<sip:pbx@198.51.100.1>;tag=us",
				"CSeq": "7 " + method, "Call-ID": "call-1", "Route": "<sip:192.0.2.1;lr>", "Content-Length": "0"} {
				if have := q.Headers.Get(name); have != want {
					t.Errorf("%s %s: %q, want %q", method, name, have, want)
				}
			}
			if q.URI.String() != "sip:bob@192.0.2.1" || len(q.Body) != 0 {
				t.Errorf("%s: URI %s, body %q", method, q.URI, q.Body)
			}
		}
		if have := r.last("CANCEL").Headers.Get("Reason"); have != "SIP;cause=200" {
			t.Errorf("Reason %q", have)
		}
	})
}
