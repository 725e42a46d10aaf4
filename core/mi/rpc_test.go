package mi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// testRegistry has one command for each way to declare one.
func testRegistry(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{}
	echo := func(ps Params) (any, error) { return ps, nil }
	for _, c := range []Command{
		{Name: "core:uptime", Call: func(Params) (any, error) {
			return Object{}.With("Now", "<now>").With("Up since", "&").With("Up time", 5), nil
		}},
		{Name: "statistics:get", Aliases: []string{"get_statistics"}, Recipes: []Recipe{{{"statistics", Array}}}, Call: echo},
		{Name: "call_center:agent_login", Aliases: []string{"cc_agent_login"},
			Recipes: []Recipe{{{"agent_id", String}, {"state", Int}}},
			Call: func(ps Params) (any, error) {
				if ps.String("agent_id") == "nobody" {
					return nil, fmt.Errorf("login: %w", &Error{Code: 404, Message: "Agent not found"})
				}
				return ps, nil
			}},
		{Name: "call_center:list", Call: func(Params) (any, error) { return []string(nil), nil }},
		{Name: "proto_tcp:list", Call: func(Params) (any, error) { return nil, nil }},
		{Name: "test:optional", Recipes: []Recipe{{}, {{"n", Int}}}, Call: echo},
		{Name: "test:twice", Recipes: []Recipe{{{"a", String}}, {{"b", String}}}, Call: echo},
		{Name: "test:named", Named: true, Recipes: []Recipe{{}, {{"a", String}}}, Call: echo},
		{Name: "test:rest", Recipes: []Recipe{{{"event", String}, {"params", Array}}}, Call: echo},
		{Name: "test:fail", Call: func(Params) (any, error) { return nil, errors.New("no database") }},
		{Name: "test:panic", Call: func(Params) (any, error) { panic("boom") }},
		{Name: "test:unwritable", Call: func(Params) (any, error) { return func() {}, nil }},
	} {
		if err := r.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestHandle(t *testing.T) {
	r := testRegistry(t)
	for _, tt := range []struct{ name, request, want string }{
		// Form.
		{"not JSON", `{"jsonrpc":`, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"empty", ``, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"trailing text", `{"jsonrpc":"2.0","method":"uptime","id":1} x`, `{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}`},
		{"too deep", `{"jsonrpc":"2.0","method":"uptime","id":1,"params":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`,
			`{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error","data":"nested deeper than 32"},"id":null}`},
		{"brackets in a string", `{"jsonrpc":"2.0","method":"tcp:list","id":1,"more":"\"\\` + strings.Repeat("[", 99) + `"}`, `{"jsonrpc":"2.0","result":"OK","id":1}`},
		{"too long", `"` + strings.Repeat("x", MaxRequest) + `"`,
			`{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request","data":"longer than 1048576 bytes"},"id":null}`},
		{"batch", `[{"jsonrpc":"2.0","method":"uptime","id":1}]`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`},
		{"null", `null`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`},
		{"no version", `{"method":"uptime","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"version as number", `{"jsonrpc":2.0,"method":"uptime","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"version null", `{"jsonrpc":null,"method":"uptime","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"wrong case", `{"JSONRPC":"2.0","method":"uptime","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"method as number", `{"jsonrpc":"2.0","method":7,"id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"no method, no id", `{"jsonrpc":"2.0"}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`},
		{"params as string", `{"jsonrpc":"2.0","method":"uptime","params":"x","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"params null", `{"jsonrpc":"2.0","method":"uptime","params":null,"id":1}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":1}`},
		{"id as object", `{"jsonrpc":"2.0","method":"uptime","id":{}}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`},
		{"id true", `{"jsonrpc":"2.0","method":"uptime","id":true}`, `{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}`},
		// Identity.
		{"id string", `{"jsonrpc":"2.0","method":"tcp:list","id":"17"}`, `{"jsonrpc":"2.0","result":"OK","id":"17"}`},
		{"id null", `{"jsonrpc":"2.0","method":"tcp:list","id":null}`, `{"jsonrpc":"2.0","result":"OK","id":null}`},
		{"id large", `{"jsonrpc":"2.0","method":"tcp:list","id":12345678901234567890}`, `{"jsonrpc":"2.0","result":"OK","id":12345678901234567890}`},
		{"id not UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"tcp:list\",\"id\":\"\xff<\"}", `{"jsonrpc":"2.0","result":"OK","id":"` + "\uFFFD" + `<"}`},
		{"notification", `{"jsonrpc":"2.0","method":"uptime"}`, ``},
		{"notification of nothing known", `{"jsonrpc":"2.0","method":"nothing"}`, ``},
		// Names.
		{"local", `{"jsonrpc":"2.0","method":"uptime","id":1}`, `{"jsonrpc":"2.0","result":{"Now":"<now>","Up since":"&","Up time":5},"id":1}`},
		{"canonical", `{"jsonrpc":"2.0","method":"core:uptime","id":1}`, `{"jsonrpc":"2.0","result":{"Now":"<now>","Up since":"&","Up time":5},"id":1}`},
		{"proto_ stripped", `{"jsonrpc":"2.0","method":"proto_tcp:list","id":1}`, `{"jsonrpc":"2.0","result":"OK","id":1}`},
		{"empty list", `{"jsonrpc":"2.0","method":"call_center:list","id":1}`, `{"jsonrpc":"2.0","result":[],"id":1}`},
		{"ambiguous", `{"jsonrpc":"2.0","method":"list","id":1}`,
			`{"jsonrpc":"2.0","error":{"code":-32001,"message":"Method ambiguous","data":"supported names: call_center:list, tcp:list"},"id":1}`},
		{"unknown", `{"jsonrpc":"2.0","method":"nothing","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"unknown canonical", `{"jsonrpc":"2.0","method":"core:nothing","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		{"local of another module", `{"jsonrpc":"2.0","method":"call_center:uptime","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`},
		// Parameters.
		{"positional", `{"jsonrpc":"2.0","method":"agent_login","params":["al",1],"id":1}`, `{"jsonrpc":"2.0","result":{"agent_id":"al","state":1},"id":1}`},
		{"positional, all text", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al","0"],"id":1}`, `{"jsonrpc":"2.0","result":{"agent_id":"al","state":0},"id":1}`},
		{"named", `{"jsonrpc":"2.0","method":"cc_agent_login","params":{"state":"-1","agent_id":1008},"id":1}`, `{"jsonrpc":"2.0","result":{"agent_id":"1008","state":-1},"id":1}`},
		{"whole float", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["1.50",1.0],"id":1}`, `{"jsonrpc":"2.0","result":{"agent_id":"1.50","state":1},"id":1}`},
		{"fraction", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al",1.5],"id":1}`, invalid("Bad type for parameter 'state'")},
		{"no number", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al","yes"],"id":1}`, invalid("Bad type for parameter 'state'")},
		{"empty number", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al",""],"id":1}`, invalid("Bad type for parameter 'state'")},
		{"infinite", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al","inf"],"id":1}`, invalid("Bad type for parameter 'state'")},
		{"too large", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al",1e30],"id":1}`, invalid("Bad type for parameter 'state'")},
		{"bool for a string", `{"jsonrpc":"2.0","method":"cc_agent_login","params":[true,1],"id":1}`, invalid("Bad type for parameter 'agent_id'")},
		{"null for a string", `{"jsonrpc":"2.0","method":"cc_agent_login","params":{"agent_id":null,"state":1},"id":1}`, invalid("Bad type for parameter 'agent_id'")},
		{"too few", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["al"],"id":1}`, invalid("Too few or too many parameters")},
		{"none", `{"jsonrpc":"2.0","method":"cc_agent_login","id":1}`, invalid("Too few or too many parameters")},
		{"too many", `{"jsonrpc":"2.0","method":"uptime","params":[1],"id":1}`, invalid("Too few or too many parameters")},
		{"named, too few", `{"jsonrpc":"2.0","method":"cc_agent_login","params":{"agent_id":"al"},"id":1}`, invalid("Too few or too many parameters")},
		{"named, other name", `{"jsonrpc":"2.0","method":"cc_agent_login","params":{"agent":"al","state":1},"id":1}`, invalid("Named parameters do not match")},
		{"empty array is none", `{"jsonrpc":"2.0","method":"test:optional","params":[],"id":1}`, `{"jsonrpc":"2.0","result":{},"id":1}`},
		{"empty object is none", `{"jsonrpc":"2.0","method":"test:optional","params":{},"id":1}`, `{"jsonrpc":"2.0","result":{},"id":1}`},
		{"optional given", `{"jsonrpc":"2.0","method":"test:optional","params":["7"],"id":1}`, `{"jsonrpc":"2.0","result":{"n":7},"id":1}`},
		{"two recipes of one length", `{"jsonrpc":"2.0","method":"test:twice","params":["x"],"id":1}`, invalid("Ambiguous call, use named parameters instead")},
		{"two recipes, named", `{"jsonrpc":"2.0","method":"test:twice","params":{"b":"x"},"id":1}`, `{"jsonrpc":"2.0","result":{"b":"x"},"id":1}`},
		{"named only, positional", `{"jsonrpc":"2.0","method":"test:named","params":["x"],"id":1}`, invalid("Command only supports named parameters")},
		{"named only, named", `{"jsonrpc":"2.0","method":"test:named","params":{"a":"x"},"id":1}`, `{"jsonrpc":"2.0","result":{"a":"x"},"id":1}`},
		{"named only, none", `{"jsonrpc":"2.0","method":"test:named","params":[],"id":1}`, `{"jsonrpc":"2.0","result":{},"id":1}`},
		// Arrays.
		{"array", `{"jsonrpc":"2.0","method":"get_statistics","params":[["all",7]],"id":1}`, `{"jsonrpc":"2.0","result":{"statistics":["all","7"]},"id":1}`},
		{"array named", `{"jsonrpc":"2.0","method":"get_statistics","params":{"statistics":["a:","b"]},"id":1}`, `{"jsonrpc":"2.0","result":{"statistics":["a:","b"]},"id":1}`},
		{"bare", `{"jsonrpc":"2.0","method":"get_statistics","params":["all"],"id":1}`, `{"jsonrpc":"2.0","result":{"statistics":["all"]},"id":1}`},
		{"bare, several", `{"jsonrpc":"2.0","method":"get_statistics","params":["a","b"],"id":1}`, `{"jsonrpc":"2.0","result":{"statistics":["a","b"]},"id":1}`},
		{"bare named", `{"jsonrpc":"2.0","method":"get_statistics","params":{"statistics":"all"},"id":1}`, `{"jsonrpc":"2.0","result":{"statistics":["all"]},"id":1}`},
		{"rest packed", `{"jsonrpc":"2.0","method":"test:rest","params":["E_X","a",1],"id":1}`, `{"jsonrpc":"2.0","result":{"event":"E_X","params":["a","1"]},"id":1}`},
		{"array and more", `{"jsonrpc":"2.0","method":"get_statistics","params":[["a"],["b"]],"id":1}`, invalid("Bad type for parameter 'statistics'")},
		{"empty array", `{"jsonrpc":"2.0","method":"get_statistics","params":[[]],"id":1}`, invalid("Empty array in parameter 'statistics'")},
		{"object for an array", `{"jsonrpc":"2.0","method":"get_statistics","params":[{}],"id":1}`, invalid("Bad type for parameter 'statistics'")},
		{"null for an array", `{"jsonrpc":"2.0","method":"get_statistics","params":[null],"id":1}`, invalid("Bad type for parameter 'statistics'")},
		{"array missing", `{"jsonrpc":"2.0","method":"get_statistics","id":1}`, invalid("Too few or too many parameters")},
		// Answers.
		{"own code", `{"jsonrpc":"2.0","method":"cc_agent_login","params":["nobody",1],"id":1}`, `{"jsonrpc":"2.0","error":{"code":404,"message":"Agent not found"},"id":1}`},
		{"other error", `{"jsonrpc":"2.0","method":"fail","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Server error","data":"no database"},"id":1}`},
		{"panic", `{"jsonrpc":"2.0","method":"panic","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Server error","data":"the command failed: see the log"},"id":1}`},
		{"unwritable", `{"jsonrpc":"2.0","method":"unwritable","id":1}`,
			`{"jsonrpc":"2.0","error":{"code":-32000,"message":"Server error","data":"the result of test:unwritable cannot be written: json: unsupported type: func()"},"id":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(r.Handle([]byte(tt.request))); got != tt.want {
				t.Errorf("request %.200s\n got %s\nwant %s", tt.request, got, tt.want)
			}
		})
	}
}

func invalid(data string) string {
	return `{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params","data":"` + data + `"},"id":1}`
}

func TestPanicIsReported(t *testing.T) {
	r := testRegistry(t)
	var told string
	r.OnPanic = func(command string, v any, stack []byte) {
		told = fmt.Sprint(command, " ", v, " ", strings.Contains(string(stack), "rpc_test.go"))
	}
	if got := r.Handle([]byte(`{"jsonrpc":"2.0","method":"panic"}`)); got != nil {
		t.Errorf("a notification was answered %s", got)
	}
	if want := "test:panic boom true"; told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

func FuzzMIJSON(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","method":"cc_agent_login","params":["al","0"],"id":1}`,
		`{"jsonrpc":"2.0","method":"get_statistics","params":{"statistics":["all"]},"id":"1"}`,
		`{"jsonrpc":"2.0","method":"test:rest","params":["E_X","a",1],"id":null}`,
		`{"jsonrpc":"2.0","method":"list","id":1}`, `[{}]`, `{"id":"\ud800"}`, "{\"id\":\"\xff\"}", `"\\\"[["`,
	} {
		f.Add([]byte(seed))
	}
	r := testRegistry(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := r.Handle(raw)
		if got == nil {
			return
		}
		if !json.Valid(got) || !utf8.Valid(got) || strings.ContainsAny(string(got), "\r\n") || !strings.HasPrefix(string(got), `{"jsonrpc":"2.0","`) {
			t.Errorf("reply %q", got)
		}
	})
}
