package scripting

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// state is one Lua state with the script in it, and the run that uses it.
type state struct {
	L       *lua.LState
	api     *api
	budget  *budget
	globals *lua.LTable // the real globals; env is what the script sees
	env     *lua.LTable
	record  *recorder // set in the configuration phase only
	loaded  bool      // the top level has run: definitions are over

	routes    map[string]map[string]*lua.LFunction // by table, then name
	timers    map[string]*lua.LFunction
	callbacks map[string]*lua.LFunction
	vars      map[string]core.Var
	res       map[string]*regexp.Regexp

	nested     int         // includes that run
	at         *lua.LState // the coroutine that called last
	coroutines int
	doubtful   bool // may not be used again
	run        *run // nil outside routes
	remembers  bool // it is a [function]'s, and may write globals
	objects
}

// run is one execution of a route.
type run struct {
	ctx     context.Context
	msg     *core.Msg
	origin  sip.URI // the Request-URI that came in
	own     bool    // the request may be changed: it is ours
	rc      core.Code
	names   []string // of the routes that run, innermost last
	vars    map[string]lua.LValue
	flags   map[string]bool
	dropped bool
}

// api is what all states of a router share.
type api struct {
	src       *sources
	b         Bindings
	env       func(string) string
	funcs     map[string]core.Func // of modules and built in
	owner     map[string]string    // function → module that has it, loaded or not
	vars      map[string]core.Var
	callbacks map[string]callback
	base      context.Context // ends with the router
	shared    *shared
	limit     limits // of one message
	slow      limits // of timer, event and startup routes
	wait      time.Duration
	call      time.Duration // how long a module function may take
}

// newState makes a state and runs the top level of the script in it.
func newState(a *api, rec *recorder) (*state, error) {
	st := &state{api: a, record: rec, budget: newBudget(a.b.Now), routes: map[string]map[string]*lua.LFunction{},
		timers: map[string]*lua.LFunction{}, callbacks: map[string]*lua.LFunction{}, res: map[string]*regexp.Regexp{}}
	st.budget.start(a.slow)
	L := lua.NewState(lua.Options{CallStackSize: callDepth, RegistrySize: registrySize, RegistryMaxSize: registryMax,
		RegistryGrowStep: registrySize, MinimizeStackMemory: true, SkipOpenLibs: true})
	st.L = L
	st.openSandbox(L)
	st.openAPI(L)
	st.guard(L)
	L.SetContext(st.budget)
	if err := st.top(); err != nil {
		L.Close()
		return nil, err
	}
	st.loaded = true
	return st, nil
}

// guard puts an empty table in front of the globals: reading a name that is
// not there and writing from a route are errors.
func (st *state) guard(L *lua.LState) {
	st.globals = L.Get(lua.GlobalsIndex).(*lua.LTable)
	st.env = st.proxy(L, "_G", st.globals, L.NewFunction(st.setGlobal))
	missing := L.CreateTable(0, 1)
	missing.RawSetString("__index", L.NewFunction(st.missing))
	st.globals.Metatable = missing
	st.globals.RawSetString("_G", st.env)
}

func (st *state) setGlobal(L *lua.LState) int {
	name := L.Get(2).String()
	switch {
	case st.remembers && st.globals.RawGet(L.Get(2)) == lua.LNil:
		L.RaiseError("global %s is not there: define it at the top level of the file, with the value to begin with", name)
	case st.loaded && !st.remembers:
		L.RaiseError("global %s is written in a route: states do not share globals; use local, var.%s (this message) or shared.set(%q, value)", name, name, name)
	}
	st.globals.RawSet(L.Get(2), L.Get(3))
	return 0
}

func (st *state) missing(L *lua.LState) int {
	name := L.Get(2).String()
	if slices.Contains(hooks[:], name) {
		return 0
	}
	L.RaiseError("%s", st.api.unknown(name))
	return 0
}

// unknown is the error of a name that is not defined.
func (a *api) unknown(name string) string {
	if m := a.owner[name]; m != "" {
		return fmt.Sprintf("%s belongs to module %s: missing loadmodule %q?", name, m, m)
	}
	if near := Nearest(name, append(slices.Collect(maps.Keys(a.owner)), nativeNames()...)); near != "" {
		return fmt.Sprintf("nothing is called %s; did you mean %s?", name, near)
	}
	return fmt.Sprintf("nothing is called %s: missing loadmodule, or a misspelt name?", name)
}

// hooks are the globals a script may define for the server to call.
var hooks = [...]string{"request_route", "local_route", "startup_route", "reply_route", "error_route"}

// top runs the top level of the route file.
func (st *state) top() error {
	return st.file(st.api.src.order[0])
}

func (st *state) file(c *chunk) error {
	fn := st.L.NewFunctionFromProto(c.proto)
	fn.Env = st.env
	return st.L.CallByParam(lua.P{Fn: fn, Protect: true})
}

// hook returns the function that the script defined under a name of hooks.
func (st *state) hook(name string) *lua.LFunction {
	fn, _ := st.globals.RawGetString(name).(*lua.LFunction)
	return fn
}

// maxIncludes bounds how deep files include each other.
const maxIncludes = 16

// include runs another file of the script's folder in place.
func (st *state) include(L *lua.LState) int {
	name := L.CheckString(1)
	if st.loaded {
		L.RaiseError("include %q: only at the top level of the file", name)
	}
	if st.nested == maxIncludes {
		L.RaiseError("include %q: nested deeper than %d: does a file include itself?", name, maxIncludes)
	}
	c, err := st.api.src.load(name)
	if err != nil {
		L.RaiseError("include %q: %s", name, err)
	}
	fn := L.NewFunctionFromProto(c.proto)
	fn.Env = st.env
	L.Push(fn)
	st.nested++
	L.Call(0, 0)
	st.nested--
	return 0
}
