package scripting

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/sip"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeModule stands for call_center: it has one of everything.
type fakeModule struct {
	name   string
	wrapup time.Duration
	url    string
	needs  []string
	call   func(context.Context, *core.Msg, core.Args) core.Code
	args   []core.Args
	given  core.Function // by cc.policy
	mu     sync.Mutex
}

func (f *fakeModule) Init(core.Host) error { return nil }

func (f *fakeModule) Exports() core.Exports {
	x := core.Exports{Name: f.name, Needs: f.needs, Params: []core.Param{
		core.Seconds("wrapup_time", &f.wrapup, "after a call"),
		core.String("db_url", &f.url, "database"),
	}}
	if f.name != "call_center" {
		return x
	}
	flow := core.Arg{Name: "flow", Kind: core.StringKind}
	x.Funcs = []core.Func{
		{Name: "cc_handle_call", Args: []core.Arg{flow, {Name: "param", Kind: core.StringKind, Optional: true}}, Call: f.handle},
		{Name: "cc_agent_login", Args: []core.Arg{{Name: "agent"}, {Name: "state", Kind: core.IntKind}}, Routes: core.AnyRoute, Call: f.record},
		{Name: "cc_zero", Call: func(context.Context, *core.Msg, core.Args) core.Code { return 0 }},
		{Name: "cc_panic", Call: func(context.Context, *core.Msg, core.Args) core.Code { panic("torn") }},
		{Name: "cc_two", Args: []core.Arg{{Name: "on", Kind: core.BoolKind}, {Name: "any", Kind: core.AnyKind, Optional: true}}, Call: func(_ context.Context, _ *core.Msg, a core.Args) core.Code {
			if a.Bool(0) {
				return 2
			}
			return -7
		}},
	}
	x.Vars = []core.Var{
		{Name: "cc_state", Get: func(m *core.Msg) any {
			if m != nil && m.Call != nil {
				return m.Call.State
			}
			return nil
		}},
		{Name: "b2b_logic.key", Get: func(*core.Msg) any { return "5.7" }},
	}
	x.Callbacks = []core.Callback{{Name: "cc.policy", Args: "box", Set: func(fn core.Function) { f.given = fn }}}
	x.Events = []event.Type{{Name: "E_CALLCENTER_AGENT_REPORT"}}
	return x
}

func (f *fakeModule) record(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.args = append(f.args, a)
	return core.True
}

func (f *fakeModule) handle(ctx context.Context, m *core.Msg, a core.Args) core.Code {
	f.record(ctx, m, a)
	if f.call != nil {
		return f.call(ctx, m, a)
	}
	switch a.String(0) {
	case "closed":
		return -4
	case "none":
		return -3
	}
	if _, err := m.Own(f.name); err != nil {
		return -5
	}
	return core.True
}

// fakeTx is a request that came in and what was answered.
type fakeTx struct {
	req *sip.Request
	got []*sip.Response
}

func (t *fakeTx) Request() *sip.Request              { return t.req }
func (t *fakeTx) Respond(r *sip.Response) error      { t.got = append(t.got, r); return nil }
func (t *fakeTx) OnCancel(func(cancel *sip.Request)) {}

func request(method string) *sip.Request {
	u, _ := sip.ParseURI("sip:support@sipd.example:5062;x=1")
	return &sip.Request{Method: method, URI: u, Source: netip.MustParseAddrPort("192.0.2.7:5071"),
		Socket: &sip.Socket{Proto: "udp", Host: "10.0.0.5", Port: 5060, AdvHost: "203.0.113.7", AdvPort: 5070, Tag: "wan"},
		Headers: sip.Headers{
			{Name: "Via", Value: "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1"}, {Name: "From", Value: `"Al \"x\"" <sip:alice@home.example>;tag=f1`},
			{Name: "To", Value: "<sip:support@sipd.example>"}, {Name: "Call-ID", Value: "abc@192.0.2.7"}, {Name: "CSeq", Value: "7 " + method},
			{Name: "Contact", Value: "<sip:alice@192.0.2.7:5071>"}, {Name: "User-Agent", Value: "Phone/1"},
			{Name: "X-Tier", Value: "gold"}, {Name: "X-Tier", Value: "silver"}, {Name: "Max-Forwards", Value: "70"}},
	}
}

// bench is a script in a temporary folder with everything a test looks at.
type bench struct {
	t      testing.TB
	file   string
	module *fakeModule
	router core.Router
	log    *bytes.Buffer
	bus    event.Bus
	mu     sync.Mutex
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

const prologue = `loadmodule "call_center" loadmodule "b2b_logic" `

func catalogue() []core.Module {
	return []core.Module{&fakeModule{name: "call_center", needs: []string{"b2b_logic"}}, &fakeModule{name: "b2b_logic"}}
}

func options() Options {
	return Options{Modules: catalogue, Env: func(n string) string { return map[string]string{"CC_DB": "sqlite:///x"}[n] }}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// start makes a router of the text, which is on the first line after the
// loadmodules.
func start(t testing.TB, text string) *bench {
	t.Helper()
	b := &bench{t: t, file: write(t, "routes.lua", prologue+text), module: &fakeModule{name: "call_center"}, log: &bytes.Buffer{}}
	s, err := Load(b.file, options())
	if err != nil {
		t.Fatal(err)
	}
	b.router, err = s.NewRouter([]core.Module{b.module}, Bindings{
		Events:   evi.New(&b.bus, slog.New(slog.DiscardHandler)),
		IsMyself: func(h string, p int) bool { return h == "sipd.example" && (p == 0 || p == 5062) },
		Sockets:  func() []*sip.Socket { return []*sip.Socket{request("INVITE").Socket} },
		Log:      slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Version:  "sipd (test)",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.router.Close)
	return b
}

// send runs request_route on one request.
func (b *bench) send(method string) (*fakeTx, *core.Msg, error) {
	tx := &fakeTx{req: request(method)}
	m := core.NewMsg(tx)
	err := b.router.Request(m)
	return tx, m, b.short(err)
}

// short takes the temporary folder out of an error.
func (b *bench) short(err error) error {
	if err == nil {
		return nil
	}
	return shortError{strings.ReplaceAll(err.Error(), filepath.Dir(b.file)+"/", ""), err}
}

type shortError struct {
	text string
	err  error
}

func (e shortError) Error() string { return e.text }
func (e shortError) Unwrap() error { return e.err }

// evaluate runs expression in request_route and returns the reason phrase of
// the 200 that carries its text.
func evaluate(t testing.TB, body string) (string, error) {
	t.Helper()
	b := start(t, "function request_route() "+body+"\nend")
	tx, _, err := b.send("INVITE")
	if err != nil {
		return "", err
	}
	if len(tx.got) != 1 {
		t.Fatalf("%s: %d answers", body, len(tx.got))
	}
	return tx.got[0].Reason, nil
}
