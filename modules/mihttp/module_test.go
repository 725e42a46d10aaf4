package mihttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/corecmd"
	"github.com/sipd/sipd/modules/httpd"
	"github.com/sipd/sipd/modules/mihttp/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server with httpd and a few commands.
type fakeHost struct {
	core.Host
	t     *testing.T
	http  core.Module
	mi    mi.Registry
	stats stat.Registry
	log   strings.Builder
}

func (h *fakeHost) Log() *slog.Logger         { return slog.New(slog.NewTextHandler(&h.log, nil)) }
func (h *fakeHost) MI() *mi.Registry          { return &h.mi }
func (h *fakeHost) Module(string) core.Module { return h.http }
func (h *fakeHost) Fatal(err error)           { h.t.Errorf("fatal: %v", err) }

func (h *fakeHost) register() {
	h.t.Helper()
	now := time.Now()
	commands := append(corecmd.Commands(corecmd.Options{
		Registry: &h.mi, Stats: &h.stats, Level: &slog.LevelVar{}, Server: "sipd (test)",
		Start: now, Now: func() time.Time { return now }, Kill: func() {},
	}), mi.Command{
		Name: "call_center:agent_login", Aliases: []string{"cc_agent_login"},
		Recipes: []mi.Recipe{{{Name: "agent_id"}, {Name: "state", Kind: mi.Int}}},
		Call: func(ps mi.Params) (any, error) {
			if ps.String("agent_id") != "al" {
				return nil, &mi.Error{Code: 404, Message: "Agent not found"}
			}
			return nil, nil
		},
	}, mi.Command{Name: "test:panic", Call: func(mi.Params) (any, error) { panic("boom") }})
	for _, c := range commands {
		if err := h.mi.Register(c); err != nil {
			h.t.Fatal(err)
		}
	}
	if _, err := h.stats.New("call_center", "ccg_incalls", stat.Counter); err != nil {
		h.t.Fatal(err)
	}
}

func set(t *testing.T, m core.Module, name string, v any) {
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

// start runs httpd and mi_http and returns the address, http://ip:port.
func start(t *testing.T, m *Module) (base string) {
	t.Helper()
	server := httpd.New()
	set(t, server, "port", 0)
	h := &fakeHost{t: t, http: server}
	h.register()
	if err := errors.Join(server.Init(h), m.Init(h), server.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + server.Addr().String()
}

// send returns status, body and Content-Type.
func send(t *testing.T, method, url, body string, header ...string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header.Get("Content-Type")
}

const (
	version      = `{"jsonrpc":"2.0","method":"version","id":"7"}`
	versionReply = `{"jsonrpc":"2.0","result":{"Server":"sipd (test)"},"id":"7"}`
)

func TestStatus(t *testing.T) {
	url := start(t, New()) + "/mi"
	long := `{"jsonrpc":"2.0","method":"version","id":"` + strings.Repeat("7", mi.MaxRequest) + `"}`
	for _, tt := range []struct {
		name, method, url, body string
		header                  []string
		status                  int
		want                    string
	}{
		{"result", "POST", url, version, nil, 200, versionReply},
		{"result, any type", "POST", url, version, []string{"Content-Type", "text/plain"}, 200, versionReply},
		{"error", "POST", url, `{"jsonrpc":"2.0","method":"x","id":1}`, nil, 200, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"own error", "POST", url, `{"jsonrpc":"2.0","method":"cc_agent_login","params":["bo","1"],"id":1}`, nil, 200, `{"jsonrpc":"2.0","error":{"code":404,"message":"Agent not found"},"id":1}`},
		{"panic", "POST", url, `{"jsonrpc":"2.0","method":"panic","id":1}`, nil, 200, `"code":-32000`},
		{"no JSON", "POST", url, `uptime`, nil, 200, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"notification", "POST", url, `{"jsonrpc":"2.0","method":"version"}`, nil, 202, ``},
		{"GET", "GET", url, ``, nil, 405, `want POST`},
		{"PUT", "PUT", url, version, nil, 405, `want POST`},
		{"empty", "POST", url, ``, nil, 400, `the body is empty`},
		{"too long", "POST", url, long, nil, 413, `too large`},
		{"another path", "POST", url + "/x", version, nil, 404, `not found`},
		{"another site", "POST", url, version, []string{"Origin", "http://evil.example"}, 403, `another site`},
		{"a needless token", "POST", url, version, []string{"Authorization", "Bearer x"}, 200, versionReply},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, body, kind := send(t, tt.method, tt.url, tt.body, tt.header...)
			exact := strings.HasPrefix(tt.want, "{") || tt.want == ""
			if status != tt.status || !strings.Contains(body, tt.want) || exact && body != tt.want {
				t.Errorf("got %d %.200s; want %d %s", status, body, tt.status, tt.want)
			}
			if (kind == "application/json") != (tt.status == 200) {
				t.Errorf("Content-Type %q with %d", kind, status)
			}
		})
	}
}

func TestToken(t *testing.T) {
	m := New()
	set(t, m, "token", "s3cret")
	set(t, m, "root", "/a/b/")
	set(t, m, "pretty_printing", 1)
	url := start(t, m) + "/a/b"
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{nil, 401},
		{[]string{"Authorization", ""}, 401},
		{[]string{"Authorization", "Bearer"}, 401},
		{[]string{"Authorization", "Bearer s3cre"}, 401},
		{[]string{"Authorization", "Bearer s3cretx"}, 401},
		{[]string{"Authorization", "Basic s3cret"}, 401},
		{[]string{"Authorization", "Bearer s3cret"}, 200},
		{[]string{"Authorization", "bearer  s3cret"}, 200},
	} {
		status, body, _ := send(t, "POST", url, version, tt.header...)
		if status != tt.want {
			t.Errorf("%v: %d %s, want %d", tt.header, status, body, tt.want)
		}
		if status == 200 && !strings.HasPrefix(body, "{\n    \"jsonrpc\": \"2.0\",\n") {
			t.Errorf("not indented: %s", body)
		}
	}
	if status, _, _ := send(t, "GET", url, ""); status != 401 {
		t.Errorf("GET without the token: %d, want 401", status)
	}
	c := client.Client{URL: url, Token: "s3cret"}
	if got, err := c.Call(t.Context(), "version", nil); err != nil || !strings.Contains(string(got), "sipd (test)") {
		t.Errorf("client: %s, %v", got, err)
	}
	if _, err := client.Call(t.Context(), url, "version", nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("client without a token: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	m := New()
	set(t, m, "read_only", 1)
	url := start(t, m) + "/mi"
	for method, want := range map[string]string{
		"uptime": `"Up time"`, "log_level": `"Log level"`, "get_statistics": `"call_center:ccg_incalls":0`, "which": `"core:which"`,
		"kill":           `{"code":403,"message":"Read-only interface","data":"core:kill changes something"}`,
		"cc_agent_login": `"data":"call_center:agent_login changes something"`,
	} {
		params := map[string]string{"get_statistics": `["ccg_incalls"]`, "cc_agent_login": `["al",1]`}[method]
		if params == "" {
			params = "[]"
		}
		status, body, _ := send(t, "POST", url, fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, method, params))
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %s", method, status, body, want)
		}
	}
}

func TestRoot(t *testing.T) {
	m := New()
	set(t, m, "root", "/")
	base := start(t, m)
	if status, body, _ := send(t, "POST", base, version); status != 200 || body != versionReply {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, _ := send(t, "POST", base+"/mi", version); status != 404 {
		t.Errorf("below the root: %d, want 404", status)
	}
	for _, root := range []string{"a b", "{x}", "a?b", "a#b", "a%2fb", "POST /x"} {
		bad := New()
		set(t, bad, "root", root)
		if err := bad.Init(&fakeHost{t: t, http: httpd.New()}); err == nil || !strings.Contains(err.Error(), "want a path such as mi") {
			t.Errorf("root %q: %v", root, err)
		}
	}
}

func TestInitNeedsHTTPD(t *testing.T) {
	if err := New().Init(&fakeHost{t: t, http: New()}); err == nil || !strings.Contains(err.Error(), "want modules/httpd") {
		t.Errorf("got %v", err)
	}
	taken := httpd.New()
	for i := range 2 {
		set(t, taken, "port", 0)
		if i == 0 {
			if err := taken.Init(&fakeHost{t: t}); err != nil {
				t.Fatal(err)
			}
		}
		if err := New().Init(&fakeHost{t: t, http: taken}); (err == nil) != (i == 0) {
			t.Errorf("Init %d: %v", i+1, err)
		}
	}
	if err := taken.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWarnsWithoutToken(t *testing.T) {
	for _, tt := range []struct {
		ip, token string
		want      bool
	}{{"127.0.0.1", "", false}, {"0.0.0.0", "", true}, {"0.0.0.0", "x", false}} {
		server, m := httpd.New(), New()
		set(t, server, "port", 0)
		set(t, server, "ip", tt.ip)
		set(t, m, "token", tt.token)
		h := &fakeHost{t: t, http: server}
		if err := errors.Join(server.Init(h), m.Init(h)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(h.log.String(), "set the token"); got != tt.want {
			t.Errorf("%+v: log %q", tt, h.log.String())
		}
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestCLI plays a session of opensips-cli: before each command it asks which,
// refuses what is not listed, and sends the words as they were typed.
func TestCLI(t *testing.T) {
	url := start(t, New()) + "/mi"
	for _, tt := range []struct {
		words string
		want  string
	}{
		{"version", `{"Server":"sipd (test)"}`},
		{"core:version", `{"Server":"sipd (test)"}`},
		{"cc_agent_login al 1", `"OK"`},
		{"cc_agent_login state=0 agent_id=al", `"OK"`},
		{"call_center:agent_login nobody 1", `Agent not found (404)`},
		{"cc_agent_login al yes", `Invalid params (-32602): Bad type for parameter 'state'`},
		{"get_statistics all", `{"call_center:ccg_incalls":0}`},
		{"get_statistics call_center: ccg_incalls", `{"call_center:ccg_incalls":0}`},
		{"list_statistics", `{"call_center:ccg_incalls":"incremental"}`},
		{"reset_statistics ccg_incalls", `"OK"`},
		{"which cc_agent_login", `[["agent_id","state"]]`},
	} {
		words := strings.Fields(tt.words)
		var names []string
		listed, err := client.Call(t.Context(), url, "which", nil)
		if err := errors.Join(err, json.Unmarshal(listed, &names)); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(names, words[0]) {
			t.Errorf("which does not list %s", words[0])
		}
		params, err := client.Params(words[0], words[1:])
		if err != nil {
			t.Fatal(err)
		}
		result, err := client.Call(t.Context(), url, words[0], params)
		got := string(result)
		if err != nil {
			got = fmt.Sprint(err)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.words, got, tt.want)
		}
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
