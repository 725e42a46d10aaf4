package core

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core/sip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary records what happens to a server's parts, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

type fakeModule struct {
	*diary
	x       Exports
	initErr error
}

func (m *fakeModule) Exports() Exports             { return m.x }
func (m *fakeModule) Init(Host) error              { m.add("init " + m.x.Name); return m.initErr }
func (m *fakeModule) Start() error                 { m.add("start " + m.x.Name); return nil }
func (m *fakeModule) Stop(_ context.Context) error { m.add("stop " + m.x.Name); return nil }

type fakeNet struct {
	*diary
	sip.Endpoint
	handle sip.Handler
}

func (n *fakeNet) Sockets() []*sip.Socket {
	return []*sip.Socket{{Proto: "udp", Host: "0.0.0.0", Port: 5060, AdvHost: "sip.example.org", AdvPort: 5070}}
}
func (n *fakeNet) Close(context.Context) error { n.add("close net"); return nil }

type fakeRouter struct {
	*diary
	request func(*Msg) error
	named   func(what string, fields map[string]any) error // timer and event routes
	local   func(*Msg) error
}

func (r *fakeRouter) call(what string, fields map[string]any) error {
	if r.named == nil {
		return nil
	}
	return r.named(what, fields)
}

func (r *fakeRouter) Request(m *Msg) error { return r.request(m) }
func (r *fakeRouter) Local(m *Msg) error {
	if r.local == nil {
		return nil
	}
	return r.local(m)
}
func (r *fakeRouter) Startup() error          { r.add("startup_route"); return nil }
func (r *fakeRouter) Timer(name string) error { return r.call("timer "+name, nil) }
func (r *fakeRouter) Event(name string, f map[string]any) error {
	return r.call("event "+name, f)
}
func (r *fakeRouter) Close() { r.add("close router") }

type fakeTx struct {
	req   *sip.Request
	codes chan int
}

func (t *fakeTx) Request() *sip.Request         { return t.req }
func (t *fakeTx) Respond(r *sip.Response) error { t.codes <- r.Code; return nil }
func (t *fakeTx) OnCancel(func(*sip.Request))   {}

func newTx(method string) *fakeTx {
	return &fakeTx{req: &sip.Request{Method: method}, codes: make(chan int, 9)}
}

// fakeServer is a server of two modules, b needing a.
func fakeServer(d *diary, initErr error, request func(*Msg) error) (*Server, *fakeNet) {
	network := &fakeNet{diary: d}
	cfg := &Config{
		Loads:   []Load{{"b", Pos{"r.lua", 2}}, {"a", Pos{"r.lua", 3}}},
		Aliases: []Alias{{Host: "pbx.example.org"}},
		Routes:  RouteNames{Request: true, Startup: true},
	}
	s := NewServer(Options{
		Config: cfg,
		Catalog: []Module{
			&fakeModule{d, Exports{Name: "a"}, nil},
			&fakeModule{d, Exports{Name: "b", Needs: []string{"a"}}, initErr},
		},
		Open: func(_ context.Context, h sip.Handler) (Network, error) {
			d.add("open net")
			network.handle = h
			return network, nil
		},
		Bind: func([]Module, *Server) (Router, error) { return &fakeRouter{diary: d, request: request}, nil },
	})
	return s, network
}

func TestServerLife(t *testing.T) {
	d := &diary{}
	s, network := fakeServer(d, nil, func(m *Msg) error { return m.Reply(200, "OK") })
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx := newTx("OPTIONS")
	network.handle(tx)
	if code := <-tx.codes; code != 200 {
		t.Errorf("answered %d, want 200", code)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := newTx("OPTIONS")
	network.handle(late)
	if code := <-late.codes; code != 503 {
		t.Errorf("a stopped server answered %d, want 503", code)
	}
	want := []string{"open net", "init a", "init b", "startup_route", "start a", "start b",
		"stop b", "stop a", "close router", "close net"}
	if !slices.Equal(d.lines, want) {
		t.Errorf("life:\n%s\nwant:\n%s", strings.Join(d.lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestHalfAStartIsUndone(t *testing.T) {
	d := &diary{}
	s, _ := fakeServer(d, errors.New("no database"), nil)
	err := s.Start(t.Context())
	if err == nil || err.Error() != "r.lua:2: module b: no database" {
		t.Errorf("error %q", err)
	}
	want := []string{"open net", "init a", "init b", "stop b", "stop a", "close net"}
	if !slices.Equal(d.lines, want) {
		t.Errorf("life %v, want %v", d.lines, want)
	}
}

// asked is a route error that asks for a status of its own.
type asked int

func (a asked) Error() string   { return "busy" }
func (a asked) StatusCode() int { return int(a) }

func TestRouteOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		method string
		route  func(*Msg) error
		want   []int
	}{
		{"reply", "INVITE", func(m *Msg) error { return m.Reply(486, "") }, []int{486}},
		{"error", "INVITE", func(*Msg) error { return errors.New("r.lua:5: boom") }, []int{500}},
		{"error after a reply", "INVITE", func(m *Msg) error { _ = m.Reply(404, ""); return errors.New("boom") }, []int{404}},
		{"error that asks", "INVITE", func(*Msg) error { return asked(503) }, []int{503}},
		{"error on ACK", "ACK", func(*Msg) error { return errors.New("boom") }, nil},
		{"second reply is refused", "INVITE", func(m *Msg) error {
			_ = m.Reply(200, "")
			if err := m.Reply(200, ""); !errors.Is(err, ErrReplied) {
				t.Errorf("second reply: %v", err)
			}
			return nil
		}, []int{200}},
		{"owned", "INVITE", func(m *Msg) error {
			if _, err := m.Own("x"); err != nil {
				t.Error(err)
			}
			if err := m.Reply(200, ""); !errors.Is(err, ErrOwned) {
				t.Errorf("reply to an owned request: %v", err)
			}
			return errors.New("boom")
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, network := fakeServer(&diary{}, nil, tt.route)
			if err := s.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			tx := newTx(tt.method)
			network.handle(tx)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := s.Stop(ctx); err != nil { // waits for the route
				t.Fatal(err)
			}
			close(tx.codes)
			var got []int
			for c := range tx.codes {
				got = append(got, c)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("answered %v, want %v", got, tt.want)
			}
		})
	}
}

func TestIsMyself(t *testing.T) {
	s, _ := fakeServer(&diary{}, nil, nil)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	tests := []struct {
		host string
		port int
		want bool
	}{
		{"127.0.0.1", 5060, true}, // the wildcard socket has every address here
		{"127.0.0.1", 5061, false},
		{"sip.example.org", 5070, true},
		{"SIP.example.org", 0, true},
		{"sip.example.org", 5060, false},
		{"pbx.example.org", 4444, true},
		{"example.net", 0, false},
	}
	for _, tt := range tests {
		if got := s.IsMyself(tt.host, tt.port); got != tt.want {
			t.Errorf("IsMyself(%s, %d) = %v, want %v", tt.host, tt.port, got, tt.want)
		}
	}
}

func TestResolveNamesEveryFault(t *testing.T) {
	wrap := 30 * time.Second
	catalog := []Module{
		&fakeModule{&diary{}, Exports{Name: "a"}, nil},
		&fakeModule{&diary{}, Exports{Name: "b", Needs: []string{"a"}, Params: []Param{Seconds("wrapup_time", &wrap, "")}}, nil},
	}
	cfg := &Config{
		Loads: []Load{{"b", Pos{"r.lua", 1}}, {"zz", Pos{"r.lua", 2}}},
		Params: []ParamSet{
			{"b", "wrapup_time", "soon", Pos{"r.lua", 12}},
			{"b", "nothing", 1, Pos{"r.lua", 13}},
			{"a", "x", 1, Pos{"r.lua", 14}},
		},
	}
	_, err := resolve(catalog, cfg)
	want := `r.lua:2: loadmodule "zz": no such module; this build has a, b
r.lua:1: module b needs module a: add loadmodule "a"
r.lua:12: modparam b.wrapup_time: want seconds, got "soon"
r.lua:13: modparam b.nothing: module b has no such parameter
r.lua:14: modparam a.x: module a is not loaded: add loadmodule "a"`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}
