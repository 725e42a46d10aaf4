package b2b

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/core/stat"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server round one module.
type fakeHost struct {
	ep    sip.Endpoint
	own   []func(sip.ServerRequest) bool
	route func(*sip.Request, *core.CallInfo)

	inside string // a host that is this server as well,
	port   int    // at this port; 0: any

	stats stat.Registry
	mi    mi.Registry
}

func (h *fakeHost) Log() *slog.Logger                            { return slog.New(slog.DiscardHandler) }
func (h *fakeHost) Endpoint() sip.Endpoint                       { return h.ep }
func (h *fakeHost) Module(string) core.Module                    { return nil }
func (h *fakeHost) HandleDialogs(f func(sip.ServerRequest) bool) { h.own = append(h.own, f) }
func (h *fakeHost) Emit(string, ...event.Field)                  {}
func (h *fakeHost) Stats() *stat.Registry                        { return &h.stats }
func (h *fakeHost) MI() *mi.Registry                             { return &h.mi }
func (h *fakeHost) Events() *evi.Interface                       { return nil }
func (h *fakeHost) Version() string                              { return "sipd (test)" }
func (h *fakeHost) DefaultDB() string                            { return "" }
func (h *fakeHost) Fatal(error)                                  {}
func (h *fakeHost) IsMyself(name string, port int) bool {
	return name == "pbx" || name == h.inside && (h.port == 0 || port == 0 || port == h.port)
}
func (h *fakeHost) Local(req *sip.Request, call *core.CallInfo) {
	if h.route != nil {
		h.route(req, call)
	}
}

// rig is a B2BUA at sip:pbx in a network in memory. Each INVITE becomes a
// session; what [rig.on] sets is its owner.
type rig struct {
	t    *testing.T
	net  *siptest.Network
	host *fakeHost
	m    *Module

	accept func(*core.Msg) // instead of opening a session

	link atomic.Pointer[func(siptest.Packet) siptest.Fate] // as Network.Link, also under way

	mu     sync.Mutex
	kept   map[string][]byte // what sessions had kept, by the caller's Call-ID; nil: nothing is
	early  *Dest             // connected before a restored session is opened
	frozen bool              // nothing more is kept
	writes atomic.Int64      // of what is kept
	react  func(Event)
	keys   []Key
	events []Event
	heard  chan struct{}
}

// inRig runs a test in virtual time. After it the B2BUA is stopped, and must
// have no session and no statistic left.
func inRig(t *testing.T, set func(*params), test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, host: &fakeHost{}, m: New(), heard: make(chan struct{}, 1000)}
		r.net = siptest.NewNetwork(t)
		r.net.Link = func(p siptest.Packet) siptest.Fate {
			if fate := r.link.Load(); fate != nil {
				return (*fate)(p)
			}
			return siptest.Fate{}
		}
		r.host.ep = r.net.Endpoint("pbx", r.server(r.host, r.m))
		if set != nil {
			set(&r.m.params)
		}
		if err := r.m.Init(r.host); err != nil {
			t.Fatal(err)
		}
		test(r)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.m.Stop(ctx); err != nil {
			t.Error(err)
		}
		r.idle()
	})
}

// server is what a B2BUA does with requests.
func (r *rig) server(host *fakeHost, m *Module) sip.Handler {
	return func(tx sip.ServerRequest) {
		for _, own := range host.own {
			if own(tx) {
				return
			}
		}
		if tx.Request().Method != sip.INVITE {
			r.t.Errorf("a stray request reached the script: %s", tx.Request().Method)
			return
		}
		msg := core.NewMsg(tx)
		if r.accept != nil {
			r.accept(msg)
			return
		}
		r.open(m, msg)
	}
}

func (r *rig) open(m *Module, msg *core.Msg) Key {
	k, err := m.NewSession(msg, SessionOptions{Observer: r.observe, Ctx: map[string]string{"param": "p"}, Keep: r.keeper(m, msg.Req.CallID())})
	if err != nil {
		r.t.Errorf("NewSession: %v", err)
		return ""
	}
	r.mu.Lock()
	r.keys = append(r.keys, k)
	r.mu.Unlock()
	m.Open(k)
	return k
}

func (r *rig) observe(e Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	react := r.react
	r.mu.Unlock()
	r.heard <- struct{}{}
	if react != nil {
		react(e)
	}
}

// on sets the owner of the sessions.
func (r *rig) on(react func(Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.react = react
}

// wire sets what becomes of the messages from now on.
func (r *rig) wire(fate func(siptest.Packet) siptest.Fate) { r.link.Store(&fate) }

// key waits for the last session.
func (r *rig) key() Key {
	r.t.Helper()
	for range 1000 {
		synctest.Wait()
		r.mu.Lock()
		keys := r.keys
		r.mu.Unlock()
		if len(keys) > 0 {
			return keys[len(keys)-1]
		}
		r.after(time.Millisecond)
	}
	r.t.Fatal("no session")
	return ""
}

// await waits until an event of the type of want was heard that equals it,
// the key left aside.
func (r *rig) await(want Event) {
	r.t.Helper()
	deadline := time.After(10 * time.Minute)
	for {
		if r.has(want) {
			return
		}
		select {
		case <-r.heard:
		case <-deadline:
			r.t.Fatalf("never heard %#v; heard %#v", want, r.got())
		}
	}
}

func (r *rig) got() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

func (r *rig) has(want Event) bool {
	for _, e := range r.got() {
		if plain(e) == plain(want) {
			return true
		}
	}
	return false
}

// plain is an event without its key and reason.
func plain(e Event) Event {
	switch e := e.(type) {
	case Ringing:
		e.Key = ""
		return e
	case Announcing:
		e.Key = ""
		return e
	case AnnounceDone:
		e.Key = ""
		return e
	case Connected:
		e.Key = ""
		return e
	case PeerGone:
		e.Key = ""
		return e
	case ConnectFailed:
		e.Key, e.Reason = "", ""
		return e
	case CallerGone:
		e.Key = ""
		return e
	case Ended:
		e.Key, e.Reason = "", ""
		return e
	}
	return e
}

// last events: how many ended the session.
func (r *rig) terminal() (n int) {
	for _, e := range r.got() {
		switch e.(type) {
		case CallerGone, Ended:
			n++
		}
	}
	return n
}

// after lets time pass.
func (r *rig) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// quiet lets everything end that can end.
func (r *rig) quiet() { r.after(3 * time.Minute) }

// idle holds that nothing is left of any session.
func (r *rig) idle() {
	r.t.Helper()
	for _, v := range r.host.stats.All() {
		if v.Kind == stat.Gauge && v.Value != 0 {
			r.t.Errorf("%s is %d at the end", v.Name, v.Value)
		}
	}
	r.m.mu.RLock()
	defer r.m.mu.RUnlock()
	if len(r.m.sessions) != 0 || len(r.m.dialogs) != 0 {
		r.t.Errorf("%d sessions and %d dialogs are left", len(r.m.sessions), len(r.m.dialogs))
	}
}

// count is Network.Count for one direction.
func (r *rig) count(from, to, what string, want int) {
	r.t.Helper()
	if got := r.net.Count(from, to, what); got != want {
		r.t.Errorf("%s > %s %s: %d times, want %d", from, to, what, got, want)
	}
}

func (r *rig) phone(name string, s siptest.Script) *siptest.Phone { return r.net.Phone(name, s) }

// joined has alice call and joins her to bob with attempt 1.
func (r *rig) joined(alice, bob siptest.Script) (a, b *siptest.Call) {
	r.t.Helper()
	pa, pb := r.phone("alice", alice), r.phone("bob", bob)
	a = pa.Call("sip:hotline@pbx", siptest.SDP("alice", 1))
	r.m.Connect(r.key(), Dest{ID: 1, URI: "sip:bob@bob", Role: "media", State: "welcome"})
	b = pb.Incoming()
	r.await(Connected{ID: 1})
	if !a.Wait(siptest.Confirmed) {
		r.t.Fatal("alice is not connected")
	}
	b.Wait(siptest.Confirmed)
	return a, b
}

// header finds a header in the last message of the trace that fits.
func (r *rig) header(from, to, what, name string) string {
	r.t.Helper()
	re := regexp.MustCompile(`(?im)^` + regexp.QuoteMeta(name) + `:[ \t]*(.*?)\r?$`)
	found, value := false, ""
	for _, e := range r.net.Trace() {
		if e.From == from && e.To == to && e.What == what {
			found = true
			value = ""
			if m := re.FindStringSubmatch(e.Raw); m != nil {
				value = strings.TrimSpace(m[1])
			}
		}
	}
	if !found {
		r.t.Fatalf("no %s from %s to %s", what, from, to)
	}
	return value
}
