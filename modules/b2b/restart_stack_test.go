package b2b

import (
	"context"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/core/sip/stack"
	"github.com/sipd/sipd/test/ports"
)

// patience bounds what a test over real sockets waits for.
const patience = 20 * time.Second

// TestRestartOnSockets is a restart over UDP: an agent rings, the caller hears
// music; the agent is cancelled where he was invited, and the call goes on.
func TestRestartOnSockets(t *testing.T) {
	port := ports.Free(t)
	telephone := func(o phone.Options) *phone.Phone {
		p, err := phone.New(o, func(h sip.Handler) (sip.Endpoint, error) { return onLoopback(t, 0, h), nil })
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	alice, moh := telephone(phone.Options{Name: "alice"}), telephone(phone.Options{Name: "moh"})
	rings, takes := telephone(phone.Options{Name: "rings", Never: true}), telephone(phone.Options{Name: "takes"})

	kept := make(chan []byte, 100)
	events := make(chan Event, 100)
	o := SessionOptions{Observer: func(e Event) { events <- e }, Keep: func(_ Key, state []byte) { kept <- state }}
	started := make(chan Key, 1)
	m, end := serving(t, port, func(m *Module, msg *core.Msg) {
		k, err := m.NewSession(msg, o)
		if err != nil {
			t.Error(err)
		}
		m.Open(k)
		started <- k
	})
	go func() {
		k := <-started
		m.Connect(k, Dest{ID: 1, URI: moh.URI().String(), Role: "media"})
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, err := alice.Call(ctx, "sip:hotline@"+sip.HostPort("127.0.0.1", port), sip.Address{})
	if err != nil {
		t.Fatal(err)
	}
	e := until[Connected](t, events)
	m.Connect(e.Key, Dest{ID: 2, URI: rings.URI().String(), Role: "agent"})
	until[Ringing](t, events)

	m.Retire() // the state is whole; then the process is no more
	end()
	var state []byte
	for len(kept) > 0 {
		state = <-kept
	}
	m, _ = serving(t, port, nil)
	got, err := m.Restore(state, o)
	if err != nil || got.Peer != 1 || got.Last != 2 {
		t.Fatalf("restored %+v, %v", got, err)
	}
	m.Open(got.Key)
	eventually(t, "the agent still rings", func() bool { return rings.Live() == 0 })
	m.Connect(got.Key, Dest{ID: 3, URI: takes.URI().String(), Role: "agent"})
	for until[Connected](t, events).ID != 3 {
	}
	eventually(t, "the music still plays", func() bool { return moh.Live() == 0 })
	a.Bye()
	until[CallerGone](t, events)
	eventually(t, "the agent's call goes on", func() bool { return takes.Live() == 0 })
}

// onLoopback opens a stack on a UDP port that is closed when the test ends.
func onLoopback(t *testing.T, port int, h sip.Handler) *stack.Stack {
	t.Helper()
	s, err := stack.Open(t.Context(), stack.Options{Listen: []stack.Listen{{Proto: "udp", Host: "127.0.0.1", Port: port}}, Handler: h})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, s) })
	return s
}

func closing(t *testing.T, s *stack.Stack) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

// serving starts a B2BUA on sockets; end is its end, without a word.
func serving(t *testing.T, port int, invited func(*Module, *core.Msg)) (m *Module, end func()) {
	t.Helper()
	m, host, ready := New(), &fakeHost{}, make(chan struct{})
	s := onLoopback(t, port, func(tx sip.ServerRequest) {
		<-ready
		for _, own := range host.own {
			if own(tx) {
				return
			}
		}
		if tx.Request().Method == sip.INVITE {
			invited(m, core.NewMsg(tx))
		}
	})
	host.ep = s
	if err := m.Init(host); err != nil {
		t.Fatal(err)
	}
	close(ready)
	t.Cleanup(func() { _ = m.Stop(context.Background()) })
	return m, func() { closing(t, s) }
}

func until[E Event](t *testing.T, events <-chan Event) E {
	t.Helper()
	for {
		select {
		case e := <-events:
			if e, ok := e.(E); ok {
				return e
			}
		case <-time.After(patience):
			var want E
			t.Fatalf("never heard %T", want)
		}
	}
}

func eventually(t *testing.T, otherwise string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(otherwise)
		}
	}
}
