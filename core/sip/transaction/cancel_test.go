package transaction_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name      string
		method    string
		before    []at // before Cancel, at 1s
		after     []at
		sent, got []string
	}{
		{"waits for a provisional", "INVITE", nil, []at{{2 * sec, "INVITE", 100}, {2 * sec, "CANCEL", 200}, {3 * sec, "INVITE", 487}},
			[]string{"0s INVITE", "2s CANCEL", "3s ACK"}, []string{"3s 487"}},
		{"at once after one", "INVITE", []at{{0, "INVITE", 180}}, []at{{1 * sec, "CANCEL", 200}, {1 * sec, "INVITE", 487}},
			[]string{"0s INVITE", "1s CANCEL", "1s ACK"}, []string{"0s 180", "1s 487"}},
		{"crosses with a 2xx", "INVITE", []at{{0, "INVITE", 180}}, []at{{1 * sec, "INVITE", 200}, {1 * sec, "CANCEL", 481}},
			[]string{"0s INVITE", "1s CANCEL"}, []string{"0s 180", "1s 200"}},
		{"never answered: local 487", "INVITE", []at{{0, "INVITE", 180}}, []at{{1 * sec, "CANCEL", 200}, {5 * sec, "INVITE", 180}},
			[]string{"0s INVITE", "1s CANCEL"}, []string{"0s 180", "5s 180", "33s 487 local"}},
		{"after the end", "INVITE", []at{{0, "INVITE", 200}}, nil, []string{"0s INVITE"}, []string{"0s 200"}},
		{"not for other methods", "INFO", []at{{0, "INFO", 100}}, []at{{2 * sec, "INFO", 200}}, []string{"0s INFO"}, []string{"2s 200"}},
		{"no provisional ever", "INVITE", nil, nil, []string{"0s INVITE"}, []string{"32s 408 local"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp")
				tx := r.layer.Request(outgoing(c.method), r.on)
				for _, e := range c.before {
					r.until(e.when)
					r.respond(e.method, e.code)
				}
				r.until(1 * sec)
				tx.Cancel(nil)
				tx.Cancel(nil)
				for _, e := range c.after {
					r.until(e.when)
					r.respond(e.method, e.code)
				}
				r.until(300 * sec)
				tx.Cancel(nil)
				r.until(400 * sec)
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
				if n := r.layer.Len(); n != 0 {
					t.Errorf("%d transactions left", n)
				}
			})
		})
	}
}

func TestCancelIsRetransmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		tx := r.layer.Request(outgoing("INVITE"), r.on)
		r.respond("INVITE", 180)
		tx.Cancel(nil)
		r.until(2 * sec)
		r.wantSent("0s INVITE", "0s CANCEL", "500ms CANCEL", "1.5s CANCEL")
	})
}

func TestAbandon(t *testing.T) {
	for name, before := range map[string][]int{"calling": nil, "proceeding": {180}, "accepted": {180, 200}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "udp")
				tx := r.layer.Request(outgoing("INVITE"), r.on)
				for _, code := range before {
					r.respond("INVITE", code)
				}
				r.got = nil
				tx.Abandon()
				tx.Abandon()
				tx.Cancel(nil)
				if n := r.layer.Len(); n != 0 {
					t.Errorf("%d transactions left", n)
				}
				r.respond("INVITE", 200)
				r.until(300 * sec)
				r.wantSent("0s INVITE")
				r.wantGot()
			})
		})
	}
}

// An abandoned INVITE that was refused still acknowledges: the peer would
// send its response for 32 s otherwise.
func TestAbandonAfterFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		tx := r.layer.Request(outgoing("INVITE"), r.on)
		r.respond("INVITE", 486)
		tx.Abandon()
		r.respond("INVITE", 486)
		r.wantSent("0s INVITE", "0s ACK", "0s ACK")
	})
}

func TestResolveLater(t *testing.T) {
	for _, c := range []struct {
		name      string
		do        func(r *rig, tx sip.ClientTransaction)
		sent, got []string
	}{
		{"found", func(r *rig, _ sip.ClientTransaction) { r.resolve(r.targets, nil) }, []string{"1s INVITE"}, []string{"33s 408 local"}},
		{"twice", func(r *rig, _ sip.ClientTransaction) { r.resolve(r.targets, nil); r.resolve(r.targets, nil) }, []string{"1s INVITE"}, []string{"33s 408 local"}},
		{"error", func(r *rig, _ sip.ClientTransaction) { r.resolve(nil, errors.New("no such host")) }, nil, []string{"1s 503 local"}},
		{"none", func(r *rig, _ sip.ClientTransaction) { r.resolve(nil, nil) }, nil, []string{"1s 503 local"}},
		{"never", func(*rig, sip.ClientTransaction) {}, nil, []string{"32s 408 local"}},
		{"cancelled before", func(r *rig, tx sip.ClientTransaction) { tx.Cancel(nil); r.resolve(r.targets, nil) }, nil, []string{"1s 487 local"}},
		{"abandoned before", func(r *rig, tx sip.ClientTransaction) { tx.Abandon(); r.resolve(r.targets, nil) }, nil, nil},
		{"closed before", func(r *rig, tx sip.ClientTransaction) { r.layer.Close(); r.resolve(r.targets, nil) }, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp")
				r.hold = true
				tx := r.layer.Request(outgoing("INVITE"), r.on)
				r.until(1 * sec)
				c.do(r, tx)
				r.until(100 * sec)
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
				if n := r.layer.Len(); n != 0 {
					t.Errorf("%d transactions left", n)
				}
			})
		})
	}
}

func TestFailover(t *testing.T) {
	second := netip.MustParseAddrPort("192.0.2.2:5060")
	refused := errors.New("refused")
	for _, c := range []struct {
		name      string
		refuse    func(req *sip.Request, to transaction.Target) error
		do        func(r *rig)
		sent, got []string
	}{
		{"cannot send", func(_ *sip.Request, to transaction.Target) error {
			if to.Addr == peer {
				return refused
			}
			return nil
		}, func(r *rig) { r.respond("INVITE", 200) }, []string{"0s INVITE"}, []string{"0s 200"}},
		{"can send nowhere", func(*sip.Request, transaction.Target) error { return refused }, func(*rig) {}, nil, []string{"0s 503 local"}},
		{"refused later", nil, func(r *rig) { r.until(1 * sec); r.fails[0](refused); r.fails[0](refused); r.respond("INVITE", 200) },
			[]string{"0s INVITE", "1s INVITE"}, []string{"1s 200"}},
		{"both refused later", nil, func(r *rig) { r.fails[0](refused); r.fails[1](refused) },
			[]string{"0s INVITE", "0s INVITE"}, []string{"0s 503 local"}},
		{"refused after a response", nil, func(r *rig) { r.respond("INVITE", 180); r.fails[0](refused); r.respond("INVITE", 200) },
			[]string{"0s INVITE"}, []string{"0s 180", "0s 200"}},
		{"503", nil, func(r *rig) { r.respond("INVITE", 503); r.respond("INVITE", 200) },
			[]string{"0s INVITE", "0s ACK", "0s INVITE"}, []string{"0s 200"}},
		{"503 everywhere", nil, func(r *rig) { r.respond("INVITE", 503); r.respond("INVITE", 503) },
			[]string{"0s INVITE", "0s ACK", "0s INVITE", "0s ACK"}, []string{"0s 503"}},
		{"486 is an answer", nil, func(r *rig) { r.respond("INVITE", 486) }, []string{"0s INVITE", "0s ACK"}, []string{"0s 486"}},
		{"silence", nil, func(r *rig) { r.until(32 * sec); r.respond("INVITE", 200) }, []string{"0s INVITE", "32s INVITE"}, []string{"32s 200"}},
		{"silence everywhere", nil, func(r *rig) {}, []string{"0s INVITE", "32s INVITE"}, []string{"1m4s 408 local"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp")
				r.refuse = c.refuse
				r.targets = append(r.targets, transaction.Target{Socket: socket("tcp"), Addr: second})
				r.layer.Request(outgoing("INVITE"), r.on)
				c.do(r)
				r.until(300 * sec)
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
				if n := r.layer.Len(); n != 0 {
					t.Errorf("%d transactions left", n)
				}
				branches := map[string]bool{}
				for _, q := range r.requests {
					if v, _ := q.Headers.TopVia(); q.Method == "INVITE" {
						if branches[v.Branch()] {
							t.Errorf("branch %s used twice", v.Branch())
						}
						branches[v.Branch()] = true
					}
				}
			})
		})
	}
}

func TestCancelStopsFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp")
		r.targets = append(r.targets, r.targets[0])
		tx := r.layer.Request(outgoing("INVITE"), r.on)
		tx.Cancel(nil)
		r.fails[0](errors.New("refused"))
		r.until(1 * sec)
		r.wantSent("0s INVITE")
		r.wantGot("0s 487 local")
	})
}

func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		refused := false
		r.refuse = func(*sip.Request, transaction.Target) error {
			if !refused {
				refused = true
				return errors.New("refused")
			}
			return nil
		}
		r.targets = append(r.targets, r.targets[0])
		ack := outgoing("ACK")
		r.layer.Send(ack)
		r.layer.Send(ack)
		r.wantSent("0s ACK", "0s ACK")
		first, _ := r.requests[0].Headers.TopVia()
		second, _ := r.requests[1].Headers.TopVia()
		if first.Branch() == second.Branch() || !strings.HasPrefix(first.Branch(), sip.MagicCookie) {
			t.Errorf("branches %q and %q", first.Branch(), second.Branch())
		}
		if n := r.layer.Len(); n != 0 {
			t.Errorf("%d transactions", n)
		}
	})
}

// A callback may use its own and other transactions, and callbacks never
// overlap.
func TestCallbacksMayCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		var tx sip.ClientTransaction
		inside := 0
		tx = r.layer.Request(outgoing("INVITE"), func(res *sip.Response) {
			if inside++; inside != 1 {
				t.Error("callbacks overlap")
			}
			r.on(res)
			if res.Code == 180 {
				again := sip.NewResponse(r.last("INVITE"), 183, "", "peer")
				r.layer.HandleResponse(again) // pushed, runs after this
				r.layer.Request(outgoing("INFO"), r.on)
				r.layer.Send(outgoing("ACK"))
				tx.Cancel(nil)
			}
			if res.Code == 183 {
				tx.Abandon()
			}
			inside--
		})
		r.respond("INVITE", 180)
		r.wantGot("0s 180", "0s 183")
		r.wantSent("0s INVITE", "0s INFO", "0s ACK", "0s CANCEL")
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		tx := r.layer.Request(outgoing("INVITE"), r.on)
		r.respond("INVITE", 180)
		r.receive(incoming("INVITE", "udp", "z9hG4bKa"))
		r.receive(incoming("INFO", "udp", "z9hG4bKb"))
		r.sent, r.got = nil, nil
		r.layer.Close()
		r.layer.Close()
		r.respond("INVITE", 200)
		tx.Cancel(nil)
		tx.Abandon()
		for _, q := range r.asked {
			if err := q.Respond(sip.NewResponse(q.Request(), 200, "", "")); !errors.Is(err, sip.ErrFinal) {
				t.Errorf("Respond after Close: %v", err)
			}
		}
		r.receive(incoming("INFO", "udp", "z9hG4bKc"))
		r.receive(incoming("ACK", "udp", "z9hG4bKd"))
		r.until(300 * sec)
		r.wantSent()
		r.wantGot()
		r.layer.Request(outgoing("INFO"), r.on)
		synctest.Wait()
		r.wantGot("5m0s 503 local")
		if n := r.layer.Len(); n != 0 {
			t.Errorf("%d transactions left", n)
		}
	})
}
