package eventdatagram

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fakeHost struct {
	core.Host
	events *evi.Interface
}

func (h fakeHost) Events() *evi.Interface { return h.events }

// start returns an event interface with the module and the event E_A.
func start(t *testing.T) *evi.Interface {
	t.Helper()
	i := evi.New(&event.Bus{}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { i.Close(context.Background()) })
	if err := i.Bus().Declare(event.Type{Name: "E_A"}); err != nil {
		t.Fatal(err)
	}
	if err := New().Init(fakeHost{events: i}); err != nil {
		t.Fatal(err)
	}
	return i
}

func listen(t *testing.T, network, addr string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func receive(t *testing.T, c net.PacketConn) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	n, _, err := c.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func value(i *evi.Interface, name string) int64 {
	for _, v := range i.Stats() {
		if v.Name == name {
			return v.Value
		}
	}
	return -1
}

// waitFor waits for a statistic.
func waitFor(t *testing.T, i *evi.Interface, name string, want int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); value(i, name) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is %d, want %d", name, value(i, name), want)
		}
	}
}

func TestSockets(t *testing.T) {
	i := start(t)
	udp := listen(t, "udp", "127.0.0.1:0")
	udp6 := listen(t, "udp", "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "s")
	unix := listen(t, "unixgram", path)
	bare := filepath.Join(t.TempDir(), "b")
	second := listen(t, "unixgram", bare)
	_, port, _ := net.SplitHostPort(udp6.LocalAddr().String())
	for _, socket := range []string{"udp:" + udp.LocalAddr().String(), "udp:localhost:" + port, "unix:" + path, bare} {
		if err := i.Subscribe("E_A", socket, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Raise("E_A", event.Field{Name: "agent_id", Value: "al"}, event.Field{Name: "wrapup_ends", Value: int64(7)}); err != nil {
		t.Fatal(err)
	}
	const want = `{"jsonrpc":"2.0","method":"E_A","params":{"agent_id":"al","wrapup_ends":7}}`
	for _, c := range []net.PacketConn{udp, udp6, unix, second} {
		if got := receive(t, c); got != want {
			t.Errorf("%s got %s", c.LocalAddr(), got)
		}
	}
	waitFor(t, i, "sent", 4)
}

// TestAway: a subscriber that is not there costs its events and nothing else,
// and gets the next ones once it is back.
func TestAway(t *testing.T) {
	i := start(t)
	path := filepath.Join(t.TempDir(), "s")
	if err := i.Subscribe("E_A", "unix:"+path, 0); err != nil {
		t.Fatal(err)
	}
	raise := func(n int64) {
		if err := i.Raise("E_A", event.Field{Name: "n", Value: n}); err != nil {
			t.Fatal(err)
		}
	}
	raise(1)
	waitFor(t, i, "failed", 1)
	c := listen(t, "unixgram", path)
	raise(2)
	if got := receive(t, c); !strings.Contains(got, `{"n":2}`) {
		t.Errorf("got %s", got)
	}
	if err := errors.Join(c.Close(), os.Remove(path)); err != nil { // a restart of the subscriber
		t.Fatal(err)
	}
	c = listen(t, "unixgram", path)
	raise(3)
	if got := receive(t, c); !strings.Contains(got, `{"n":3}`) {
		t.Errorf("got %s", got)
	}
	if err := i.Bus().Publish(event.Event{Name: "E_A", Fields: []event.Field{{Value: strings.Repeat("x", maxDatagram)}}}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, i, "failed", 2)
}

// TestUnread: a full Unix socket holds its own subscriber up and ends with the
// server.
func TestUnread(t *testing.T) {
	i := start(t)
	path := filepath.Join(t.TempDir(), "s")
	listen(t, "unixgram", path)
	good := listen(t, "udp", "127.0.0.1:0")
	for _, socket := range []string{path, "udp:" + good.LocalAddr().String()} {
		if err := i.Subscribe("E_A", socket, 0); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		if err := i.Raise("E_A"); err != nil {
			t.Fatal(err)
		}
		receive(t, good)
	}
	begun := time.Now()
	i.Close(t.Context())
	if d := time.Since(begun); d > 3*time.Second {
		t.Errorf("the end took %v", d)
	}
}

func TestSyntax(t *testing.T) {
	i := start(t)
	for _, socket := range []string{"udp:", "udp:1.2.3.4", "udp::5", "udp:a:0", "udp:a:65536", "udp:a:b", "unix:", "unix:/" + strings.Repeat("x", 107)} {
		if err := i.Subscribe("E_A", socket, 0); err == nil || !strings.Contains(err.Error(), socket) || !strings.Contains(err.Error(), "want u") {
			t.Errorf("%s: %v", socket, err)
		}
	}
	if New().Init(fakeHost{events: i}) == nil {
		t.Error("loaded twice")
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
