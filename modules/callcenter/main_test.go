package callcenter

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/b2b"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server round one module.
type fakeHost struct {
	modules   map[string]core.Module
	ep        sip.Endpoint
	own       []func(sip.ServerRequest) bool
	defaultDB string
	log       *slog.Logger // nil: nowhere
	stats     stat.Registry
	mi        mi.Registry

	mu     sync.Mutex
	events []event.Event
	fatal  []error
}

func (h *fakeHost) Log() *slog.Logger {
	if h.log != nil {
		return h.log
	}
	return slog.New(slog.DiscardHandler)
}
func (h *fakeHost) Endpoint() sip.Endpoint                       { return h.ep }
func (h *fakeHost) Module(name string) core.Module               { return h.modules[name] }
func (h *fakeHost) HandleDialogs(f func(sip.ServerRequest) bool) { h.own = append(h.own, f) }
func (h *fakeHost) IsMyself(string, int) bool                    { return false }
func (h *fakeHost) Local(*sip.Request, *core.CallInfo)           {}
func (h *fakeHost) Stats() *stat.Registry                        { return &h.stats }
func (h *fakeHost) MI() *mi.Registry                             { return &h.mi }
func (h *fakeHost) Events() *evi.Interface                       { return nil }
func (h *fakeHost) Version() string                              { return "sipd (test)" }
func (h *fakeHost) DefaultDB() string                            { return h.defaultDB }
func (h *fakeHost) Fatal(err error)                              { h.mu.Lock(); h.fatal = append(h.fatal, err); h.mu.Unlock() }
func (h *fakeHost) Emit(name string, fields ...event.Field) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event.Event{Name: name, Fields: fields})
}

// fakeStorage is a database in memory.
type fakeStorage struct {
	load    func(context.Context) (engine.Load, []store.BadRow, error)
	mu      sync.Mutex
	saved   []engine.Action
	onSave  func(engine.Action) // nil: nothing more
	tags    map[string]bool
	cleared int
	closed  bool
}

func (s *fakeStorage) Load(ctx context.Context) (engine.Load, []store.BadRow, error) {
	if s.load == nil {
		return engine.Load{}, nil, errors.New("no tables")
	}
	return s.load(ctx)
}
func (s *fakeStorage) ClearCalls()                          { s.mu.Lock(); s.cleared++; s.mu.Unlock() }
func (s *fakeStorage) Tags() map[string]bool                { return s.tags }
func (s *fakeStorage) Close(context.Context) error          { s.closed = true; return nil }
func (s *fakeStorage) Foreign(context.Context) (int, error) { return 0, nil }

func (s *fakeStorage) Save(a engine.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = append(s.saved, a)
	if s.onSave != nil {
		s.onSave(a)
	}
}

func (s *fakeStorage) cdrs() (list []engine.CDR) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.saved {
		if w, ok := a.(engine.WriteCDR); ok {
			list = append(list, w.CDR)
		}
	}
	return list
}

// running is a module with that configuration, without network.
func running(t *testing.T, load engine.Load) (*module, *fakeHost, *fakeStorage) {
	t.Helper()
	host, disk := &fakeHost{}, &fakeStorage{}
	m := New().(*module)
	m.params.rejectOnNoAgents = false
	m.host, m.log, m.store, m.sessions = host, host.Log(), disk, b2b.New()
	for _, c := range m.commands() {
		if err := host.mi.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	m.start(load, offers{})
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m, host, disk
}
