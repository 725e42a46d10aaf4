package transaction_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

func TestMergedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		r.receive(incoming("INVITE", "udp", "z9hG4bK1"))
		r.receive(incoming("INVITE", "udp", "z9hG4bKother"))
		first := r.reply().ToTag()
		r.receive(incoming("INVITE", "udp", "z9hG4bKother"))
		if first == "" || r.reply().ToTag() != first {
			t.Errorf("tags of the same stateless response: %q, %q", first, r.reply().ToTag())
		}
		ack := incoming("ACK", "udp", "z9hG4bKother") // its ACK goes nowhere
		ack.Headers.Set("To", ack.Headers.Get("To")+";tag="+first)
		r.receive(ack)
		r.wantSent("0s 100", "0s 482", "0s 482")
		r.wantGot("0s INVITE")
		inside := incoming("INVITE", "udp", "z9hG4bKinside") // a dialog may have any number
		inside.Headers.Set("To", "<sip:pbx@198.51.100.1>;tag=us")
		r.receive(inside)
		r.wantGot("0s INVITE", "0s INVITE")
		_ = r.asked[0].Respond(sip.NewResponse(r.asked[0].Request(), 486, "", ""))
		r.until(100 * sec)
		r.receive(incoming("INVITE", "udp", "z9hG4bKlater")) // the first is forgotten
		r.wantGot("0s INVITE", "0s INVITE", "1m40s INVITE")
	})
}

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp", func(o *transaction.Options) { o.MaxTransactions = 8 })
		request := func(i int, to string) {
			q := incoming("INFO", "udp", "z9hG4bK"+strconv.Itoa(i))
			q.Headers.Set("Call-ID", strconv.Itoa(i))
			q.Headers.Set("To", "<sip:pbx@198.51.100.1>"+to)
			r.receive(q)
		}
		for i := range 9 {
			request(i, "")
		}
		if n := r.layer.Len(); n != 8 || r.layer.Stats().Rejected != 1 {
			t.Errorf("%d transactions, %+v", n, r.layer.Stats())
		}
		if res := r.reply(); res.Code != 503 || res.Headers.Get("Retry-After") == "" {
			t.Errorf("over the limit: %d %v", res.Code, res.Headers)
		}
		request(0, "") // a retransmission is none
		request(100, ";tag=us")
		request(101, ";tag=us")
		if n := r.layer.Len(); n != 9 {
			t.Errorf("%d transactions with dialogs", n)
		}
		r.receive(incoming("ACK", "udp", "z9hG4bKack"))
		r.wantSent("0s 503 INFO", "0s 503 INFO")
		r.until(33 * sec)
		request(200, "")
		if n := r.layer.Len(); n != 1 {
			t.Errorf("%d transactions later", n)
		}
	})
}

// TestOldBranch matches requests of RFC 2543 clients (section 17.2.3).
func TestOldBranch(t *testing.T) {
	for name, branch := range map[string]string{"none": "", "no cookie": "1", "only the cookie": "z9hG4bK"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp")
				r.receive(incoming("INVITE", "tcp", branch))
				r.receive(incoming("INVITE", "tcp", branch))
				other := incoming("INVITE", "tcp", branch) // the branch is not unique
				other.Headers.Set("CSeq", "2 INVITE")
				r.receive(other)
				r.receive(incoming("CANCEL", "tcp", branch))
				ack := incoming("ACK", "tcp", branch)
				ack.Headers.Set("To", r.reply().Headers.Get("To"))
				r.receive(ack)
				if n := r.layer.Len(); n != 1 {
					t.Errorf("%d transactions after the ACK", n)
				}
				r.wantGot("0s INVITE", "0s INVITE")
				r.wantSent("0s 100", "0s 100", "0s 100", "0s 200 CANCEL", "0s 487")
			})
		})
	}
}

func TestReceivedAndRport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		r.receive(incoming("INVITE", "udp", "z9hG4bK1"))
		want := "SIP/2.0/UDP phone.example.com:5070;rport=5060;branch=z9hG4bK1;received=192.0.2.1"
		if have := r.reply().Headers.Get("Via"); have != want {
			t.Errorf("Via %q, want %q", have, want)
		}
	})
}

func TestMalformed(t *testing.T) {
	for name, c := range map[string]struct {
		header, value string
		sent          []string
	}{
		"no Via":           {"Via", "", nil},
		"Via is nonsense":  {"Via", "UDP host", nil},
		"no From":          {"From", "", []string{"0s 400 INFO"}},
		"To is nonsense":   {"To", "<", []string{"0s 400 INFO"}},
		"no Call-ID":       {"Call-ID", "", []string{"0s 400 INFO"}},
		"other CSeq":       {"CSeq", "1 BYE", []string{"0s 400 BYE"}},
		"CSeq is too high": {"CSeq", "4294967295 INFO", []string{"0s 400 "}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "udp")
				for _, method := range []string{"INFO", "ACK"} {
					q := incoming(method, "udp", "z9hG4bK1")
					if method == "INFO" || c.header != "CSeq" {
						q.Headers.Del(c.header)
						if c.value != "" {
							q.Headers.Add(c.header, c.value)
						}
						r.receive(q)
					}
				}
				r.wantSent(c.sent...)
				r.wantGot()
				if r.layer.Len() != 0 || r.layer.Stats().Malformed == 0 {
					t.Errorf("%d transactions, %+v", r.layer.Len(), r.layer.Stats())
				}
			})
		})
	}
}

func TestResponsesThatFitNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		r.layer.Request(outgoing("INVITE"), r.on)
		for _, change := range []func(*sip.Response){
			func(res *sip.Response) { res.Headers.Del("Via") },
			func(res *sip.Response) { res.Headers.Set("CSeq", "x") },
			func(res *sip.Response) { res.Headers.Set("CSeq", "7 BYE") },
			func(res *sip.Response) { res.Headers.Set("Via", "SIP/2.0/UDP h;branch=z9hG4bKother") },
			func(res *sip.Response) { res.Code = 99 },
			func(res *sip.Response) { res.Code = 700 },
		} {
			res := sip.NewResponse(r.last("INVITE"), 200, "", "peer")
			change(res)
			r.layer.HandleResponse(res)
		}
		r.wantGot()
		if s := r.layer.Stats(); s.Stray != 2 || s.Malformed != 4 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRespondRefusesNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp")
		r.receive(incoming("INFO", "udp", "z9hG4bK1"))
		for _, code := range []int{0, 99, 700} {
			if err := r.asked[0].Respond(sip.NewResponse(r.asked[0].Request(), code, "x", "")); err == nil || errors.Is(err, sip.ErrFinal) {
				t.Errorf("%d: %v", code, err)
			}
		}
		r.receive(incoming("ACK", "udp", "z9hG4bK2"))
		if err := r.asked[1].Respond(sip.NewResponse(r.asked[1].Request(), 200, "", "")); !errors.Is(err, sip.ErrFinal) {
			t.Errorf("answer to ACK: %v", err)
		}
	})
}
