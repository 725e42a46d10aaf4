package player

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
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

// fakeHost is a server with nothing but the player.
type fakeHost struct {
	ep      sip.Endpoint
	source  string // address from which siptest sends for it, or ""
	stats   stat.Registry
	mi      mi.Registry
	dialogs func(sip.ServerRequest) bool
}

func (h *fakeHost) Log() *slog.Logger                            { return slog.New(slog.DiscardHandler) }
func (h *fakeHost) Endpoint() sip.Endpoint                       { return h.ep }
func (h *fakeHost) Module(string) core.Module                    { return nil }
func (h *fakeHost) HandleDialogs(f func(sip.ServerRequest) bool) { h.dialogs = f }
func (h *fakeHost) Local(*sip.Request, *core.CallInfo)           {}
func (h *fakeHost) Emit(string, ...event.Field)                  {}
func (h *fakeHost) Stats() *stat.Registry                        { return &h.stats }
func (h *fakeHost) MI() *mi.Registry                             { return &h.mi }
func (h *fakeHost) Events() *evi.Interface                       { return nil }
func (h *fakeHost) Version() string                              { return "sipd (test)" }
func (h *fakeHost) DefaultDB() string                            { return "" }
func (h *fakeHost) Fatal(error)                                  {}

func (h *fakeHost) IsMyself(host string, port int) bool {
	for _, s := range h.ep.Sockets() {
		if (s.Host == host || h.source == host) && (port == 0 || port == s.Port) {
			return true
		}
	}
	return false
}

// serve is the handler of the network: what is not the player's gets 501,
// which none of its own answers is.
func (h *fakeHost) serve(tx sip.ServerRequest) {
	if !h.dialogs(tx) && tx.Request().Method != sip.ACK {
		_ = tx.Respond(sip.NewResponse(tx.Request(), 501, "", ""))
	}
}

// packet is one RTP packet that the player sent.
type packet struct {
	at time.Time
	to netip.AddrPort
	rtp.Packet
}

// fakeConn is an RTP socket in memory.
type fakeConn struct {
	closed chan struct{}
	in     chan []byte

	mu  sync.Mutex
	out []packet
}

func (c *fakeConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-c.in:
		return copy(b, p), netip.AddrPort{}, nil
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (c *fakeConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	p := packet{at: time.Now(), to: to}
	if err := p.Unmarshal(append([]byte(nil), b...)); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, p)
	return len(b), nil
}

func (c *fakeConn) Close() error { close(c.closed); return nil }

func (c *fakeConn) packets() []packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]packet(nil), c.out...)
}

// rig is a server at pbxHost and a network to call it from.
type rig struct {
	t     *testing.T
	net   *siptest.Network
	host  *fakeHost
	m     *Module
	conns []*fakeConn // in the order of the calls
}

const pbxHost = "10.9.9.9"

// inTime runs f in virtual time with a started player.
func inTime(t *testing.T, f func(*testing.T, *rig), set ...func(*config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, net: siptest.NewNetwork(t), host: &fakeHost{}, m: New()}
		for _, s := range set {
			s(&r.m.conf)
		}
		r.host.ep = r.net.Endpoint(pbxHost, r.host.serve)
		if err := r.m.Init(r.host); err != nil {
			t.Fatal(err)
		}
		r.m.uas.open = func(ip netip.Addr) (packetConn, netip.AddrPort, error) {
			c := &fakeConn{closed: make(chan struct{}), in: make(chan []byte)}
			r.conns = append(r.conns, c)
			return c, netip.AddrPortFrom(ip, uint16(4000+2*len(r.conns))), nil
		}
		if err := r.m.Start(); err != nil {
			t.Fatal(err)
		}
		defer r.stop()
		f(t, r)
	})
}

// stop ends the player and checks that nothing of any call is left.
func (r *rig) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.m.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.t.Errorf("Stop: %v", err)
	}
	for i, c := range r.conns {
		select {
		case <-c.closed:
		default:
			r.t.Errorf("RTP socket %d is still open", i)
		}
	}
	if n := r.stat("calls"); n != 0 {
		r.t.Errorf("%d calls are left", n)
	}
}

func (r *rig) stat(name string) int64 {
	vs, _ := r.host.stats.Find([]string{"player:" + name})
	if len(vs) != 1 {
		r.t.Fatalf("%d statistics called %s", len(vs), name)
	}
	return vs[0].Value
}

// uri is that of a user at the server; parameters may follow the user.
func (r *rig) uri(user string) string {
	user, params, marked := strings.Cut(user, ";")
	if marked {
		params = ";" + params
	}
	return "sip:" + user + "@" + pbxHost + params
}

// after lets d pass and everything that is due happen.
func (r *rig) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// want fails unless the player has sent n packets on its first call, give or
// take one: a call begins between two ticks.
func (r *rig) want(what string, n int) {
	r.t.Helper()
	if got := len(r.conns[0].packets()); got < n-1 || got > n+1 {
		r.t.Errorf("%s: %d packets, want %d", what, got, n)
	}
}

// wantCount fails unless n messages called what went from the player to phone.
func (r *rig) wantCount(phone, what string, n int) {
	r.t.Helper()
	if got := r.net.Count(pbxHost, phone, what); got != n {
		r.t.Errorf("%d times %s to %s, want %d", got, what, phone, n)
	}
}

// alice's session descriptions.
var (
	talking = desc("m=audio 5000 RTP/AVP 0 8")
	holding = desc("m=audio 5000 RTP/AVP 0 8", "a=inactive")
	moved   = desc("m=audio 5002 RTP/AVP 8", "c=IN IP4 10.0.0.2")
)
