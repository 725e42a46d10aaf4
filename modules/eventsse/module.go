package eventsse

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/httpd"
)

const (
	maxBytes  = 32 << 20         // of all events that are kept
	writeTime = 10 * time.Second // a client that takes longer is cut
	busBuffer = 4096             // events between the bus and the ring
)

// Module is the module event_sse. It implements [core.Module], [core.Starter]
// and [core.Stopper].
type Module struct {
	conf struct {
		path, token   string
		clients, keep int
		heartbeat     time.Duration
	}
	log     *slog.Logger
	bus     *event.Bus
	sub     *event.Subscription
	ring    *ring
	quit    chan struct{}
	stop    sync.Once
	running sync.WaitGroup

	clients      atomic.Int64
	refused, cut *stat.Stat
}

var (
	_ core.Module  = (*Module)(nil)
	_ core.Starter = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	m := &Module{quit: make(chan struct{})}
	m.conf.path, m.conf.clients, m.conf.keep = "/events", 64, 10_000
	m.conf.heartbeat = 15 * time.Second
	return m
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	c := &m.conf
	return core.Exports{
		Name:  "event_sse",
		Needs: []string{"httpd"},
		Params: []core.Param{
			core.String("path", &c.path, "path of the stream"),
			core.String("token", &c.token, "what clients must send as \"Authorization: Bearer TOKEN\"; empty: nothing"),
			core.Int("max_clients", &c.clients, 1, 10_000, "clients at once; more are answered 503"),
			core.Int("keep", &c.keep, 1, 1_000_000, "events kept for clients that come back, and 32 MB at the most"),
			core.Seconds("heartbeat", &c.heartbeat, "how often a silent stream gets a comment; 0: every 15"),
		},
		Stats: []stat.Desc{
			{Name: "clients", Kind: stat.Func, Doc: "clients of the stream"},
			{Name: "refused_clients", Kind: stat.Counter, Doc: "clients refused because there were too many"},
			{Name: "cut_clients", Kind: stat.Counter, Doc: "clients cut because they did not read"},
		},
	}
}

// Init implements [core.Module]: it mounts the stream. The first sequence
// number is the time in microseconds, so that numbers grow over restarts
// (fewer than a million events a second come).
func (m *Module) Init(host core.Host) (err error) {
	m.log, m.bus = host.Log(), host.Events().Bus()
	if m.conf.heartbeat <= 0 {
		m.conf.heartbeat = 15 * time.Second
	}
	x := m.Exports()
	if _, err = host.Stats().NewFunc(x.Name, x.Stats[0].Name, m.clients.Load); err != nil {
		return err
	}
	if m.refused, err = host.Stats().New(x.Name, x.Stats[1].Name, stat.Counter); err != nil {
		return err
	}
	if m.cut, err = host.Stats().New(x.Name, x.Stats[2].Name, stat.Counter); err != nil {
		return err
	}
	m.ring = newRing(uint64(time.Now().UnixMicro()), m.conf.keep, maxBytes)
	m.sub = m.bus.Subscribe(busBuffer)
	service := httpd.Service{Module: x.Name, Param: "path", Path: m.conf.path, Want: "/events", Token: m.conf.token, Method: "GET"}
	return service.Mount(host, m)
}

// Start implements [core.Starter].
func (m *Module) Start() error {
	m.running.Go(m.collect)
	return nil
}

// Stop implements [core.Stopper]: all streams end, so that httpd need not wait
// for them.
func (m *Module) Stop(context.Context) error {
	m.stop.Do(func() { close(m.quit) })
	if m.sub != nil {
		m.sub.Close()
	}
	m.running.Wait()
	return nil
}

// collect fills the ring.
func (m *Module) collect() {
	var known uint64
	for e := range m.sub.C() {
		data, err := evi.Params(e)
		if err != nil {
			m.log.Error("an event has no JSON form", "event", e.Name, "err", err)
			continue
		}
		lost := m.sub.Lost()
		m.ring.push(e.Name, data, lost-known)
		known = lost
	}
}
