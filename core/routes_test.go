package core

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/sip"
)

// routing is a server of no module whose routes the test writes.
type routing struct {
	*Server
	*fakeRouter
	net *fakeNet
	log bytes.Buffer
}

func newRouting(routes RouteNames, mods ...Module) *routing {
	d := &diary{}
	r := &routing{fakeRouter: &fakeRouter{diary: d}, net: &fakeNet{diary: d}}
	cfg := &Config{Routes: routes}
	for _, m := range mods {
		cfg.Loads = append(cfg.Loads, Load{Name: m.Exports().Name})
	}
	r.Server = NewServer(Options{
		Config: cfg, Catalog: mods, Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		Open: func(_ context.Context, h sip.Handler) (Network, error) { r.net.handle = h; return r.net, nil },
		Bind: func([]Module, *Server) (Router, error) { return r.fakeRouter, nil },
	})
	return r
}

func (r *routing) start(t *testing.T) {
	t.Helper()
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (r *routing) end(t *testing.T) {
	t.Helper()
	if err := r.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestMaxRoutes refuses what is too much at once, and takes the next.
func TestMaxRoutes(t *testing.T) {
	r := newRouting(RouteNames{Request: true})
	hold := make(chan struct{})
	r.request = func(m *Msg) error { <-hold; return m.Reply(200, "") }
	r.start(t)
	defer r.end(t)
	var held []*fakeTx
	for range maxRoutes {
		held = append(held, newTx("INVITE"))
		r.net.handle(held[len(held)-1])
	}
	more := newTx("INVITE")
	r.net.handle(more)
	if code := <-more.codes; code != 503 {
		t.Errorf("route %d is answered %d, want 503", maxRoutes+1, code)
	}
	ack := newTx("ACK")
	r.net.handle(ack)
	if len(ack.codes) > 0 {
		t.Error("an ACK was answered")
	}
	close(hold)
	for _, tx := range held {
		if code := <-tx.codes; code != 200 {
			t.Fatalf("answered %d", code)
		}
	}
	for len(r.routes) > 0 { // the token comes back after the answer
		runtime.Gosched()
	}
	again := newTx("INVITE")
	r.net.handle(again)
	if code := <-again.codes; code != 200 {
		t.Errorf("afterwards answered %d, want 200", code)
	}
}

// dialogs is a module that has a dialog of its own.
type dialogs struct{ fakeModule }

func (m *dialogs) Init(h Host) error {
	h.HandleDialogs(func(tx sip.ServerRequest) bool {
		if tx.Request().Method != "BYE" {
			return false
		}
		_ = tx.Respond(&sip.Response{Code: 200})
		return true
	})
	return nil
}

// TestWhoGetsARequest: nobody before the start, then dialogs before the
// script, and after Stop dialogs alone.
func TestWhoGetsARequest(t *testing.T) {
	var r *routing
	ask := func(method string, want int) {
		t.Helper()
		tx := newTx(method)
		r.net.handle(tx)
		if code := <-tx.codes; code != want {
			t.Errorf("%s answered %d, want %d", method, code, want)
		}
	}
	r = newRouting(RouteNames{Request: true}, &dialogs{fakeModule{&diary{}, Exports{Name: "d"}, nil}},
		&early{fakeModule{&diary{}, Exports{Name: "e"}, nil}, func() { ask("BYE", 503); ask("INVITE", 503) }})
	r.request = func(m *Msg) error { return m.Reply(404, "") }
	r.start(t)
	ask("BYE", 200)
	ask("INVITE", 404)
	r.end(t)
	ask("BYE", 200)
	ask("INVITE", 503)
}

// TestRequestsBeforeTheStart: one inside a dialog waits for the modules, since
// the dialog may be of the process before.
func TestRequestsBeforeTheStart(t *testing.T) {
	var r *routing
	bye := newTx("BYE")
	bye.req.Headers.Set("To", "<sip:pbx@192.0.2.1>;tag=kept")
	r = newRouting(RouteNames{Request: true}, &dialogs{fakeModule{&diary{}, Exports{Name: "d"}, nil}},
		&early{fakeModule{&diary{}, Exports{Name: "e"}, nil}, func() { r.net.handle(bye) }})
	r.start(t)
	if code := <-bye.codes; code != 200 {
		t.Errorf("BYE answered %d", code)
	}
	r.end(t)
}

// early is a module that gets requests during its Init.
type early struct {
	fakeModule
	init func()
}

func (m *early) Init(Host) error { m.init(); return nil }

// TestRequestsDuringStop is for the race detector: no route begins once the
// router may be closed.
func TestRequestsDuringStop(t *testing.T) {
	for range 50 {
		r := newRouting(RouteNames{Request: true})
		r.request = func(m *Msg) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if slices.Contains(r.lines, "close router") {
				t.Error("a route runs on a closed router")
			}
			return m.Reply(200, "")
		}
		r.start(t)
		var flood sync.WaitGroup
		for range 4 {
			flood.Go(func() {
				for range 20 {
					tx := newTx("OPTIONS")
					r.net.handle(tx)
					<-tx.codes // 200 or 503, but an answer
				}
			})
		}
		r.end(t)
		flood.Wait()
	}
}

// TestNoRouteAfterTheLast: once the routes were waited for none begins, and
// who asks for one still gets an answer.
func TestNoRouteAfterTheLast(t *testing.T) {
	r := newRouting(RouteNames{Request: true})
	r.request = func(*Msg) error { t.Error("a route began"); return nil }
	r.start(t)
	defer r.end(t)
	r.running.wait(t.Context())
	tx := newTx("INVITE")
	r.net.handle(tx)
	if code := <-tx.codes; code != 503 || len(r.routes) != 0 {
		t.Errorf("answered %d, %d routes counted", code, len(r.routes))
	}
}

// TestRoutesPanic answers 500 and goes on.
func TestRoutesPanic(t *testing.T) {
	r := newRouting(RouteNames{Request: true, Local: true})
	r.request = func(m *Msg) error {
		if m.Req.Method == "INVITE" {
			panic("boom")
		}
		return m.Reply(200, "")
	}
	r.local = func(*Msg) error { panic("local boom") }
	r.start(t)
	for method, want := range map[string]int{"INVITE": 500, "OPTIONS": 200} {
		tx := newTx(method)
		r.net.handle(tx)
		if code := <-tx.codes; code != want {
			t.Errorf("%s answered %d, want %d", method, code, want)
		}
	}
	h := &host{r.Server, "m", r.Server.log}
	h.Local(&sip.Request{Method: "BYE"}, nil)
	r.end(t)
	for _, want := range []string{"panic=boom", "local boom"} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, r.log.String())
		}
	}
}

// TestTimerRoutes run on time, one after another, and end with the server.
func TestTimerRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouting(RouteNames{Timers: []Timer{{"fast", time.Second}, {"slow", 10 * time.Second}, {"bad", 4 * time.Second}}})
		ran := map[string]int{}
		var mu sync.Mutex
		r.named = func(what string, _ map[string]any) error {
			mu.Lock()
			ran[what]++
			mu.Unlock()
			if what == "timer bad" {
				panic("late")
			}
			return errors.New("r.lua:3: oops")
		}
		r.start(t)
		time.Sleep(21500 * time.Millisecond) // virtual
		r.end(t)
		time.Sleep(time.Minute)
		if want := map[string]int{"timer fast": 21, "timer slow": 2, "timer bad": 5}; !maps.Equal(ran, want) {
			t.Errorf("ran %v, want %v", ran, want)
		}
		if !strings.Contains(r.log.String(), `msg="timer_route slow" err="r.lua:3: oops"`) {
			t.Errorf("log:\n%s", r.log.String())
		}
	})
}

// emitter is a module that keeps its host.
type emitter struct {
	fakeModule
	h Host
}

func (m *emitter) Init(h Host) error { m.h = h; return nil }

// TestEventRoutes get their events in order, with the fields by name, and end
// with the server.
func TestEventRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &emitter{fakeModule: fakeModule{&diary{}, Exports{Name: "m", Events: []event.Type{{Name: "E_ONE"}, {Name: "E_OTHER"}}}, nil}}
		r := newRouting(RouteNames{Events: []string{"E_ONE"}}, m)
		var got []string
		r.named = func(what string, f map[string]any) error {
			got = append(got, fmt.Sprint(what, " ", f["n"]))
			if f["n"] == 2 {
				panic("two")
			}
			return nil
		}
		r.start(t)
		for n := 1; n <= 3; n++ {
			m.h.Emit("E_ONE", event.Field{Name: "n", Value: n})
			m.h.Emit("E_OTHER", event.Field{Name: "n", Value: n})
		}
		m.h.Emit("E_UNDECLARED")
		synctest.Wait()
		r.end(t)
		m.h.Emit("E_ONE", event.Field{Name: "n", Value: 4})
		if want := []string{"event E_ONE 1", "event E_ONE 2", "event E_ONE 3"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.Contains(r.log.String(), "E_UNDECLARED was not declared") {
			t.Errorf("log:\n%s", r.log.String())
		}
	})
}

// TestStuckRoute does not keep the server from stopping.
func TestStuckRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouting(RouteNames{Request: true})
		stuck := make(chan struct{})
		r.request = func(*Msg) error { <-stuck; return nil }
		r.start(t)
		r.net.handle(newTx("INVITE"))
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		begun := time.Now()
		err := r.Stop(ctx)
		if err == nil || !strings.Contains(err.Error(), "a route still runs") || time.Since(begun) != 4*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		close(stuck)
	})
}

// hanging is a module whose Stop takes all the time it gets.
type hanging struct{ fakeModule }

func (m *hanging) Stop(ctx context.Context) error {
	<-ctx.Done()
	m.add("stop " + m.x.Name)
	return errors.New("hung")
}

// punctual is a module whose Stop needs a moment.
type punctual struct{ fakeModule }

func (m *punctual) Stop(ctx context.Context) error {
	select {
	case <-time.After(100 * time.Millisecond):
		m.add("stop " + m.x.Name)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestStopShares leaves time for the modules that stop after one that hangs.
func TestStopShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		r := newRouting(RouteNames{},
			&punctual{fakeModule{d, Exports{Name: "b2b"}, nil}},
			&hanging{fakeModule{d, Exports{Name: "database"}, nil}},
			&hanging{fakeModule{d, Exports{Name: "web"}, nil}})
		r.start(t)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		begun := time.Now()
		err := r.Stop(ctx)
		if err == nil || err.Error() != "module web: hung\nmodule database: hung" {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begun); took != 3100*time.Millisecond {
			t.Errorf("took %v, want 2 s, 1 s and 100 ms", took)
		}
		if !slices.Contains(d.lines, "stop b2b") {
			t.Errorf("b2b had no time: %v", d.lines)
		}
	})
}

// TestFatal keeps the first error of a module that cannot go on.
func TestFatal(t *testing.T) {
	m := &emitter{fakeModule: fakeModule{&diary{}, Exports{Name: "m"}, nil}}
	r := newRouting(RouteNames{}, m)
	r.start(t)
	defer r.end(t)
	m.h.Fatal(errors.New("first"))
	m.h.Fatal(errors.New("second")) // must not wait
	if err := <-r.Fatal(); err.Error() != "module m: first" {
		t.Errorf("fatal: %v", err)
	}
}

// TestInterruptedStart stops between two modules.
func TestInterruptedStart(t *testing.T) {
	d := &diary{}
	ctx, cancel := context.WithCancel(t.Context())
	r := newRouting(RouteNames{}, &interrupting{fakeModule{d, Exports{Name: "a"}, nil}, cancel}, &fakeModule{d, Exports{Name: "b"}, nil})
	err := r.Start(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if want := []string{"init a", "stop b", "stop a"}; !slices.Equal(d.lines, want) {
		t.Errorf("life %v, want %v", d.lines, want)
	}
}

// interrupting is a module during whose Init the operator changes his mind.
type interrupting struct {
	fakeModule
	cancel func()
}

func (m *interrupting) Init(Host) error { m.add("init a"); m.cancel(); return nil }

// TestModules finds loaded modules only.
func TestModules(t *testing.T) {
	m := &emitter{fakeModule: fakeModule{&diary{}, Exports{Name: "m"}, nil}}
	r := newRouting(RouteNames{}, m)
	r.start(t)
	defer r.end(t)
	if m.h.Module("m") != Module(m) || m.h.Module("x") != nil {
		t.Errorf("found %v and %v", m.h.Module("m"), m.h.Module("x"))
	}
}
