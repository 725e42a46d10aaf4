package transaction_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// step is what the peer or the owner does at a moment: "req", "ack", "cancel"
// or a response code.
type step struct {
	when time.Duration
	what string
}

// do runs a step on the request that came first.
func (r *rig) do(s step, method, proto string) {
	r.t.Helper()
	r.until(s.when)
	switch s.what {
	case "req":
		r.receive(incoming(method, proto, "z9hG4bK1"))
	case "ack":
		r.receive(incoming("ACK", proto, "z9hG4bK1"))
	case "ack2xx":
		r.receive(incoming("ACK", proto, "z9hG4bK2"))
	case "cancel":
		r.receive(incoming("CANCEL", proto, "z9hG4bK1"))
	default:
		text, final := strings.CutSuffix(s.what, " final")
		code, _ := strconv.Atoi(text)
		err := r.asked[0].Respond(sip.NewResponse(r.asked[0].Request(), code, "", ""))
		if final != errors.Is(err, sip.ErrFinal) {
			r.t.Errorf("%v %s: %v", s.when, s.what, err)
		}
	}
}

// TestServerTimers has a row for each server timer of RFC 3261 table 4 and of
// RFC 6026.
func TestServerTimers(t *testing.T) {
	for _, c := range []struct {
		name, method, proto string
		steps               []step
		sent, got           []string
		end                 time.Duration
	}{
		{"G doubles up to T2, H gives up", "INVITE", "udp", []step{{0, "req"}, {1 * sec, "486"}},
			[]string{"0s 100", "1s 486", "1.5s 486", "2.5s 486", "4.5s 486", "8.5s 486", "12.5s 486", "16.5s 486", "20.5s 486", "24.5s 486", "28.5s 486", "32.5s 486"},
			[]string{"0s INVITE"}, 33 * sec},
		{"no G over TCP, H stays", "INVITE", "tcp", []step{{0, "req"}, {1 * sec, "486"}}, []string{"0s 100", "1s 486"}, []string{"0s INVITE"}, 33 * sec},
		{"ACK ends G, I absorbs", "INVITE", "udp", []step{{0, "req"}, {0, "486"}, {600 * ms, "ack"}, {700 * ms, "ack"}, {800 * ms, "req"}},
			[]string{"0s 100", "0s 486", "500ms 486"}, []string{"0s INVITE"}, 5*sec + 600*ms},
		{"I is 0 over TCP", "INVITE", "tcp", []step{{0, "req"}, {0, "486"}, {600 * ms, "ack"}},
			[]string{"0s 100", "0s 486"}, []string{"0s INVITE"}, 600 * ms},
		{"retransmitted INVITE gets the last response", "INVITE", "udp",
			[]step{{0, "req"}, {100 * ms, "req"}, {200 * ms, "100"}, {300 * ms, "180"}, {400 * ms, "req"}, {500 * ms, "486"}, {600 * ms, "req"}, {700 * ms, "ack"}},
			[]string{"0s 100", "100ms 100", "300ms 180", "400ms 180", "500ms 486", "600ms 486"}, []string{"0s INVITE"}, 5*sec + 700*ms},
		{"L absorbs INVITE; the owner repeats the 2xx", "INVITE", "udp",
			[]step{{0, "req"}, {0, "200"}, {100 * ms, "req"}, {500 * ms, "200"}, {600 * ms, "180 final"}, {600 * ms, "486 final"}, {700 * ms, "ack2xx"}, {31 * sec, "200"}},
			[]string{"0s 100", "0s 200", "500ms 200", "31s 200"}, []string{"0s INVITE", "700ms ACK"}, 32 * sec},
		{"L over TCP too", "INVITE", "tcp", []step{{0, "req"}, {0, "200"}}, []string{"0s 100", "0s 200"}, []string{"0s INVITE"}, 32 * sec},
		{"ACK of a 2xx with the branch of the INVITE", "INVITE", "udp", []step{{0, "req"}, {0, "200"}, {0, "ack"}},
			[]string{"0s 100", "0s 200"}, []string{"0s INVITE", "0s ACK"}, 32 * sec},
		{"ACK before any response is dropped", "INVITE", "udp", []step{{0, "req"}, {0, "ack"}, {0, "200"}},
			[]string{"0s 100", "0s 200"}, []string{"0s INVITE"}, 32 * sec},
		{"J absorbs", "INFO", "udp", []step{{0, "req"}, {1 * sec, "req"}, {2 * sec, "182"}, {3 * sec, "req"}, {4 * sec, "200"}, {5 * sec, "req"}, {5 * sec, "200 final"}},
			[]string{"2s 182 INFO", "3s 182 INFO", "4s 200 INFO", "5s 200 INFO"}, []string{"0s INFO"}, 36 * sec},
		{"J is 0 over TCP", "INFO", "tcp", []step{{0, "req"}, {4 * sec, "200"}}, []string{"4s 200 INFO"}, []string{"0s INFO"}, 4 * sec},
		{"never answered", "INFO", "tcp", []step{{0, "req"}}, nil, []string{"0s INFO"}, 32 * sec},
		{"CANCEL without OnCancel", "INVITE", "tcp", []step{{0, "req"}, {1 * sec, "180"}, {2 * sec, "cancel"}, {2 * sec, "cancel"}, {2 * sec, "200 final"}, {3 * sec, "ack"}},
			[]string{"0s 100", "1s 180", "2s 200 CANCEL", "2s 487", "2s 200 CANCEL"}, []string{"0s INVITE"}, 3 * sec},
		{"CANCEL after the 2xx", "INVITE", "tcp", []step{{0, "req"}, {1 * sec, "200"}, {2 * sec, "cancel"}},
			[]string{"0s 100", "1s 200", "2s 200 CANCEL"}, []string{"0s INVITE"}, 33 * sec},
		{"CANCEL of nothing", "INVITE", "udp", []step{{0, "cancel"}, {0, "cancel"}}, []string{"0s 481 CANCEL", "0s 481 CANCEL"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.proto)
				for _, s := range c.steps {
					r.do(s, c.method, c.proto)
				}
				r.gone(c.end)
				for _, q := range r.asked {
					if err := q.Respond(sip.NewResponse(q.Request(), 200, "", "")); !errors.Is(err, sip.ErrFinal) {
						t.Errorf("Respond after the end: %v", err)
					}
				}
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
			})
		})
	}
}

// TestToTag checks that all responses of a transaction carry one tag.
func TestToTag(t *testing.T) {
	for _, c := range []struct {
		name  string
		codes []int // to be answered; 0 is a CANCEL
		tag   string
		want  string // tags of everything sent after the 100
	}{
		{"the layer's", []int{180, 183, 486}, "", "T T T"},
		{"the owner's", []int{180, 183, 486}, "mine", "mine mine mine"},
		{"the owner's, later the layer's 487", []int{180, 0}, "mine", "mine mine mine"},
		{"only a CANCEL", []int{0}, "", "T T"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp")
				r.receive(incoming("INVITE", "tcp", "z9hG4bK1"))
				mine := sip.NewResponse(r.asked[0].Request(), 180, "", "")
				for _, code := range c.codes {
					if code == 0 {
						r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
						continue
					}
					mine = sip.NewResponse(r.asked[0].Request(), code, "", c.tag)
					if err := r.asked[0].Respond(mine); err != nil {
						t.Fatal(err)
					}
				}
				if c.tag == "" && mine.ToTag() != "" {
					t.Error("the owner's response was changed")
				}
				var tags []string
				for i, res := range r.replies {
					tag := res.ToTag()
					if i == 0 {
						if tag != "" {
							t.Errorf("100 with tag %q", tag)
						}
						continue
					}
					if tag == r.replies[1].ToTag() && c.tag == "" && tag != "" {
						tag = "T"
					}
					tags = append(tags, tag)
					if res.Headers.Get("Content-Length") != "0" {
						t.Errorf("%d without Content-Length", res.Code)
					}
				}
				if have := strings.Join(tags, " "); have != c.want {
					t.Errorf("tags %q, want %q", have, c.want)
				}
			})
		})
	}
}

func TestOnCancel(t *testing.T) {
	refuse := func(r *rig, q sip.ServerRequest) func(*sip.Request) {
		return func(cancel *sip.Request) {
			r.mu.Lock()
			r.got = append(r.got, r.stamp("cancelled by "+cancel.Method))
			r.mu.Unlock()
			_ = q.Respond(sip.NewResponse(q.Request(), 487, "", "mine"))
		}
	}
	t.Run("set before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "tcp")
			r.handler = func(q sip.ServerRequest) { q.OnCancel(refuse(r, q)) }
			r.receive(incoming("INVITE", "tcp", "z9hG4bK1"))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			r.wantGot("0s INVITE", "0s cancelled by CANCEL")
			r.wantSent("0s 100", "0s 200 CANCEL", "0s 487", "0s 200 CANCEL")
			r.asked[0].OnCancel(func(*sip.Request) { t.Error("called twice") })
		})
	})
	t.Run("asked twice before it answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "tcp")
			calls := 0
			r.handler = func(q sip.ServerRequest) { q.OnCancel(func(*sip.Request) { calls++ }) }
			r.receive(incoming("INVITE", "tcp", "z9hG4bK1"))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			r.wantSent("0s 100", "0s 200 CANCEL", "0s 200 CANCEL")
			if calls != 1 {
				t.Errorf("called %d times", calls)
			}
		})
	})
	t.Run("set after", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "tcp")
			r.receive(incoming("INVITE", "tcp", "z9hG4bK1"))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			called := false
			r.asked[0].OnCancel(func(*sip.Request) { called = true })
			if !called {
				t.Error("not called at once")
			}
			r.wantSent("0s 100", "0s 200 CANCEL", "0s 487")
		})
	})
	t.Run("not after the answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, "tcp")
			r.receive(incoming("INVITE", "tcp", "z9hG4bK1"))
			r.asked[0].OnCancel(func(*sip.Request) { t.Error("called") })
			_ = r.asked[0].Respond(sip.NewResponse(r.asked[0].Request(), 200, "", ""))
			r.receive(incoming("CANCEL", "tcp", "z9hG4bK1"))
			r.asked[0].OnCancel(func(*sip.Request) { t.Error("called") })
		})
	})
}
