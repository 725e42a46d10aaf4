package corecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
)

// rig is a registry with the core's commands, five seconds after the start.
type rig struct {
	Options
	kills   int
	running bool
	cache   fakeCache
}

// fakeCache is the store of routes; "full" is a key it does not take.
type fakeCache map[string]any

func (c fakeCache) Get(key string) any { return c[key] }

func (c fakeCache) Set(key, text string, ttl time.Duration) error {
	if key == "full" {
		return errors.New("the store is full")
	}
	c[key] = fmt.Sprint(text, ttl)
	return nil
}

func (c fakeCache) Remove(key string) error {
	delete(c, key)
	return nil
}

func newRig(t *testing.T) *rig {
	t.Helper()
	start := time.Date(2025, 11, 1, 6, 0, 0, 0, time.UTC)
	r := &rig{running: true, cache: fakeCache{"old": 7}}
	r.Options = Options{
		Registry: &mi.Registry{}, Stats: &stat.Registry{}, Level: &slog.LevelVar{}, Server: "sipd (test)",
		Start: start, Now: func() time.Time { return start.Add(5900 * time.Millisecond) },
		Args: []string{"sipd", "run", "-f", "x.lua"}, Kill: func() { r.kills++ },
		Running: func() bool { return r.running }, Cache: r.cache,
		Conns: func() []Conn {
			return []Conn{{1, true, "192.0.2.1:5060", "192.0.2.9:5060"}, {2, false, "", "192.0.2.2:5060"}}
		},
		Events: evi.New(&event.Bus{}, slog.New(slog.DiscardHandler)),
	}
	r.XLog = &FollowLevel{Base: r.Level}
	for _, c := range Commands(r.Options) {
		if err := r.Registry.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	calls, err := r.Stats.New("call_center", "ccg_incalls", stat.Counter)
	if err != nil {
		t.Fatal(err)
	}
	calls.Add(3)
	live, err := r.Stats.New("call_center", "ccg_onhold_calls", stat.Gauge)
	if err != nil {
		t.Fatal(err)
	}
	live.Set(-2)
	return r
}

// call returns the result, or the error object, of a request.
func (r *rig) call(t *testing.T, method, params string) string {
	t.Helper()
	if params == "" {
		params = "{}"
	}
	reply := r.Registry.Handle(fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, method, params))
	text, ok := strings.CutSuffix(string(reply), `,"id":1}`)
	if !ok {
		t.Fatalf("%s: reply %s", method, reply)
	}
	for _, key := range []string{"result", "error"} {
		text = strings.TrimPrefix(text, `{"jsonrpc":"2.0","`+key+`":`)
	}
	return text
}

func TestCommands(t *testing.T) {
	pid := os.Getpid()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ method, params, want string }{
		{"uptime", ``, `{"Now":"Sat Nov  1 06:00:05 2025","Up since":"Sat Nov  1 06:00:00 2025","Up time":"5 [sec]"}`},
		{"core:version", ``, `{"Server":"sipd (test)"}`},
		{"ps", ``, fmt.Sprintf(`{"Processes":[{"ID":0,"PID":%d,"Type":"sipd"}]}`, pid)},
		{"pwd", ``, fmt.Sprintf(`{"WD":%q}`, dir)},
		{"arg", ``, `["sipd","run","-f","x.lua"]`},
		{"which", `["core:log_level"]`, `[[],["level"],["level","pid"]]`},
		{"which", `{"command":"uptime"}`, `[[]]`},
		{"which", `["statistics:"]`, `["statistics:get","statistics:list","statistics:reset"]`},
		{"which", `["none:"]`, `[]`},
		{"which", `["nothing"]`, `{"code":404,"message":"unknown MI command","data":"nothing: Method not found"}`},
		{"help", `["uptime"]`, `{"Help":"tells the time, when the server started, and the seconds since","Exported by":"core"}`},
		{"help", ``, `{"Help":"tells what a command does and which module has it","Exported by":"core"}`},
		{"help", `["nothing"]`, `{"code":404,"message":"unknown MI command","data":"nothing: Method not found"}`},
		{"reload_routes", ``, `{"code":500,"message":"Script reload is not supported","data":"restart the server; cc_reload reads flows and agents again"}`},
		{"list_tcp_conns", ``, `{"Connections":[{"ID":1,"Type":"tcp","State":"CONN_OK","Source":"192.0.2.1:5060","Destination":"192.0.2.9:5060"},` +
			`{"ID":2,"Type":"tcp","State":"CONN_CONNECTING","Source":"","Destination":"192.0.2.2:5060"}]}`},
		{"sr_get_status", `["core"]`, `{"Readiness":true,"Status":1,"Details":"running"}`},
		{"status_report:get_status", `{"group":"core","identifier":"main"}`, `{"Readiness":true,"Status":1,"Details":"running"}`},
		{"sr_get_status", `["drouting"]`, `{"code":404,"message":"Group not found","data":"want core, got \"drouting\""}`},
		{"sr_get_status", `["core","x"]`, `{"code":404,"message":"Identifier not found","data":"want main, got \"x\""}`},
		{"sr_list_status", ``, `[{"Group":"core","Identifiers":[{"Name":"main","Readiness":true,"Status":1,"Details":"running"}]}]`},
		{"sr_list_identifiers", ``, `[{"Group":"core","Identifiers":["main"]}]`},
		{"sr_list_identifiers", `["core"]`, `[{"Group":"core","Identifiers":["main"]}]`},
		{"sr_list_reports", ``, `[{"Group":"core","Identifiers":[{"Name":"main","Reports":[{"Timestamp":1761976800,"Date":"Sat Nov  1 06:00:00 2025","Log":"started"}]}]}]`},
		{"cache_fetch", `["local","old"]`, `{"key":"old","value":"7"}`},
		{"cache:fetch", `["local:group","old"]`, `{"key":"old","value":"7"}`},
		{"cache_fetch", `["local","new"]`, `{"code":404,"message":"Value not found","data":"\"new\" is not in the store"}`},
		{"cache_fetch", `["redis","old"]`, `{"code":404,"message":"Cache system not found","data":"want local, got \"redis\""}`},
		{"cache_store", `["local","new","text","60"]`, `"OK"`},
		{"cache_store", `["local","full","text"]`, `{"code":500,"message":"Cache command failed","data":"the store is full"}`},
		{"cache_store", `["local","new","text",-1]`, `{"code":400,"message":"Bad expire","data":"want seconds, 0 for ever, got -1"}`},
		{"cache_remove", `["local","old"]`, `"OK"`},
		{"get_statistics", `[["call_center:"]]`, `{"call_center:ccg_incalls":3,"call_center:ccg_onhold_calls":0}`},
		{"statistics:get", `{"statistics":["ccg_incalls","call_center:","nothing"]}`, `{"call_center:ccg_incalls":3,"call_center:ccg_onhold_calls":0}`},
		{"get_statistics", `["all"]`, `{"call_center:ccg_incalls":3,"call_center:ccg_onhold_calls":0}`},
		{"get_statistics", `[["nothing"]]`, `{"code":404,"message":"Statistics Not Found","data":"nothing matches [\"nothing\"]"}`},
		{"list_statistics", ``, `{"call_center:ccg_incalls":"incremental","call_center:ccg_onhold_calls":"non-incremental"}`},
		{"list_statistics", `[["ccg_incalls"]]`, `{"call_center:ccg_incalls":"incremental"}`},
		{"list_statistics", `[["nothing:"]]`, `{"code":404,"message":"Statistics Not Found","data":"nothing matches [\"nothing:\"]"}`},
		{"reset_statistics", `[["nothing"]]`, `{"code":404,"message":"Statistics Not Found","data":"nothing matches [\"nothing\"]"}`},
	} {
		t.Run(tt.method+tt.params, func(t *testing.T) {
			if got := newRig(t).call(t, tt.method, tt.params); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestCLI is what opensips-cli does: it asks which, refuses what is not
// listed, and then sends the command with its words as they were typed.
func TestCLI(t *testing.T) {
	r := newRig(t)
	var names []string
	if err := json.Unmarshal([]byte(r.call(t, "which", `{}`)), &names); err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	for _, n := range names {
		listed[n] = true
	}
	for _, name := range []string{"core:uptime", "uptime", "which", "ps", "version", "kill", "get_statistics", "statistics:get", "get", "log_level"} {
		if !listed[name] {
			t.Errorf("which does not list %s", name)
		}
	}
	if got := r.call(t, "reset_statistics", `[["call_center:ccg_incalls"]]`); got != `"OK"` {
		t.Errorf("reset_statistics = %s", got)
	}
	if got := r.call(t, "get_statistics", `[["ccg_incalls"]]`); got != `{"call_center:ccg_incalls":0}` {
		t.Errorf("after the reset: %s", got)
	}
	if got := r.call(t, "kill", ``); got != `"OK"` || r.kills != 1 {
		t.Errorf("kill = %s, called %d times", got, r.kills)
	}
}

func TestLogLevel(t *testing.T) {
	r := newRig(t)
	show := func(n int) string {
		return fmt.Sprintf(`{"Processes":[{"ID":0,"PID":%d,"Log level":%d,"Type":"sipd"}]}`, os.Getpid(), n)
	}
	if got := r.call(t, "log_level", ``); got != show(3) {
		t.Errorf("at the start: %s", got)
	}
	for _, tt := range []struct {
		params, want string
		level        slog.Level
	}{
		{`["-3"]`, `{"New global log level":-1}`, slog.LevelError},
		{`[0]`, `{"New global log level":-1}`, slog.LevelError},
		{`[1]`, `{"New global log level":1}`, slog.LevelWarn},
		{`[2]`, `{"New global log level":3}`, slog.LevelInfo},
		{`[3]`, `{"New global log level":3}`, slog.LevelInfo},
		{fmt.Sprintf(`["4","%d"]`, os.Getpid()), `{"New global log level":4}`, slog.LevelDebug},
		{`[5]`, `{"code":400,"message":"Bad log level","data":"want -3 to 4, got 5"}`, slog.LevelDebug},
		{`["1","0"]`, fmt.Sprintf(`{"code":404,"message":"Bad PID","data":"the process is %d, not 0"}`, os.Getpid()), slog.LevelDebug},
	} {
		if got := r.call(t, "log_level", tt.params); got != tt.want || r.Level.Level() != tt.level {
			t.Errorf("log_level %s = %s, level %v; want %s, %v", tt.params, got, r.Level.Level(), tt.want, tt.level)
		}
	}
	if got := r.call(t, "log_level", ``); got != show(4) {
		t.Errorf("at the end: %s", got)
	}
}

func TestDocs(t *testing.T) {
	docstest.Check(t, ".", core.Exports{Name: "core", MI: Commands(newRig(t).Options), Stats: Stats()})
}

func TestXLogLevel(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct{ method, params, want string }{
		{"xlog_level", ``, `{"xLog Level":3}`},
		{"log_level", `[1]`, `{"New global log level":1}`},
		{"xlog_level", ``, `{"xLog Level":1}`}, // it follows until it is set
		{"xlog_level", `["4"]`, `{"New xLog level":4}`},
		{"log_level", `[-1]`, `{"New global log level":-1}`},
		{"xlog_level", ``, `{"xLog Level":4}`},
		{"xlog_level", `[7]`, `{"code":400,"message":"Bad log level","data":"want -3 to 4, got 7"}`},
	} {
		if got := r.call(t, tt.method, tt.params); got != tt.want {
			t.Errorf("%s %s = %s, want %s", tt.method, tt.params, got, tt.want)
		}
	}
	if r.Level.Level() != slog.LevelError || r.XLog.Level() != slog.LevelDebug {
		t.Errorf("levels %v and %v", r.Level.Level(), r.XLog.Level())
	}
}

func TestNotRunning(t *testing.T) {
	r := newRig(t)
	r.running = false
	if got, want := r.call(t, "sr_get_status", `["core"]`), `{"Readiness":false,"Status":-1,"Details":"starting or stopping"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCache(t *testing.T) {
	r := newRig(t)
	for _, params := range []string{`["local","a","text"]`, `{"system":"local","attr":"b","value":1,"expire":"60"}`} {
		if got := r.call(t, "cache_store", params); got != `"OK"` {
			t.Errorf("cache_store %s = %s", params, got)
		}
	}
	if r.cache["a"] != "text0s" || r.cache["b"] != "11m0s" {
		t.Errorf("the store has %v", r.cache)
	}
	r.call(t, "cache_remove", `["local","a"]`)
	if _, there := r.cache["a"]; there {
		t.Error("a is still there")
	}
}
