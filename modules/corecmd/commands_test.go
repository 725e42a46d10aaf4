package corecmd

import (
	"encoding/json"
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
	kills int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	start := time.Date(2025, 11, 1, 6, 0, 0, 0, time.UTC)
	r := &rig{}
	r.Options = Options{
		Registry: &mi.Registry{}, Stats: &stat.Registry{}, Level: &slog.LevelVar{}, Server: "sipd (test)",
		Start: start, Now: func() time.Time { return start.Add(5900 * time.Millisecond) },
		Args: []string{"sipd", "run", "-f", "x.lua"}, Kill: func() { r.kills++ },
		Events: evi.New(&event.Bus{}, slog.New(slog.DiscardHandler)),
	}
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
