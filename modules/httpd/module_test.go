package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server with what httpd asks it for.
type fakeHost struct {
	core.Host
	t *testing.T
}

func (h fakeHost) Log() *slog.Logger { return slog.New(slog.DiscardHandler) }
func (h fakeHost) Fatal(err error)   { h.t.Errorf("fatal: %v", err) }

func set(t *testing.T, m *Module, name string, v any) {
	t.Helper()
	for _, p := range m.Exports().Params {
		if p.Name == name {
			if err := p.Set(v); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no parameter %s", name)
}

// start returns a running module on a free port, and what stops it.
func start(t *testing.T, m *Module, routes map[string]http.HandlerFunc) (stop func(context.Context) error) {
	t.Helper()
	set(t, m, "port", 0)
	if err := m.Init(fakeHost{t: t}); err != nil {
		t.Fatal(err)
	}
	for pattern, h := range routes {
		if err := m.Handle(pattern, h); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	return m.Stop
}

func dial(t *testing.T, m *Module) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

const get = "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

// ask sends a request and reads the answer.
func ask(t *testing.T, c net.Conn, request string) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func hello(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }

func TestServe(t *testing.T) {
	m := New()
	stop := start(t, m, map[string]http.HandlerFunc{"/x": hello})
	if !m.Loopback() {
		t.Error("the default address is not this machine's own")
	}
	c := dial(t, m)
	for range 2 { // the connection is kept
		res, body := ask(t, c, get)
		if res.StatusCode != 200 || body != "hello" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("got %d %q %v", res.StatusCode, body, res.Header)
		}
	}
	if res, _ := ask(t, dial(t, m), "GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n"); res.StatusCode != 403 {
		t.Errorf("another name: %d, want 403", res.StatusCode)
	}
	if err := m.Handle("/x", http.HandlerFunc(hello)); err == nil || !strings.Contains(err.Error(), `cannot mount "/x"`) {
		t.Errorf("mounted twice: %v", err)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestInitRefuses(t *testing.T) {
	first := New()
	stop := start(t, first, nil)
	port := first.Addr().(*net.TCPAddr).Port
	for _, tt := range []struct {
		param string
		value any
		want  []string
	}{
		{"port", port, []string{fmt.Sprintf("cannot listen on 127.0.0.1:%d", port), "in use", `modparam("httpd", "port", ...)`}},
		{"ip", "localhost", []string{`ip "localhost": want an IP address`}},
		{"ip", "192.0.2.1", []string{"cannot listen on 192.0.2.1:"}},
		{"conn_timeout", 0, []string{"conn_timeout 0: want at least 1 second"}},
	} {
		m := New()
		set(t, m, "port", 0)
		set(t, m, tt.param, tt.value)
		err := m.Init(fakeHost{t: t})
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %v: got %v, want %q", tt.param, tt.value, err, want)
			}
		}
		if err := m.Stop(t.Context()); err != nil {
			t.Errorf("stopping after a failed start: %v", err)
		}
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	m := New()
	if err := m.Stop(t.Context()); err != nil {
		t.Errorf("before Init: %v", err)
	}
	set(t, m, "port", 0)
	if err := m.Init(fakeHost{t: t}); err != nil {
		t.Fatal(err)
	}
	addr := m.Addr().String()
	if err := m.Stop(t.Context()); err != nil {
		t.Errorf("before Start: %v", err)
	}
	if c, err := net.Dial("tcp", addr); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

// TestStopWithSilentPeer: a connection that never sent a byte must not hold
// up the end; without care http.Server waits five seconds for it.
func TestStopWithSilentPeer(t *testing.T) {
	m := New()
	stop := start(t, m, map[string]http.HandlerFunc{"/x": hello})
	silent := dial(t, m)
	ask(t, dial(t, m), get) // accepted after the silent one
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := stop(ctx); err != nil {
		t.Error(err)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent connection is open")
	}
}

func TestStopWaitsForRequests(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	m := New()
	stop := start(t, m, map[string]http.HandlerFunc{"/x": func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		hello(w, r)
	}})
	c := dial(t, m)
	if _, err := io.WriteString(c, get); err != nil {
		t.Fatal(err)
	}
	<-entered
	stopped := make(chan error)
	go func() { stopped <- stop(context.Background()) }()
	close(leave)
	if res, body := ask(t, c, ""); res.StatusCode != 200 || body != "hello" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	entered := make(chan struct{})
	m := New()
	stop := start(t, m, map[string]http.HandlerFunc{"/x": func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}})
	c := dial(t, m)
	if _, err := io.WriteString(c, get); err != nil {
		t.Fatal(err)
	}
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop(ctx); err == nil || !strings.Contains(err.Error(), "requests that still ran were cut") {
		t.Errorf("got %v", err)
	}
	_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection was not cut: %v", err)
	}
}

func TestMaxConnections(t *testing.T) {
	m := New()
	set(t, m, "max_connections", 1)
	stop := start(t, m, map[string]http.HandlerFunc{"/x": hello})
	first, second := dial(t, m), dial(t, m)
	ask(t, first, get)
	if _, err := io.WriteString(second, get); err != nil {
		t.Fatal(err)
	}
	_ = second.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, err := second.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes: a second connection was served", n)
	}
	_ = second.SetReadDeadline(time.Time{})
	_ = first.Close()
	if res, _ := ask(t, second, ""); res.StatusCode != 200 {
		t.Errorf("after the first: %d", res.StatusCode)
	}
	if err := stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// pipes is a listener of connections in memory.
type pipes chan net.Conn

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p pipes) Close() error   { return nil }
func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

// TestSlowPeers holds the time limits, on a virtual clock.
func TestSlowPeers(t *testing.T) {
	for _, tt := range []struct {
		name, send string
		want       time.Duration
	}{
		{"nothing", "", headerTime},
		{"header", "POST /x HTTP/1.1\r\nHost: 127.0", headerTime},
		{"body", "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nab", readTime},
		{"idle", get, 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := New()
				m.log = slog.New(slog.DiscardHandler)
				srv := m.server(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body) }))
				l := make(pipes)
				go func() { _ = srv.Serve(l) }()
				client, server := net.Pipe()
				began := time.Now()
				l <- server
				if tt.send != "" {
					if _, err := io.WriteString(client, tt.send); err != nil {
						t.Fatal(err)
					}
				}
				_, _ = io.Copy(io.Discard, client) // until the server hangs up
				if got := time.Since(began); got != tt.want {
					t.Errorf("the connection was closed after %v, want %v", got, tt.want)
				}
				close(l)
				_ = srv.Close()
			})
		})
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
