package scripting

import (
	"maps"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
)

// The kinds of table in which routes are defined.
const (
	namedRoutes  = "route"
	eventRoutes  = "event_route"
	branchRoutes = "branch_route"
	failRoutes   = "failure_route"
	replyRoutes  = "onreply_route"
)

// routeTables are the tables that route files define routes in.
var routeTables = [...]string{namedRoutes, eventRoutes, branchRoutes, failRoutes, replyRoutes}

// openRoutes defines the tables that routes are put into.
func (st *state) openRoutes(L *lua.LState) {
	for _, table := range routeTables {
		st.routes[table] = map[string]*lua.LFunction{}
		t := st.proxy(L, table, L.NewFunction(func(L *lua.LState) int {
			fn := st.routes[table][L.CheckString(2)]
			if fn == nil {
				return 0
			}
			L.Push(fn)
			return 1
		}), L.NewFunction(func(L *lua.LState) int {
			name, fn := L.CheckString(2), L.CheckFunction(3)
			if st.loaded {
				L.RaiseError("%s.%s is defined in a route: define it at the top level", table, name)
			}
			st.routes[table][name] = fn
			if st.record != nil {
				st.record.route(table, name, here(L))
			}
			return 0
		}))
		if table == namedRoutes {
			callable(L, t, st.callRoute)
		}
		L.SetGlobal(table, t)
	}
	L.SetGlobal("timer_route", L.NewFunction(st.timerRoute))
}

func (st *state) timerRoute(L *lua.LState) int {
	name, secs, fn := L.CheckString(1), L.CheckNumber(2), L.CheckFunction(3)
	if st.loaded {
		L.RaiseError("timer_route %q is defined in a route: define it at the top level", name)
	}
	every := time.Duration(float64(secs) * float64(time.Second))
	if every < time.Millisecond || secs > 1e9 {
		L.RaiseError("timer_route %q: want seconds above 0, got %s", name, secs.String())
	}
	if st.timers[name] != nil {
		L.RaiseError("timer_route %q is defined twice", name)
	}
	st.timers[name] = fn
	if st.record != nil {
		st.record.cfg.Routes.Timers = append(st.record.cfg.Routes.Timers, core.Timer{Name: name, Every: every})
	}
	return 0
}

// callRoute is route("name", ...).
func (st *state) callRoute(L *lua.LState) int {
	name := L.CheckString(1)
	r := st.running(L, "route")
	fn := st.routes[namedRoutes][name]
	if fn == nil {
		L.RaiseError("route(%q): no such route; the file defines %s", name, list(slices.Sorted(maps.Keys(st.routes[namedRoutes]))))
	}
	args := L.GetTop() - 1
	L.Insert(fn, 2)
	r.names = append(r.names, name)
	L.Call(args, 2)
	r.names = r.names[:len(r.names)-1]
	code, ok := returned(L.Get(-2), L.Get(-1))
	if !ok {
		L.RaiseError("route(%q) returned a %s: want nothing, a boolean or a number", name, L.Get(-2).Type())
	}
	if code == 0 {
		st.throw(L, false)
	}
	return st.answer(L, code)
}

// returned is the code that the return values of a route mean: see doc.go.
func returned(first, second lua.LValue) (code core.Code, ok bool) {
	switch v := first.(type) {
	case *lua.LNilType:
		return core.True, true
	case lua.LBool:
		if v {
			return core.True, true
		}
		if n, ok := second.(lua.LNumber); ok && n < 0 {
			return core.Code(n), true
		}
		return core.False, true
	case lua.LNumber:
		return core.Code(v), true
	}
	return 0, false
}

// answer gives a code to the script as the rule says.
func (st *state) answer(L *lua.LState, code core.Code) int {
	st.run.rc = code
	if code > 0 {
		L.Push(lua.LNumber(code))
		return 1
	}
	L.Push(lua.LFalse)
	L.Push(lua.LNumber(code))
	return 2
}

// throw ends the script.
func (st *state) throw(L *lua.LState, drop bool) {
	ud := L.NewUserData()
	ud.Value = &signal{drop: drop}
	L.Error(ud, 0)
}

// running returns the run, or raises an error at the top level of the file.
func (st *state) running(L *lua.LState, what string) *run {
	if st.run == nil {
		L.RaiseError("%s can be called inside a route only", what)
	}
	return st.run
}

// message returns the run when it has a message.
func (st *state) message(L *lua.LState, what string) *run {
	r := st.running(L, what)
	if r.msg == nil || r.msg.Req == nil {
		L.RaiseError("%s needs a SIP message; a %s has none", what, routeKind(r.kind()))
	}
	return r
}

func (r *run) kind() core.Routes {
	if r.msg == nil {
		return 0
	}
	return r.msg.Kind
}

// here is the place in the script that called.
func here(L *lua.LState) core.Pos {
	for level := 1; ; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			return core.Pos{}
		}
		if _, err := L.GetInfo("Sl", dbg, lua.LNil); err == nil && dbg.CurrentLine > 0 {
			return core.Pos{File: dbg.Source, Line: dbg.CurrentLine}
		}
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func routeKind(k core.Routes) string {
	switch k {
	case core.RequestRoute:
		return "request_route"
	case core.LocalRoute:
		return "local_route"
	case core.EventRoute:
		return "event_route"
	case core.TimerRoute:
		return "timer_route"
	case core.StartupRoute:
		return "startup_route"
	case core.CallbackRoute:
		return "function that a module calls"
	}
	return "route"
}
