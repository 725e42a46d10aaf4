package scripting

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// evil are programs that must be stopped by a limit, each with a word of the
// error. The instruction limit comes first here, so that the result does not
// depend on how busy the machine is; TestTimeLimit is about the clock.
var evil = []struct{ name, body, want string }{
	{"loop", `while true do end`, "instructions"},
	{"loop in pcall", `while true do pcall(function() while true do end end) end`, "instructions"},
	{"loop in xpcall", `while true do xpcall(function() while true do end end, function() while true do end end) end`, "instructions"},
	{"loop in a coroutine", `coroutine.wrap(function() while true do end end)()`, "instructions"},
	{"loop in resume", `while true do coroutine.resume(coroutine.create(function() while true do end end)) end`, ""},
	{"recursion", `local function f() return 1 + f() end f()`, "overflow"},
	{"recursion in pcall", `local function f() pcall(f) while true do end end f()`, ""},
	{"tail calls", `local function f() return f() end f()`, "instructions"},
	{"routes", `route("a") end function route.a() route("a")`, "overflow"},
	{"metamethods", `local t = setmetatable({}, {__index = function(t, k) return t[k .. "x"] end}) return t.a`, "overflow"},
	{"rep", `local s = ("x"):rep(1e9)`, "too long"},
	{"rep overflow", `local s = ("xxxxxxxx"):rep(2^61)`, "too long"},
	{"rep in a loop", `local t = {} for i = 1, 1e9 do t[#t + 1] = ("x"):rep(100000) end`, "memory"},
	{"concat", `local s = "x" while true do s = s .. s end`, "too long"},
	{"concat kept", `local t, s = {}, ("x"):rep(5e5) for i = 1, 1e9 do t[i] = s .. i end`, "memory"},
	{"concat of a table", `local t = {} for i = 1, 100 do t[i] = ("x"):rep(50000) end local s = table.concat(t)`, "too long"},
	{"format", `local s = string.format("%999999d", 1)`, "too long"},
	{"format width", `local s = ("%99999s"):format("x")`, "too long"},
	{"gsub grows", `local s = ("x"):rep(1000) while true do s = s:gsub("x", "xxxxxxxx") end`, "too long"},
	{"upper", `local t, s = {}, ("x"):rep(1e6) for i = 1, 1e9 do t[i] = s:lower() end`, "memory"},
	{"pattern", `string.find(("a"):rep(400), ".-.-.-.-b")`, "instructions"},
	{"pattern in match", `string.match(("a"):rep(4000), "(.*)(.*)(.*)(.*)(.*)b")`, "instructions"},
	{"pattern in gsub", `string.gsub(("a"):rep(4000), ".-.-.-.-b", "x")`, "instructions"},
	{"pattern in gmatch", `for x in ("a"):rep(4000):gmatch(".-.-.-.-b") do end`, "instructions"},
	{"pattern in pcall", `while true do pcall(string.find, ("a"):rep(400), ".-.-.-.-b") end`, "instructions"},
	{"deep pattern", `("a"):rep(300):match(("a?"):rep(300) .. ("a"):rep(300))`, ""},
	{"regular expression", `local s = ("a"):rep(1e5) while true do match(s, "(a*)*b") end`, "instructions"},
	{"index", `local t = {} t[60000000] = 1`, "memory"},
	{"index in a constructor", `local t = {[60000000] = 1}`, "too large"},
	{"index in a multiple assignment", `local t, x = {} t[60000000], x = 1, 2`, "too large"},
	{"rawset", `rawset({}, 60000000, 1)`, "memory"},
	{"insert", `table.insert({}, 60000000, 1)`, "memory"},
	{"tables", `local t = {} while true do t = {t, {}, {}} end`, "memory"},
	{"unpack", `local t = {unpack({}, 1, 1e8)}`, "overflow"},
	{"bytes", `local t = {("x"):rep(1e6):byte(1, -1)}`, "overflow"},
	{"coroutines", `local t = {} for i = 1, 1e6 do t[i] = coroutine.create(function() end) end`, "coroutines"},
	{"json", `local t = {} t.t = t json.encode(t)`, "nested"},
	{"json text", `local s = "[" .. ("[],"):rep(300000) .. "1]" json.decode(s)`, "too long"},
	{"variables", `for i = 1, 1e6 do var["x" .. i] = i end`, "variables"},
	{"AVPs", `for i = 1, 1e6 do avp.push("x", i) end`, "values"},
	{"flags", `for i = 1, 1e6 do setflag("x" .. i) end`, "flags"},
	{"expressions", `for i = 1, 1e6 do match("x", "x" .. i) end`, "instructions"},
	{"sort", `local t = {} for i = 1, 5000 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end`, "instructions"},
}

func TestEvil(t *testing.T) {
	for _, e := range evil {
		t.Run(e.name, func(t *testing.T) {
			b := start(t, "set{ lua_budget = 60000 } function request_route() if is_method(\"OPTIONS\") then return send_reply(200) end "+e.body+" end")
			began, memory := time.Now(), allocated()
			_, _, err := b.send("INVITE")
			if err == nil || !strings.Contains(err.Error(), e.want) || !strings.HasPrefix(err.Error(), "routes.lua:1:") {
				t.Errorf("got %v, want %q", err, e.want)
			}
			if d := time.Since(began); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
			if grown := allocated() - memory; grown > 256<<20 {
				t.Errorf("allocated %d MB", grown>>20)
			}
			if _, _, err := b.send("OPTIONS"); err != nil {
				t.Errorf("the next request: %v", err)
			}
		})
	}
}

// allocated is all memory ever asked for, in use or not.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestTimeLimit turns the clock by hand: one millisecond a look.
func TestTimeLimit(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := newBudget(func() time.Time { now = now.Add(time.Millisecond); return now })
	b.start(limits{time: 50 * time.Millisecond, steps: 1e9, bytes: 1e9})
	n := 0
	for ; b.Done() == nil; n++ {
		if n > 1e6 {
			t.Fatal("never done")
		}
	}
	if n < 49*lookEvery || n > 51*lookEvery || b.Err().Error() != "the route ran longer than 50ms" {
		t.Errorf("ended after %d instructions: %v", n, b.Err())
	}
	b.start(limits{time: 50 * time.Millisecond, steps: 1e9, bytes: 1e9})
	b.paused(func() { now = now.Add(time.Hour) })
	if b.look() != nil {
		t.Errorf("a pause was counted: %v", b.Err())
	}
}

// TestStoppedInTime is the promise of a 50 ms budget as a caller sees it. The
// margin is for a machine that does other things.
func TestStoppedInTime(t *testing.T) {
	b := start(t, `set{ lua_budget = 50, lua_instructions = 1000000000 } function request_route() while true do end end`)
	began := time.Now()
	_, _, err := b.send("INVITE")
	if err == nil || !strings.Contains(err.Error(), "longer than 50ms") {
		t.Errorf("got %v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("stopped after %v", d)
	}
}

// TestSandbox: nothing that reaches the machine is left.
func TestSandbox(t *testing.T) {
	for _, name := range []string{"io", "debug", "package", "channel", "load", "loadstring", "loadfile", "dofile", "require", "module",
		"setfenv", "getfenv", "newproxy", "collectgarbage", "_printregs"} {
		if got, err := evaluate(t, say+`say(rawget(_G, "`+name+`"), pcall(function() return `+name+` end))`); err != nil || !strings.HasPrefix(got, "nil false") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale", "string.dump", "math.randomseed"} {
		if got, err := evaluate(t, say+`say(`+name+`)`); err != nil || got != "nil" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestStatesAreKept: a state is discarded after a limit, and only then.
func TestStatesAreKept(t *testing.T) {
	b := start(t, `function request_route() if is_method("BYE") then while true do end end error("x") end`)
	r := b.router.(*router)
	made := r.states
	for range 10 {
		_, _, _ = b.send("INVITE")
	}
	if r.states != made {
		t.Errorf("%d of %d states left after plain errors", r.states, made)
	}
	_, _, _ = b.send("BYE")
	if r.states != made-1 {
		t.Errorf("%d of %d states left after a limit", r.states, made)
	}
}

// TestTopLevelLoop: the top level of the file has a limit too.
func TestTopLevelLoop(t *testing.T) {
	_, err := Load(write(t, "routes.lua", "function request_route() end\nwhile true do end"), options())
	if err == nil || !strings.Contains(err.Error(), "routes.lua:2: the route ran") {
		t.Errorf("got %v", err)
	}
}
