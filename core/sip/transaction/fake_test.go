package transaction_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

var peer = netip.MustParseAddrPort("192.0.2.1:5060")

func socket(proto string) *sip.Socket {
	return &sip.Socket{Proto: proto, Host: "0.0.0.0", Port: 5060, AdvHost: "198.51.100.1", AdvPort: 5060}
}

// rig is a layer over a transport that notes what is sent, with the time
// since the beginning: "500ms INVITE", "32s 408".
type rig struct {
	t     *testing.T
	layer *transaction.Layer
	start time.Time

	mu       sync.Mutex
	targets  []transaction.Target
	hold     bool // Resolve waits for resolve
	resolve  func([]transaction.Target, error)
	refuse   func(req *sip.Request, to transaction.Target) error
	fails    []func(error)
	sent     []string
	requests []*sip.Request
	replies  []*sip.Response
	got      []string // what callbacks and the handler were given
	asked    []sip.ServerRequest
	handler  sip.Handler
	tokens   int
}

func newRig(t *testing.T, proto string, change ...func(*transaction.Options)) *rig {
	r := &rig{t: t, start: time.Now()}
	r.targets = []transaction.Target{{Socket: socket(proto), Addr: peer}}
	o := transaction.Options{Transport: r, Handler: r.handle, Rand: r.token}
	for _, f := range change {
		f(&o)
	}
	r.layer = transaction.New(o)
	t.Cleanup(r.layer.Close)
	return r
}

func (r *rig) token() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens++
	return "token" + strconv.Itoa(r.tokens)
}

func (r *rig) stamp(what string) string { return fmt.Sprint(time.Since(r.start), " ", what) }

func (r *rig) Resolve(req *sip.Request, done func([]transaction.Target, error)) {
	r.mu.Lock()
	targets := r.targets
	hold := r.hold
	r.resolve = done
	r.mu.Unlock()
	if !hold {
		done(targets, nil)
	}
}

func (r *rig) SendRequest(req *sip.Request, to transaction.Target, fail func(error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		if err := r.refuse(req, to); err != nil {
			return err
		}
	}
	r.sent = append(r.sent, r.stamp(req.Method))
	r.requests = append(r.requests, req)
	r.fails = append(r.fails, fail)
	return nil
}

func (r *rig) SendResponse(res *sip.Response, s *sip.Socket, source netip.AddrPort) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, method := res.CSeq()
	r.sent = append(r.sent, strings.TrimSuffix(r.stamp(strconv.Itoa(res.Code)+" "+method), " INVITE"))
	r.replies = append(r.replies, res)
	return nil
}

func (r *rig) handle(q sip.ServerRequest) {
	r.mu.Lock()
	r.got = append(r.got, r.stamp(q.Request().Method))
	r.asked = append(r.asked, q)
	h := r.handler
	r.mu.Unlock()
	if h != nil {
		h(q)
	}
}

func (r *rig) on(res *sip.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := strconv.Itoa(res.Code)
	if res.Local {
		what += " local"
	}
	r.got = append(r.got, r.stamp(what))
}

// until waits for a moment since the beginning, in virtual time.
func (r *rig) until(d time.Duration) {
	if wait := d - time.Since(r.start); wait > 0 {
		<-time.After(wait)
	}
	synctest.Wait()
}

func (r *rig) wantSent(want ...string) {
	r.t.Helper()
	r.want("sent", &r.sent, want)
}

func (r *rig) wantGot(want ...string) {
	r.t.Helper()
	r.want("got", &r.got, want)
}

func (r *rig) want(what string, have *[]string, want []string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(*have, want) {
		r.t.Errorf("%s:\n have %q\n want %q", what, *have, want)
	}
}

// last returns the last request sent with a method.
func (r *rig) last(method string) *sip.Request {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range slices.Backward(r.requests) {
		if q.Method == method {
			return q
		}
	}
	r.t.Fatalf("no %s was sent", method)
	return nil
}

func (r *rig) reply() *sip.Response {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replies[len(r.replies)-1]
}

// respond is the peer's response to the last request with a method.
func (r *rig) respond(method string, code int) {
	r.t.Helper()
	res := sip.NewResponse(r.last(method), code, "", "peer")
	res.Source = peer
	r.layer.HandleResponse(res)
	synctest.Wait()
}

// outgoing is a request of the owner.
func outgoing(method string) *sip.Request {
	uri, _ := sip.ParseURI("sip:bob@192.0.2.1")
	return &sip.Request{Method: method, URI: uri, Headers: sip.Headers{
		{Name: "From", Value: "<sip:pbx@198.51.100.1>;tag=us"},
		{Name: "To", Value: "<sip:bob@192.0.2.1>"},
		{Name: "Call-ID", Value: "call-1"},
		{Name: "CSeq", Value: "7 " + method},
		{Name: "Route", Value: "<sip:192.0.2.1;lr>"},
	}, Body: []byte("v=0\r\n")}
}

// incoming is a request of the peer.
func incoming(method, proto, branch string) *sip.Request {
	uri, _ := sip.ParseURI("sip:pbx@198.51.100.1")
	via := "SIP/2.0/" + strings.ToUpper(proto) + " phone.example.com:5070;rport"
	if branch != "" {
		via += ";branch=" + branch
	}
	return &sip.Request{Method: method, URI: uri, Socket: sharedSocket(proto), Source: peer, Headers: sip.Headers{
		{Name: "Via", Value: via},
		{Name: "From", Value: "<sip:bob@example.com>;tag=them"},
		{Name: "To", Value: "<sip:pbx@198.51.100.1>"},
		{Name: "Call-ID", Value: "call-2"},
		{Name: "CSeq", Value: "1 " + method},
	}, Body: []byte("v=0\r\n")}
}

func sharedSocket(proto string) *sip.Socket { return socket(proto) }

func (r *rig) receive(req *sip.Request) {
	r.layer.HandleRequest(req)
	synctest.Wait()
}
