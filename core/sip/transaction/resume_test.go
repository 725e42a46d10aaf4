package transaction_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

func TestResume(t *testing.T) {
	sent := sip.Sent{Branch: "z9hG4bKold", Socket: socket("udp"), Addr: peer}
	for _, c := range []struct {
		name      string
		cancel    bool
		codes     []at
		sent, got []string
	}{
		{"nothing comes", false, nil, nil, []string{"32s 408 local"}},
		{"rings and answers", false, []at{{1 * sec, "INVITE", 180}, {2 * sec, "INVITE", 200}, {3 * sec, "INVITE", 200}},
			nil, []string{"1s 180", "2s 200", "3s 200"}},
		{"refused", false, []at{{1 * sec, "INVITE", 486}, {2 * sec, "INVITE", 486}}, []string{"1s ACK", "2s ACK"}, []string{"1s 486"}},
		{"cancelled at once", true, []at{{0, "CANCEL", 200}, {1 * sec, "INVITE", 487}}, []string{"0s CANCEL", "1s ACK"}, []string{"1s 487"}},
		{"answered all the same", true, []at{{0, "CANCEL", 481}, {1 * sec, "INVITE", 200}}, []string{"0s CANCEL"}, []string{"1s 200"}},
		{"cancelled, nothing comes", true, []at{{0, "CANCEL", 481}}, []string{"0s CANCEL"}, []string{"32s 487 local"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "udp")
				r.targets = nil // the way is known: nobody is asked
				tx := r.layer.Resume(outgoing("INVITE"), sent, r.on)
				if c.cancel {
					tx.Cancel(nil)
				}
				for _, e := range c.codes {
					r.until(e.when)
					req := outgoing(e.method)
					via := sip.Via{Transport: "UDP", Host: "198.51.100.1", Port: 5060}
					via.Params.Set("branch", sent.Branch)
					req.Headers.Prepend("Via", via.String())
					res := sip.NewResponse(req, e.code, "", "peer")
					r.layer.HandleResponse(res)
					synctest.Wait()
				}
				r.until(200 * sec)
				r.wantSent(c.sent...)
				r.wantGot(c.got...)
				if n := r.layer.Len(); n != 0 {
					t.Errorf("%d transactions left", n)
				}
				for _, req := range r.requests {
					if via, err := req.Headers.TopVia(); err != nil || via.Branch() != sent.Branch {
						t.Errorf("%s has Via %v", req.Method, via)
					}
				}
			})
		})
	}
}

func TestResumeAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		r.layer.Close()
		r.layer.Resume(outgoing("INVITE"), sip.Sent{Branch: "z9hG4bKold", Socket: socket("udp"), Addr: peer}, r.on)
		if tx := r.layer.Reopen(stamped("z9hG4bKcaller")); tx != nil {
			t.Error("a closed layer opened a transaction")
		}
		r.until(sec)
		r.wantGot("0s 503 local")
	})
}

// TestOnSent: each way a request takes is told.
func TestOnSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := netip.MustParseAddrPort("192.0.2.2:5060")
		r := newRig(t, "udp")
		r.targets = append(r.targets, transaction.Target{Socket: socket("udp"), Addr: second})
		var ways []sip.Sent
		req := outgoing("INVITE")
		req.OnSent = func(s sip.Sent) { ways = append(ways, s) }
		r.layer.Request(req, r.on)
		if len(ways) != 1 || ways[0].Addr != peer {
			t.Fatalf("ways %v", ways)
		}
		r.respond("INVITE", 503)
		if len(ways) != 2 || ways[1].Addr != second || ways[0].Branch == ways[1].Branch {
			t.Fatalf("ways %v", ways)
		}
		if via, _ := r.last("INVITE").Headers.TopVia(); via.Branch() != ways[1].Branch {
			t.Errorf("the INVITE has branch %s, told was %s", via.Branch(), ways[1].Branch)
		}
	})
}

// stamped is an INVITE as the process before has received it.
func stamped(branch string) *sip.Request {
	req := incoming("INVITE", "udp", branch)
	via, _ := req.Headers.TopVia()
	via.Stamp(req.Source)
	req.Headers.SetTopVia(via)
	return req
}

func TestReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		tx := r.layer.Reopen(stamped("z9hG4bKcaller"))
		if tx == nil {
			t.Fatal("no transaction")
		}
		if again := r.layer.Reopen(stamped("z9hG4bKcaller")); again != nil {
			t.Error("opened twice")
		}
		r.wantSent()
		r.receive(incoming("INVITE", "udp", "z9hG4bKcaller")) // it had no 100
		cancelled := false
		tx.OnCancel(func(*sip.Request) { cancelled = true })
		r.receive(incoming("CANCEL", "udp", "z9hG4bKcaller"))
		if !cancelled {
			t.Error("the CANCEL did not find it")
		}
		if err := tx.Respond(sip.NewResponse(tx.Request(), 487, "", "us")); err != nil {
			t.Error(err)
		}
		r.receive(incoming("ACK", "udp", "z9hG4bKcaller"))
		r.until(100 * sec)
		r.wantSent("0s 100", "0s 200 CANCEL", "0s 487")
		r.wantGot()
		if n := r.layer.Len(); n != 0 {
			t.Errorf("%d transactions left", n)
		}
	})
}

func TestReopenRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			req := stamped("z9hG4bKcaller")
			req.Headers = slices.DeleteFunc(req.Headers, func(h sip.Header) bool { return h.Name == name })
			if tx := r.layer.Reopen(req); tx != nil {
				t.Errorf("opened without %s", name)
			}
		}
	})
}
