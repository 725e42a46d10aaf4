package transaction_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

// wire loses what it is given; the test answers by itself.
type wire struct{ target transaction.Target }

func (w wire) Resolve(_ *sip.Request, done func([]transaction.Target, error)) {
	done([]transaction.Target{w.target, w.target}, nil)
}
func (w wire) SendRequest(*sip.Request, transaction.Target, func(error)) error { return nil }
func (w wire) SendResponse(*sip.Response, *sip.Socket, netip.AddrPort) error   { return nil }

// TestConcurrent drives one layer from many goroutines, for the race detector
// and for what must hold in any order: one final response for each request,
// no callbacks at the same time, nothing left at the end.
func TestConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n int
		var mu sync.Mutex
		l := transaction.New(transaction.Options{
			Transport: wire{transaction.Target{Socket: socket("udp"), Addr: peer}},
			Rand:      func() string { mu.Lock(); defer mu.Unlock(); n++; return strconv.Itoa(n) },
			Handler: func(q sip.ServerRequest) {
				q.OnCancel(func(*sip.Request) { _ = q.Respond(sip.NewResponse(q.Request(), 487, "", "")) })
				go func() { _ = q.Respond(sip.NewResponse(q.Request(), 180, "", "")) }()
				go func() { _ = q.Respond(sip.NewResponse(q.Request(), 200, "", "")) }()
			},
		})
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() { hammer(t, l, g) })
		}
		all.Wait()
		<-time.After(200 * sec)
		synctest.Wait()
		if n := l.Len(); n != 0 {
			t.Errorf("%d transactions left", n)
		}
		l.Close()
	})
}

func hammer(t *testing.T, l *transaction.Layer, g int) {
	r := rand.New(rand.NewPCG(uint64(g), 1))
	for i := range 50 {
		branch := fmt.Sprintf("z9hG4bK%d.%d", r.IntN(2), i) // shared between goroutines
		for _, method := range []string{"INVITE", "INVITE", "CANCEL", "INFO", "ACK"} {
			l.HandleRequest(incoming(method, "udp", branch))
		}
		finals, inside := 0, 0
		var mu sync.Mutex
		tx := l.Request(outgoing("INVITE"), func(res *sip.Response) {
			mu.Lock()
			inside++
			if inside != 1 {
				t.Error("callbacks overlap")
			}
			if res.IsFinal() {
				finals++
			}
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			inside--
			mu.Unlock()
		})
		go tx.Cancel(nil)
		for b := range 40 { // guesses at the branches of others, too
			res := sip.NewResponse(outgoing("INVITE"), 100*(1+r.IntN(6)), "", "peer")
			res.Headers.Prepend("Via", "SIP/2.0/UDP h;branch=z9hG4bK"+strconv.Itoa(i*10+b))
			l.HandleResponse(res)
		}
		if r.IntN(4) == 0 {
			tx.Abandon()
			continue
		}
		time.AfterFunc(190*sec, func() {
			mu.Lock()
			defer mu.Unlock()
			if finals == 0 {
				t.Error("no final response")
			}
		})
	}
}

// A panic in a callback that somebody recovers leaves the transaction usable.
func TestPanicInCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp")
		r.layer.Request(outgoing("INVITE"), func(res *sip.Response) {
			r.on(res)
			if res.Code == 180 {
				panic("owner's fault")
			}
		})
		func() {
			defer func() { _ = recover() }()
			r.respond("INVITE", 180)
		}()
		r.respond("INVITE", 200)
		r.wantGot("0s 180", "0s 200")
	})
}

// TestMemory checks that a transaction in its last state keeps no message but
// the response that it may have to send again.
func TestMemory(t *testing.T) {
	for _, code := range []int{200, 486} {
		for _, method := range []string{"INVITE", "INFO"} {
			t.Run(fmt.Sprint(method, code), func(t *testing.T) {
				var asked sip.ServerRequest
				l := transaction.New(transaction.Options{
					Transport: wire{transaction.Target{Socket: socket("udp"), Addr: peer}},
					Handler:   func(q sip.ServerRequest) { asked = q },
					Rand:      func() string { return "x" },
				})
				defer l.Close()
				req := incoming(method, "udp", "z9hG4bK1")
				in := weak.Make(req)
				l.HandleRequest(req)
				_ = asked.Respond(sip.NewResponse(req, code, "", ""))
				asked, req = nil, nil

				req = outgoing(method)
				req.Body = make([]byte, 1000)
				out := weak.Make(&req.Body[0])
				l.Request(req, func(*sip.Response) {})
				res := sip.NewResponse(req, code, "", "peer")
				res.Headers.Prepend("Via", "SIP/2.0/UDP h;branch=z9hG4bKx")
				req = nil
				l.HandleResponse(res)
				runtime.GC()
				if n := l.Len(); n != 2 {
					t.Fatalf("%d transactions", n)
				}
				if in.Value() != nil || out.Value() != nil {
					t.Errorf("kept: received %v, sent %v", in.Value() != nil, out.Value() != nil)
				}
			})
		}
	}
}
