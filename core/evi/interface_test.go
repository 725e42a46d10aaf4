package evi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wire is a transport whose sockets can be stuck or broken.
type wire struct {
	mu     sync.Mutex
	got    []string
	faults []error       // of the next attempts
	stuck  chan struct{} // until closed, sending waits
	closed int
}

func (w *wire) Open(string) (Sender, error) { return w, nil }

func (w *wire) Send(ctx context.Context, e event.Event) error {
	if w.stuck != nil {
		select {
		case <-w.stuck:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) > 0 {
		err := w.faults[0]
		w.faults = w.faults[1:]
		return err
	}
	w.got = append(w.got, fmt.Sprint(e.Name, e.Get("n")))
	return nil
}

func (w *wire) sent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

func (w *wire) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed++
}

// newWired returns an interface with events E_A and E_B over w.
func newWired(t *testing.T, w *wire) (*Interface, *strings.Builder) {
	t.Helper()
	log := &strings.Builder{}
	i := New(&event.Bus{}, slog.New(slog.NewTextHandler(log, nil)))
	for _, name := range []string{"E_A", "E_B"} {
		if err := i.Bus().Declare(event.Type{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := i.Transport("w", w); err != nil {
		t.Fatal(err)
	}
	return i, log
}

func (i *Interface) mustRaise(t *testing.T, name string, n int64) {
	t.Helper()
	if err := i.Raise(name, event.Field{Name: "n", Value: n}); err != nil {
		t.Fatal(err)
	}
}

func (i *Interface) mustSubscribe(t *testing.T, name, socket string, expire time.Duration) {
	t.Helper()
	if err := i.Subscribe(name, socket, expire); err != nil {
		t.Fatal(err)
	}
}

func stats(i *Interface) string {
	var list []string
	for _, v := range i.Stats() {
		list = append(list, fmt.Sprint(v.Name, "=", v.Value))
	}
	return strings.Join(list, " ")
}

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		i, _ := newWired(t, w)
		i.mustRaise(t, "E_A", 0)
		i.mustSubscribe(t, "E_A", "w:1", 10*time.Second)
		i.mustRaise(t, "E_A", 1)
		i.mustRaise(t, "E_B", 1)
		time.Sleep(9 * time.Second)
		i.mustSubscribe(t, "E_A", "w:1", 5*time.Second)
		i.mustSubscribe(t, "E_B", "w:1", 0)
		time.Sleep(4 * time.Second)
		i.mustRaise(t, "E_A", 2)
		time.Sleep(time.Second + 1) // past the end of E_A
		i.mustRaise(t, "E_A", 3)
		i.mustRaise(t, "E_B", 3)
		time.Sleep(1000 * time.Hour)
		i.mustRaise(t, "E_B", 4)
		synctest.Wait()
		if want := []string{"E_A1", "E_A2", "E_B3", "E_B4"}; !slices.Equal(w.got, want) {
			t.Errorf("got %v, want %v", w.got, want)
		}
		if got := stats(i); got != "subscribers=1 sent=4 failed=0 dropped=0" {
			t.Error(got)
		}
		if !i.Unsubscribe("E_B", "w:1") || i.Unsubscribe("E_B", "w:1") {
			t.Error("the subscription did not end once")
		}
		synctest.Wait()
		if w.closed != 1 || len(i.List()) != 0 {
			t.Errorf("closed %d times, listed %v", w.closed, i.List())
		}
		i.Close(t.Context())
		if err := i.Subscribe("E_A", "w:1", 0); !errors.Is(err, ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestStuck: a subscriber that does not read delays nobody, loses the oldest
// events and gets the newest.
func TestStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := &wire{stuck: make(chan struct{})}, &wire{}
		i, _ := newWired(t, bad)
		if err := i.Transport("good", good); err != nil {
			t.Fatal(err)
		}
		i.mustSubscribe(t, "E_A", "w:1", 0)
		i.mustSubscribe(t, "E_A", "good:1", 0)
		i.mustRaise(t, "E_A", 0)
		synctest.Wait()
		for n := range int64(bufferSize + 10) {
			i.mustRaise(t, "E_A", n+1)
			synctest.Wait()
		}
		if len(good.got) != bufferSize+11 {
			t.Errorf("the other subscriber got %d", len(good.got))
		}
		if got := stats(i); got != fmt.Sprintf("subscribers=2 sent=%d failed=0 dropped=10", bufferSize+11) {
			t.Error(got)
		}
		close(bad.stuck)
		synctest.Wait()
		if len(bad.got) != bufferSize+1 || bad.got[1] != "E_A11" || bad.got[bufferSize] != fmt.Sprint("E_A", bufferSize+10) {
			t.Errorf("got %d, the second %s", len(bad.got), bad.got[1])
		}
		i.Close(t.Context())
	})
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := fmt.Errorf("no route: %w", ErrAgain)
		w := &wire{faults: []error{away, away, away, errors.New("too long")}}
		i, log := newWired(t, w)
		i.mustSubscribe(t, "E_A", "w:1", 0)
		i.mustRaise(t, "E_A", 1)
		i.mustRaise(t, "E_A", 2)
		begun := time.Now()
		for synctest.Wait(); len(w.sent()) == 0; synctest.Wait() {
			time.Sleep(10 * time.Millisecond)
		}
		if d := time.Since(begun); d != 700*time.Millisecond {
			t.Errorf("reached after %v, want pauses of 100, 200 and 400 ms", d)
		}
		if got := stats(i); got != "subscribers=1 sent=1 failed=1 dropped=0" || w.got[0] != "E_A2" {
			t.Error(got, w.got)
		}
		if n := strings.Count(log.String(), "do not reach"); n != 1 || strings.Count(log.String(), "again") == 0 {
			t.Errorf("log:\n%s", log)
		}
		i.Close(t.Context())
	})
}

// TestClose sends what waits, but not for long.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick, dead := &wire{}, &wire{stuck: make(chan struct{})}
		i, _ := newWired(t, quick)
		if err := i.Transport("dead", dead); err != nil {
			t.Fatal(err)
		}
		i.mustSubscribe(t, "E_A", "w:1", 0)
		i.mustSubscribe(t, "E_A", "dead:1", time.Hour)
		i.mustRaise(t, "E_A", 1)
		begun := time.Now()
		i.Close(t.Context())
		i.Close(t.Context())
		if d := time.Since(begun); d > time.Second || len(quick.got) != 1 || quick.closed != 1 || dead.closed != 1 {
			t.Errorf("after %v: sent %v, closed %d and %d", d, quick.got, quick.closed, dead.closed)
		}
	})
}

func TestRefused(t *testing.T) {
	i, _ := newWired(t, &wire{})
	defer i.Close(t.Context())
	for _, tt := range []struct{ name, socket, want string }{
		{"E_C", "w:1", "no such event"},
		{"E_A", "nothing", "want a form such as udp:host:port"},
		{"E_A", "tcp:1", `add loadmodule "event_stream"`},
		{"E_A", "/tmp/x", `"unix:/tmp/x": nothing carries unix: add loadmodule "event_datagram"`},
		{"E_A", "amqp:1", "nothing carries amqp"},
		{"E_A", "w:" + strings.Repeat("x", 600), "longer than 512 bytes"},
	} {
		if err := i.Subscribe(tt.name, tt.socket, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %.20s: %v, want %s", tt.name, tt.socket, err, tt.want)
		}
	}
	if err := i.Transport("w", &wire{}); err == nil {
		t.Error("a scheme was taken twice")
	}
	var err error
	for n := 0; n < MaxSockets+1 && err == nil; n++ {
		err = i.Subscribe("E_A", fmt.Sprint("w:", n), 0)
	}
	if !errors.Is(err, ErrTooMany) || len(i.List()) != MaxSockets {
		t.Errorf("%d sockets: %v", len(i.List()), err)
	}
	if err := i.Raise("E_A", event.Field{Value: strings.Repeat("x", maxRaised+1)}); err == nil {
		t.Error("an event of any size was raised")
	}
	for n := 0; n < maxCustom; n++ {
		i.mustRaise(t, fmt.Sprint("E_MINE_", n), 0)
	}
	if err := i.Raise("E_MORE"); err == nil || i.Raise("E_MINE_1") != nil || i.Raise("a b") == nil {
		t.Errorf("own events are not bounded: %v", err)
	}
}

func TestMessage(t *testing.T) {
	e := event.Event{Name: "E_X", Fields: []event.Field{{Name: "b", Value: "<é\"\n\xff>"}, {Name: "a", Value: int64(1 << 60)}}}
	list := event.Event{Name: "E_X", Fields: []event.Field{{Value: int64(3)}, {Value: "5"}}}
	for _, tt := range []struct {
		m    Message
		want string
	}{
		{Message{Event: e}, `{"jsonrpc":"2.0","method":"E_X","params":{"b":"<é\"\n\ufffd>","a":1152921504606846976}}`},
		{Message{Event: event.Event{Name: "E_X"}}, `{"jsonrpc":"2.0","method":"E_X","params":{}}`},
		{Message{Event: list}, `{"jsonrpc":"2.0","method":"E_X","params":[3,"5"]}`},
		{Message{Event: list, Name: "ev", Method: "m", ID: 7}, `{"id":7,"jsonrpc":"2.0","method":"m","params":["E_X",3,"5"]}`},
		{Message{Event: event.Event{Name: "E_X"}, Name: "ev"}, `{"jsonrpc":"2.0","method":"E_X","params":{"ev":"E_X"}}`},
	} {
		got, err := tt.m.JSON()
		if err != nil || string(got) != tt.want {
			t.Errorf("got %s, %v; want %s", got, err, tt.want)
		}
	}
	if got, err := Params(list); err != nil || string(got) != `[3,"5"]` {
		t.Errorf("params %s, %v", got, err)
	}
}
