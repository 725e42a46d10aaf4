//go:build unix

package midatagram

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/modules/mihttp/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server with a few commands.
type fakeHost struct {
	core.Host
	mi  mi.Registry
	mu  sync.Mutex
	log strings.Builder

	hold chan struct{} // test:wait answers when it is closed
}

func (h *fakeHost) Log() *slog.Logger { return slog.New(slog.NewTextHandler(h, nil)) }
func (h *fakeHost) MI() *mi.Registry  { return &h.mi }

func (h *fakeHost) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Write(p)
}

func (h *fakeHost) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

// eventually waits until the log says text.
func (h *fakeHost) eventually(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(h.logged(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log never says %q: %s", text, h.logged())
		}
	}
}

func newHost(t *testing.T) *fakeHost {
	t.Helper()
	h := &fakeHost{hold: make(chan struct{})}
	for _, c := range []mi.Command{
		{Name: "test:echo", Recipes: []mi.Recipe{{{Name: "text"}}}, Call: func(ps mi.Params) (any, error) { return ps.String("text"), nil }},
		{Name: "test:big", Recipes: []mi.Recipe{{{Name: "size", Kind: mi.Int}}}, Call: func(ps mi.Params) (any, error) {
			return strings.Repeat("x", ps.Int("size")), nil
		}},
		{Name: "test:wait", Call: func(mi.Params) (any, error) { <-h.hold; return nil, nil }},
	} {
		if err := h.mi.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// start runs the module and returns its name for clients.
func start(t *testing.T, m *Module) (*fakeHost, string) {
	t.Helper()
	h := newHost(t)
	if err := errors.Join(m.Init(h), m.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(m.name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	if a, ok := m.Addr().(*net.UDPAddr); ok {
		return h, "udp:" + a.String()
	}
	return h, m.name
}

// sockets are the kinds of socket.
func sockets(t *testing.T) map[string]string {
	return map[string]string{
		"UDP": "udp:127.0.0.1:0", "UDP6": "udp:[::1]:0", "UNIX": filepath.Join(t.TempDir(), "mi.sock"),
	}
}

func call(t *testing.T, name, method string, params any) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := client.Client{Via: client.Datagram{Name: name}}.Call(ctx, method, params)
	return string(got), err
}

func mustEcho(t *testing.T, name string) {
	t.Helper()
	if got, err := call(t, name, "echo", []string{"hello"}); err != nil || got != `"hello"` {
		t.Errorf("echo: %s, %v", got, err)
	}
}

func TestRequest(t *testing.T) {
	for kind, socket := range sockets(t) {
		t.Run(kind, func(t *testing.T) {
			if kind == "UDP6" {
				if c, err := net.ListenPacket("udp", "[::1]:0"); err != nil {
					t.Skip("this machine has no IPv6")
				} else {
					c.Close()
				}
			}
			m := New()
			m.name = socket
			_, name := start(t, m)
			for range 3 {
				mustEcho(t, name)
			}
			if _, err := call(t, name, "nothing", nil); err == nil || err.Error() != "Method not found (-32601)" {
				t.Errorf("nothing: %v", err)
			}
			envelope := len(`{"jsonrpc":"2.0","result":"","id":1}`)
			if got, err := call(t, name, "big", []int{maxDatagram - envelope}); err != nil || len(got) != maxDatagram-envelope+2 {
				t.Errorf("the largest answer: %d bytes, %v", len(got), err)
			}
			_, err := call(t, name, "big", []int{maxDatagram - envelope + 1})
			want := "Server error (-32000): the answer has 65458 bytes and a datagram takes 65457: use mi_http or mi_fifo"
			if err == nil || err.Error() != want {
				t.Errorf("a larger one: %v, want %s", err, want)
			}
		})
	}
}

// dial opens a client's socket.
func dial(t *testing.T, name string) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	if where, ok := strings.CutPrefix(name, "udp:"); ok {
		c, err = net.Dial("udp", where)
	} else {
		own := filepath.Join(t.TempDir(), "client")
		c, err = net.DialUnix("unixgram", &net.UnixAddr{Name: own, Net: "unixgram"}, &net.UnixAddr{Name: name, Net: "unixgram"})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// exchange sends text and returns the next answer.
func exchange(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

const echo = `{"jsonrpc":"2.0","method":"echo","params":["x"],"id":"7"}`

func TestDatagrams(t *testing.T) {
	for kind, socket := range sockets(t) {
		if kind == "UDP6" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			m := New()
			m.name, m.pretty = socket, true
			_, name := start(t, m)
			c := dial(t, name)
			// A notification and what is empty or no JSON harm nobody.
			if _, err := c.Write([]byte(`{"jsonrpc":"2.0","method":"echo","params":["x"]}`)); err != nil {
				t.Fatal(err)
			}
			if got, want := exchange(t, c, echo), "{\n    \"jsonrpc\": \"2.0\",\n    \"result\": \"x\",\n    \"id\": \"7\"\n}"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := exchange(t, c, "uptime"); !strings.Contains(got, "-32700") {
				t.Errorf("no JSON: %s", got)
			}
			if got := exchange(t, c, `"`+strings.Repeat("x", maxDatagram)); !strings.Contains(got, "longer than 65457 bytes") {
				t.Errorf("too long: %s", got)
			}
			if got := exchange(t, c, echo); !strings.Contains(got, `"7"`) {
				t.Errorf("afterwards: %s", got)
			}
		})
	}
}

// TestUnnamed holds that a UNIX client without a name, which cannot be
// answered, is served and harms nobody.
func TestUnnamed(t *testing.T) {
	m := New()
	m.name = filepath.Join(t.TempDir(), "mi.sock")
	_, name := start(t, m)
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(echo)); err != nil {
		t.Fatal(err)
	}
	mustEcho(t, name)
}

// flood sends requests from a socket that nobody reads. It is not connected:
// the kernel bounds the queue of such a one, and not that of a connected one.
func flood(t *testing.T, name string, enough func(sent int) bool) {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "deaf"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for n := 0; !enough(n); n++ {
		if _, err := c.WriteTo([]byte(echo), &net.UnixAddr{Name: name, Net: "unixgram"}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNobodyReads holds that a client whose socket is full holds up nobody
// else, and costs a bounded amount.
func TestNobodyReads(t *testing.T) {
	m := New()
	m.name, m.timeout = filepath.Join(t.TempDir(), "mi.sock"), time.Minute
	h, name := start(t, m)
	flood(t, name, func(sent int) bool { return sent == 1000 })
	h.eventually(t, "too many clients do not read their answers")
	if n := len(m.slots); n != maxLate {
		t.Errorf("%d answers wait, want %d", n, maxLate)
	}
	mustEcho(t, name)
}

func TestTimeout(t *testing.T) {
	m := New()
	m.name, m.timeout = filepath.Join(t.TempDir(), "mi.sock"), 30*time.Millisecond
	h, name := start(t, m)
	flood(t, name, func(int) bool { return strings.Contains(h.logged(), "resource temporarily unavailable") })
	mustEcho(t, name)
}

// TestChildren holds that children_count requests run at once, and that a
// command that hangs does not hang Stop.
func TestChildren(t *testing.T) {
	m, h := New(), newHost(t)
	m.name, m.children = "udp:127.0.0.1:0", 3
	if err := errors.Join(m.Init(h), m.Start()); err != nil {
		t.Fatal(err)
	}
	name := "udp:" + m.Addr().String()
	c := dial(t, name)
	for range 2 {
		if _, err := c.Write([]byte(`{"jsonrpc":"2.0","method":"wait","id":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	mustEcho(t, name)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := m.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop: %v", err)
	}
	close(h.hold)
	m.running.Wait()
}

func TestInit(t *testing.T) {
	dir := t.TempDir()
	stale, plain := filepath.Join(dir, "stale"), filepath.Join(dir, "plain")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: stale, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // a datagram socket leaves its file
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unix, udp := New(), New()
	unix.name, udp.name = filepath.Join(dir, "taken"), "udp:127.0.0.1:0"
	start(t, unix)
	_, taken := start(t, udp)
	for _, tt := range []struct{ name, socket, want string }{
		{"none", "", `no socket: add modparam("mi_datagram", "socket_name", "udp:127.0.0.1:8080")`},
		{"relative", "mi.sock", "want udp:HOST:PORT or an absolute path"},
		{"no port", "udp:127.0.0.1", "want udp:HOST:PORT with an IP address"},
		{"a name", "udp:localhost:8080", "want udp:HOST:PORT with an IP address"},
		{"busy port", taken, "address already in use: end the program that holds the port"},
		{"stale socket", stale, ""},
		{"another program's", unix.name, "is the socket of another program"},
		{"another file", plain, "exists and is not a socket"},
		{"no folder", filepath.Join(dir, "none", "sock"), "no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := New()
			m.name = tt.socket
			err := m.Init(newHost(t))
			if tt.want == "" && err != nil || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err := m.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	bad := New()
	bad.name, bad.access.User = filepath.Join(dir, "bad"), "no-such-user"
	if err := bad.Init(newHost(t)); err == nil || !strings.Contains(err.Error(), `user "no-such-user"`) {
		t.Errorf("no such user: %v", err)
	}
	if err := bad.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(bad.name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestWarns(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		socket string
		mode   fs.FileMode
		want   string
	}{
		{"udp:127.0.0.1:0", 0o660, ""},
		{"udp:0.0.0.0:0", 0o660, "everybody who reaches the port"},
		{filepath.Join(dir, "a"), 0o660, ""},
		{filepath.Join(dir, "b"), 0o666, "every user of this machine"},
	} {
		m, h := New(), newHost(t)
		m.name, m.access.Mode = tt.socket, tt.mode
		if err := m.Init(h); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Lstat(tt.socket); err == nil && st.Mode().Perm() != tt.mode {
			t.Errorf("mode %v, want %v", st.Mode(), tt.mode)
		}
		if got := h.logged(); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s %o: log %q, want %s", tt.socket, tt.mode, got, tt.want)
		}
		if err := m.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestClientAlone covers the client when nobody answers.
func TestClientAlone(t *testing.T) {
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c := client.Client{Via: client.Datagram{Name: "udp:" + silent.LocalAddr().String()}}
	if _, err := c.Call(ctx, "x", nil); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "may have been carried out") {
		t.Errorf("no answer: %v", err)
	}
	for _, name := range []string{"udp:127.0.0.1:1", filepath.Join(t.TempDir(), "none")} {
		if _, err := call(t, name, "x", nil); err == nil || !strings.Contains(err.Error(), "does its route file load mi_datagram?") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
