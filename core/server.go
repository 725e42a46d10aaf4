package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/stat"
)

// Network is an endpoint that was opened and will be closed.
type Network interface {
	sip.Endpoint
	// Close ends all transactions and sockets, after what is being sent.
	Close(ctx context.Context) error
}

// Options are what a server is made of.
type Options struct {
	Config  *Config
	Catalog []Module // fresh instances of every module of this build
	// Open opens the sockets of the configuration, all or none.
	Open func(context.Context, sip.Handler) (Network, error)
	// Bind makes the router over the loaded modules.
	Bind    func([]Module, *Server) (Router, error)
	Log     *slog.Logger
	Version string // what Host.Version says
}

// maxRoutes bounds the routes that run at once: each holds a script state.
const maxRoutes = 1024

// Server runs one configuration. It is started once and stopped once.
type Server struct {
	o      Options
	log    *slog.Logger
	mods   []Module // in the order of Init
	names  []string // of mods
	net    Network
	router Router
	self   *selfNames
	stats  stat.Registry
	cmds   mi.Registry
	bus    event.Bus
	evi    *evi.Interface

	dialogs []func(sip.ServerRequest) bool // fixed once ready
	ready   atomic.Bool
	early   earlyRequests
	routes  chan struct{} // one token a running route
	running running
	quit    chan struct{}
	fatal   chan error
	stop    sync.Once
}

// NewServer returns a server that has done nothing yet.
func NewServer(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, log: o.Log, routes: make(chan struct{}, maxRoutes),
		quit: make(chan struct{}), fatal: make(chan error, 1)}
	s.evi = evi.New(&s.bus, s.log)
	s.stats.Describe(evi.Group, evi.Stats())
	s.stats.Collect(evi.Group, s.evi.Stats)
	s.cmds.OnPanic = func(command string, v any, stack []byte) {
		s.log.Error("command panicked", "command", command, "panic", v, "stack", string(stack))
	}
	s.cmds.OnChange = func(command string, ps mi.Params, err *mi.Error) {
		args := []any{"command", command, "params", fmt.Sprintf("%.300s", fmt.Sprint(map[string]any(ps)))}
		if err != nil {
			args = append(args, "err", err.Message)
		}
		s.log.Info("management command", args...)
	}
	return s
}

// Start brings the server up, or nothing of it: after an error everything
// that was opened has been closed.
func (s *Server) Start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			_ = s.Stop(ctx) // the first error is the one to tell
		}
	}()
	if s.mods, err = resolve(s.o.Catalog, s.o.Config); err != nil {
		return err
	}
	for _, m := range s.mods {
		s.names = append(s.names, m.Exports().Name)
	}
	if s.net, err = s.o.Open(ctx, s.serve); err != nil {
		return err
	}
	if s.self, err = newSelfNames(s.net.Sockets(), s.o.Config.Aliases); err != nil {
		return err
	}
	for _, m := range s.mods {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("start was interrupted: %w", err)
		}
		if err := s.init(m); err != nil {
			return err
		}
	}
	if s.router, err = s.o.Bind(s.mods, s); err != nil {
		return err
	}
	if s.o.Config.Routes.Startup {
		if err := s.router.Startup(); err != nil {
			return fmt.Errorf("startup_route: %w", err)
		}
	}
	for _, m := range s.mods {
		if st, ok := m.(Starter); ok {
			if err := st.Start(); err != nil {
				return s.at(m, err)
			}
		}
	}
	s.runRoutes()
	s.ready.Store(true)
	s.early.flush(s.serve)
	return nil
}

// init declares and initialises one module.
func (s *Server) init(m Module) error {
	x := m.Exports()
	s.stats.Describe(x.Name, x.Stats)
	for _, t := range x.Events {
		if err := s.bus.Declare(t); err != nil {
			return s.at(m, err)
		}
	}
	for _, c := range x.MI {
		if err := s.cmds.Register(c); err != nil {
			return s.at(m, err)
		}
	}
	if err := m.Init(&host{s, x.Name, s.log.With("module", x.Name)}); err != nil {
		return s.at(m, err)
	}
	return nil
}

// at adds the module and the place where it was loaded to an error.
func (s *Server) at(m Module, err error) error {
	name := m.Exports().Name
	for _, l := range s.o.Config.Loads {
		if l.Name == name {
			return fmt.Errorf("%s: module %s: %w", l.Pos, name, err)
		}
	}
	return fmt.Errorf("module %s: %w", name, err)
}

// Stop ends the server: see the package documentation. It is harmless twice
// and after a failed Start.
func (s *Server) Stop(ctx context.Context) error {
	var errs []error
	s.stop.Do(func() {
		s.ready.Store(false)
		close(s.quit)
		share(ctx, func(ctx context.Context) { s.running.wait(ctx) })
		for _, m := range slices.Backward(s.mods) {
			st, ok := m.(Stopper)
			if !ok {
				continue
			}
			share(ctx, func(ctx context.Context) {
				if err := st.Stop(ctx); err != nil {
					errs = append(errs, fmt.Errorf("module %s: %w", m.Exports().Name, err))
				}
			})
		}
		s.evi.Close(ctx)
		if !s.running.wait(ctx) {
			errs = append(errs, errors.New("a route still runs"))
		}
		if s.router != nil {
			s.router.Close()
		}
		if s.net != nil {
			errs = append(errs, s.net.Close(ctx))
		}
	})
	return errors.Join(errs...)
}

// share gives stop half of the time that is left, so that one part that hangs
// (a database that is away) leaves some for those that stop after it.
func share(ctx context.Context, stop func(context.Context)) {
	if end, ok := ctx.Deadline(); ok {
		half, cancel := context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
		ctx = half
	}
	stop(ctx)
}

// Fatal yields the error of a module that cannot go on.
func (s *Server) Fatal() <-chan error { return s.fatal }

// Sockets lists the listening sockets.
func (s *Server) Sockets() []*sip.Socket { return s.net.Sockets() }

// Module returns the loaded module of that name, or nil.
func (s *Server) Module(name string) Module {
	if i := slices.Index(s.names, name); i >= 0 {
		return s.mods[i]
	}
	return nil
}

// Events is the bus of the server.
func (s *Server) Events() *event.Bus { return &s.bus }

// EVI is the event interface of the server.
func (s *Server) EVI() *evi.Interface { return s.evi }

// Stats is the statistics registry of the server.
func (s *Server) Stats() *stat.Registry { return &s.stats }

// MI is the command registry of the server.
func (s *Server) MI() *mi.Registry { return &s.cmds }

// serve is the handler of the network.
func (s *Server) serve(tx sip.ServerRequest) {
	if !s.ready.Load() && !s.stopping() {
		if s.early.hold(tx) {
			return
		}
		if !s.ready.Load() { // else it became so just now
			s.refuse(tx, 503)
			return
		}
	}
	for _, own := range s.dialogs {
		if own(tx) {
			return
		}
	}
	if !s.ready.Load() {
		s.refuse(tx, 503) // stopping: dialogs may end, nothing may begin
		return
	}
	select {
	case s.routes <- struct{}{}:
	default:
		s.refuse(tx, 503)
		return
	}
	began := s.running.begin(func() {
		defer func() { <-s.routes }()
		s.route(tx)
	})
	if !began {
		<-s.routes
		s.refuse(tx, 503)
	}
}

func (s *Server) stopping() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// route runs request_route and answers 500 where it left the request with no
// answer.
func (s *Server) route(tx sip.ServerRequest) {
	m := NewMsg(tx)
	err := s.guard(func() error { return s.router.Request(m) })
	if err == nil {
		return
	}
	s.log.Error("request_route", "err", err, "call_id", m.Req.CallID(), "method", m.Req.Method, "source", m.Req.Source)
	if !m.Settled() && m.Req.Method != sip.ACK {
		s.refuse(tx, code(err))
	}
}

// code is the status a route error is answered with: what the error asks for
// (503 when no script state was free), else 500.
func code(err error) int {
	var asks interface{ StatusCode() int }
	if errors.As(err, &asks) {
		return asks.StatusCode()
	}
	return 500
}

func (s *Server) refuse(tx sip.ServerRequest, code int) {
	if tx.Request().Method == sip.ACK {
		return
	}
	res := sip.NewResponse(tx.Request(), code, "", "")
	if code == 503 {
		res.Headers.Add("Retry-After", "5")
	}
	if err := tx.Respond(res); err != nil && !errors.Is(err, sip.ErrFinal) {
		s.log.Debug("refuse", "err", err)
	}
}

// Running reports whether the server takes calls: it has started, and does not
// stop.
func (s *Server) Running() bool { return s.ready.Load() }
