package eventstream

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/test/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fakeHost struct {
	core.Host
	events *evi.Interface
}

func (h fakeHost) Events() *evi.Interface { return h.events }

// start returns an event interface with the module and the event E_A.
func start(t *testing.T, m *Module) *evi.Interface {
	t.Helper()
	i := evi.New(&event.Bus{}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { i.Close(context.Background()) })
	if err := i.Bus().Declare(event.Type{Name: "E_A"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Init(fakeHost{events: i}); err != nil {
		t.Fatal(err)
	}
	return i
}

func set(t *testing.T, m *Module, name string, v any) {
	t.Helper()
	for _, p := range m.Exports().Params {
		if p.Name == name {
			if err := p.Set(v); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// peer is a subscriber that reads line by line.
type peer struct {
	net.Conn
	*bufio.Reader
}

func accept(t *testing.T, l net.Listener) peer {
	t.Helper()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return peer{c, bufio.NewReader(c)}
}

func (p peer) line(t *testing.T) string {
	t.Helper()
	text, err := p.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(text, "\n")
}

func raise(t *testing.T, i *evi.Interface, n int64) {
	t.Helper()
	if err := i.Raise("E_A", event.Field{Name: "n", Value: n}); err != nil {
		t.Fatal(err)
	}
}

func subscribe(t *testing.T, i *evi.Interface, socket string) {
	t.Helper()
	if err := i.Subscribe("E_A", socket, 0); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, i *evi.Interface, name string, want int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		for _, v := range i.Stats() {
			if v.Name == name && v.Value == want {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s: want %d of %+v", name, want, i.Stats())
		}
	}
}

func TestNotifications(t *testing.T) {
	m := New()
	set(t, m, "event_param", "opensips_event")
	i := start(t, m)
	l, old := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	subscribe(t, i, "tcp:"+l.Addr().String())
	subscribe(t, i, "jsonrpc:"+old.Addr().String()+"/handle_cmd")
	raise(t, i, 1)
	p, q := accept(t, l), accept(t, old)
	if got := p.line(t); got != `{"jsonrpc":"2.0","method":"E_A","params":{"opensips_event":"E_A","n":1}}` {
		t.Error(got)
	}
	if got := q.line(t); got != `{"jsonrpc":"2.0","method":"handle_cmd","params":{"opensips_event":"E_A","n":1}}` {
		t.Error(got)
	}
	raise(t, i, 2)
	if got := p.line(t); !strings.Contains(got, `"n":2`) {
		t.Error(got)
	}
}

// TestReconnect: the peer is away at first, comes, and closes the connection.
func TestReconnect(t *testing.T) {
	i := start(t, New())
	addr := fmt.Sprintf("127.0.0.1:%d", ports.Free(t))
	subscribe(t, i, "tcp:"+addr)
	raise(t, i, 1)
	l := listen(t, addr)
	p := accept(t, l)
	if got := p.line(t); !strings.Contains(got, `"n":1`) {
		t.Error(got)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for n := int64(2); ; n++ { // one may be on the way into the closed connection
		raise(t, i, n)
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
		if c, err := l.Accept(); err == nil {
			p = peer{c, bufio.NewReader(c)}
			break
		} else if n == 50 {
			t.Fatal("no new connection")
		}
	}
	defer p.Close()
	if got := p.line(t); !strings.Contains(got, `"method":"E_A"`) {
		t.Error(got)
	}
}

func TestReliable(t *testing.T) {
	m := New()
	set(t, m, "reliable_mode", 1)
	set(t, m, "timeout", 200)
	i := start(t, m)
	l := listen(t, "127.0.0.1:0")
	subscribe(t, i, "tcp:"+l.Addr().String())
	raise(t, i, 1)
	p := accept(t, l)
	answer := func(p peer, form string) {
		t.Helper()
		var req struct {
			ID     uint64
			Method string
		}
		if err := json.Unmarshal([]byte(p.line(t)), &req); err != nil || req.ID == 0 || req.Method != "E_A" {
			t.Fatalf("%+v, %v", req, err)
		}
		if _, err := fmt.Fprintf(p, form, req.ID); err != nil {
			t.Fatal(err)
		}
	}
	answer(p, `{"jsonrpc":"2.0","result":8,"id":999}[1]{"jsonrpc":"2.0","result":8,"id":%d}`)
	waitFor(t, i, "sent", 1)
	raise(t, i, 2)
	answer(p, `{"jsonrpc":"2.0","error":{"code":1,"message":"no"},"id":%d}`)
	waitFor(t, i, "failed", 1)
	raise(t, i, 3)
	p.line(t) // and no answer: the connection is given up
	waitFor(t, i, "failed", 2)
	if _, err := p.ReadByte(); err != io.EOF {
		t.Errorf("the connection is open: %v", err)
	}
	raise(t, i, 4)
	p = accept(t, l)
	answer(p, `{"jsonrpc":"2.0","result":"`+strings.Repeat("x", 2*maxReply)+`","id":%d}`)
	waitFor(t, i, "failed", 3)
}

// TestUnread: a peer that never reads delays nobody, and the end is quick.
func TestUnread(t *testing.T) {
	i := start(t, New())
	bad, good := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	subscribe(t, i, "tcp:"+bad.Addr().String())
	subscribe(t, i, "tcp:"+good.Addr().String())
	text := strings.Repeat("x", 32<<10)
	var p peer
	for n := range 1000 {
		if err := i.Raise("E_A", event.Field{Name: "text", Value: text}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			p = accept(t, good)
		}
		p.line(t)
	}
	begun := time.Now()
	i.Close(t.Context())
	if d := time.Since(begun); d > 3*time.Second {
		t.Errorf("the end took %v", d)
	}
}

func TestSyntax(t *testing.T) {
	i := start(t, New())
	for _, socket := range []string{"tcp:", "tcp:a", "tcp::5", "tcp:a:0", "jsonrpc:a:99999", "tcp:a:1/", "tcp:a:1/b c"} {
		if err := i.Subscribe("E_A", socket, 0); err == nil || !strings.Contains(err.Error(), "want tcp:host:port") {
			t.Errorf("%s: %v", socket, err)
		}
	}
	if err := i.Subscribe("E_A", "tcp:[::1]:9/m", 0); err != nil {
		t.Error(err)
	}
	m := New()
	set(t, m, "timeout", 0)
	if m.Init(fakeHost{events: i}) == nil {
		t.Error("timeout 0 was accepted")
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
