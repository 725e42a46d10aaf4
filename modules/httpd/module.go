package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/sipd/sipd/core"
)

// The time limits of a connection. A peer that does not keep to them loses it.
const (
	headerTime = 5 * time.Second             // from the first byte to the end of the header
	readTime   = headerTime + 10*time.Second // to the end of the body
	writeTime  = time.Minute                 // to the end of the answer, the work included
	maxHeader  = 32 << 10                    // bytes
)

// Module is the module httpd. It implements [core.Module], [core.Starter] and
// [core.Stopper].
type Module struct {
	conf   config
	log    *slog.Logger
	fatal  func(error)
	mux    *http.ServeMux
	srv    *http.Server
	listen net.Listener

	fresh   fresh
	started bool
	running sync.WaitGroup
}

// config holds the parameters; see Exports.
type config struct {
	ip          string
	port        int
	hosts       string
	idle        time.Duration
	connections int
	ignored     [3]int // buffer sizes
}

var (
	_ core.Module  = (*Module)(nil)
	_ core.Starter = (*Module)(nil)
	_ core.Stopper = (*Module)(nil)
)

// New returns the module with its default parameters.
func New() *Module {
	return &Module{
		conf: config{ip: "127.0.0.1", port: 8888, idle: 30 * time.Second, connections: 256, ignored: [3]int{0, 1024, 1024}},
		mux:  http.NewServeMux(),
	}
}

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	const noEffect = "accepted and without effect: buffers grow as needed"
	c := &m.conf
	return core.Exports{
		Name: "httpd",
		Params: []core.Param{
			core.String("ip", &c.ip, "IP address to listen on"),
			core.Int("port", &c.port, 0, 65535, "TCP port to listen on; 0: any free port"),
			core.String("hosts", &c.hosts, "names under which clients may reach the server, besides IP addresses, localhost and the machine's name; separated by ';'"),
			core.Seconds("conn_timeout", &c.idle, "how long a connection may be idle between two requests, at least 1"),
			core.Int("max_connections", &c.connections, 1, 100_000, "connections at once; more wait"),
			core.Int("buf_size", &c.ignored[0], 0, 1<<30, noEffect),
			core.Int("post_buf_size", &c.ignored[1], 0, 1<<30, noEffect),
			core.Int("receive_buf_size", &c.ignored[2], 0, 1<<30, noEffect),
		},
	}
}

// Init implements [core.Module]: it opens the listener.
func (m *Module) Init(host core.Host) error {
	m.log, m.fatal = host.Log(), host.Fatal
	if m.conf.idle <= 0 {
		return errors.New("conn_timeout 0: want at least 1 second, or an idle peer would keep its connection for ever")
	}
	ip := net.ParseIP(m.conf.ip)
	if ip == nil {
		return fmt.Errorf("ip %q: want an IP address of this machine", m.conf.ip)
	}
	addr := net.JoinHostPort(m.conf.ip, strconv.Itoa(m.conf.port))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w: end the program that holds the port, or set another with modparam(\"httpd\", \"port\", ...)", addr, err)
	}
	m.listen = netutil.LimitListener(l, m.conf.connections)
	m.srv = m.server(newGuard(m.conf.hosts, m.log).wrap(m.mux))
	return nil
}

func (m *Module) server(h http.Handler) *http.Server {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       m.conf.idle,
		MaxHeaderBytes:    maxHeader,
		ConnState:         m.fresh.track,
		ErrorLog:          slog.NewLogLogger(m.log.Handler(), slog.LevelDebug),
	}
	srv.RegisterOnShutdown(m.fresh.close)
	return srv
}

// Handle mounts a handler, under the rules of [http.ServeMux]. Modules that
// need httpd call it in their Init. A pattern that is taken is an error.
func (m *Module) Handle(pattern string, h http.Handler) (err error) {
	defer func() {
		if v := recover(); v != nil { // the mux reports conflicts by panics only
			err = fmt.Errorf("httpd: cannot mount %q: %v", pattern, v)
		}
	}()
	m.mux.Handle(pattern, h)
	return nil
}

// Addr returns the address the server listens on, or nil before Init.
func (m *Module) Addr() net.Addr {
	if m.listen == nil {
		return nil
	}
	return m.listen.Addr()
}

// Loopback reports whether only this machine can reach the server.
func (m *Module) Loopback() bool {
	a, ok := m.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Start implements [core.Starter].
func (m *Module) Start() error {
	m.started = true
	m.log.Info("listening", "addr", m.Addr().String())
	m.running.Go(func() {
		if err := m.srv.Serve(m.listen); !errors.Is(err, http.ErrServerClosed) {
			m.fatal(fmt.Errorf("serving on %s: %w", m.Addr(), err))
		}
	})
	return nil
}

// Stop implements [core.Stopper]: no new connection is taken, requests that
// run may end as long as ctx allows, then their connections are cut.
func (m *Module) Stop(ctx context.Context) (err error) {
	if m.listen == nil {
		return nil
	}
	if !m.started {
		return m.listen.Close()
	}
	if err = m.srv.Shutdown(ctx); err != nil {
		err = fmt.Errorf("requests that still ran were cut: %w", errors.Join(err, m.srv.Close()))
	}
	m.running.Wait()
	return err
}

// fresh knows the connections that have not sent anything yet. A graceful
// shutdown would wait five seconds for each.
type fresh struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func (f *fresh) track(c net.Conn, s http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s != http.StateNew {
		delete(f.conns, c)
		return
	}
	if f.conns == nil {
		f.conns = make(map[net.Conn]struct{})
	}
	f.conns[c] = struct{}{}
}

func (f *fresh) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
}
