package scripting

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// directives are the functions of the configuration phase. In the worker
// phase they do nothing; in a route they are an error.
func directives() []native {
	rec := func(name string, f func(*recorder, *lua.LState)) func(*state, *lua.LState) int {
		return func(st *state, L *lua.LState) int {
			if st.loaded {
				L.RaiseError("%s: only at the top level of the file", name)
			}
			if st.record != nil {
				f(st.record, L)
			}
			return 0
		}
	}
	dirs := []native{
		{"listen", `"proto:host:port" or (…, {advertise = "host:port", tag = "name"})`, "opens a socket: udp or tcp; the port is 5060 when left out", nil},
		{"alias", `"host[:port]"`, "another name of this server, for is_myself", nil},
		{"loadmodule", `"name"`, "loads a module; a path and .so are dropped", nil},
		{"modparam", `("module", "name", value)`, `sets a parameter of a module, or of several: "a|b"`, nil},
		{"log_level", `(level)`, `what is logged: -3 to 4 as in OpenSIPS, or "error", "warn", "info", "debug"`, nil},
		{"log_format", `"text" or "json"`, "how logs are written", nil},
		{"db_default_url", `"url"`, "the database of modules that name none", nil},
		{"set", `{name = value, ...}`, "sets global parameters: timers and limits", nil},
	}
	calls := map[string]func(*recorder, *lua.LState){
		"listen": (*recorder).listen, "alias": (*recorder).alias, "loadmodule": (*recorder).loadmodule,
		"modparam": (*recorder).modparam, "log_level": (*recorder).logLevel, "log_format": (*recorder).logFormat,
		"db_default_url": (*recorder).dbURL, "set": (*recorder).set,
	}
	for i, d := range dirs {
		dirs[i].call = rec(d.name, calls[d.name])
	}
	return append(dirs,
		native{"include", `"file.lua"`, "runs another file of the same folder, or one below it, in place", (*state).include},
		native{"env", `"NAME"`, "an environment variable, or nil", (*state).environment},
		native{"timer_route", `("name", seconds, function)`, "runs the function every so many seconds", (*state).timerRoute})
}

// recorder collects what the configuration phase says.
type recorder struct {
	cfg       *core.Config
	modules   map[string]core.Exports
	api       *api
	values    *globals
	callbacks map[string]core.Pos // taken, by name
	problems  core.Problems
	warnings  core.Problems
}

func (r *recorder) fault(L *lua.LState, format string, args ...any) {
	r.problems = append(r.problems, core.Problem{Pos: here(L), Text: fmt.Sprintf(format, args...)})
}

func (r *recorder) warn(pos core.Pos, format string, args ...any) {
	r.warnings = append(r.warnings, core.Problem{Pos: pos, Text: fmt.Sprintf(format, args...)})
}

// text reads an argument that must be text.
func (r *recorder) text(L *lua.LState, n int, what string) (string, bool) {
	if s, ok := L.Get(n).(lua.LString); ok && s != "" {
		return string(s), true
	}
	r.fault(L, "%s: want text, got %s", what, shown(goValue(L.Get(n))))
	return "", false
}

func (r *recorder) listen(L *lua.LState) {
	text, ok := r.text(L, 1, "listen")
	if !ok {
		return
	}
	l := core.Listen{Port: 5060, Pos: here(L)}
	proto, rest, found := strings.Cut(text, ":")
	l.Proto = strings.ToLower(proto)
	if !found || l.Proto != "udp" && l.Proto != "tcp" {
		r.fault(L, `listen %q: want "udp:host:port" or "tcp:host:port"`, text)
		return
	}
	hostport, anyPort := strings.CutSuffix(rest, ":0") // the system picks one
	host, port, err := sip.SplitHostPort(hostport)
	if err != nil || host == "" || anyPort && port != 0 {
		r.fault(L, "listen %q: %q is not a host and port", text, rest)
		return
	}
	l.Host = host
	if port != 0 || anyPort {
		l.Port = port
	}
	if r.listenOptions(L, &l, text) {
		r.cfg.Listen = append(r.cfg.Listen, l)
	}
}

func (r *recorder) listenOptions(L *lua.LState, l *core.Listen, text string) bool {
	v := L.Get(2)
	if v == lua.LNil {
		return true
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		r.fault(L, "listen %q: want a table of options, got %s", text, quoted(goValue(v)))
		return false
	}
	t.ForEach(func(k, v lua.LValue) {
		s, isText := v.(lua.LString)
		switch name := k.String(); {
		case !isText || name != "advertise" && name != "tag":
			r.fault(L, `listen %q: option %s: want advertise = "host:port" or tag = "name"`, text, name)
			ok = false
		case name == "tag":
			l.Tag = string(s)
		default:
			if h, _, err := sip.SplitHostPort(string(s)); err != nil || h == "" {
				r.fault(L, "listen %q: advertise %q is not a host and port", text, string(s))
				ok = false
			}
			l.Advertise = string(s)
		}
	})
	return ok
}

func (r *recorder) alias(L *lua.LState) {
	text, ok := r.text(L, 1, "alias")
	if !ok {
		return
	}
	for _, p := range []string{"udp:", "tcp:"} {
		text = strings.TrimPrefix(text, p) // OpenSIPS writes a transport here
	}
	host, port, err := sip.SplitHostPort(text)
	if err != nil || host == "" {
		r.fault(L, "alias %q: want \"host\" or \"host:port\"", text)
		return
	}
	r.cfg.Aliases = append(r.cfg.Aliases, core.Alias{Host: host, Port: port, Pos: here(L)})
}

func (r *recorder) loadmodule(L *lua.LState) {
	text, ok := r.text(L, 1, "loadmodule")
	if !ok {
		return
	}
	name := strings.TrimSuffix(path.Base(text), ".so")
	if x, known := r.modules[name]; known {
		r.cfg.Loads = append(r.cfg.Loads, core.Load{Name: name, Pos: here(L)})
		for _, f := range x.Funcs {
			r.api.funcs[f.Name] = f
		}
		return
	}
	if a, known := inCore[name]; known {
		if a.lacks != "" {
			r.warn(here(L), "loadmodule %q does nothing; sipd has not: %s", text, a.lacks)
		}
		return
	}
	r.fault(L, "loadmodule %q: no such module%s; this build has %s", text, r.didYouMean(name), list(slices.Sorted(maps.Keys(r.modules))))
}

func (r *recorder) didYouMean(name string) string {
	if near := Nearest(name, slices.Collect(maps.Keys(r.modules))); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

func (r *recorder) modparam(L *lua.LState) {
	mods, ok := r.text(L, 1, "modparam: module")
	if !ok {
		return
	}
	name, ok := r.text(L, 2, "modparam: name")
	if !ok {
		return
	}
	value := goValue(L.Get(3))
	if _, bad := value.(opaque); bad || value == nil {
		r.fault(L, "modparam %s.%s: want text, a number or a boolean, got %s", mods, name, shown(value))
		return
	}
	for m := range strings.SplitSeq(mods, "|") {
		r.param(L, core.ParamSet{Module: strings.TrimSpace(m), Name: name, Value: value, Pos: here(L)})
	}
}

func shown(v any) string {
	if v == nil {
		return "nil"
	}
	return quoted(v)
}

// param checks a parameter against the declaration of its module.
func (r *recorder) param(L *lua.LState, set core.ParamSet) {
	x, known := r.modules[set.Module]
	if !known {
		r.coreParam(L, set)
		return
	}
	i := slices.IndexFunc(x.Params, func(p core.Param) bool { return p.Name == set.Name })
	if i < 0 {
		var names []string
		for _, p := range x.Params {
			names = append(names, p.Name)
		}
		hint := ""
		if near := Nearest(set.Name, names); near != "" {
			hint = "; did you mean " + near + "?"
		}
		r.fault(L, "modparam %s.%s: module %s has no such parameter%s", set.Module, set.Name, set.Module, hint)
		return
	}
	if err := x.Params[i].Set(set.Value); err != nil {
		r.fault(L, "modparam %s.%s: %s", set.Module, set.Name, err)
		return
	}
	if x.Params[i].Unneeded {
		r.warn(set.Pos, "modparam %s.%s is %s", set.Module, set.Name, x.Params[i].Doc)
	}
	for _, old := range r.cfg.Params {
		if !x.Params[i].Many && old.Module == set.Module && old.Name == set.Name {
			r.warn(set.Pos, "modparam %s.%s: it was set before at %s; the last value wins", set.Module, set.Name, old.Pos)
		}
	}
	r.cfg.Params = append(r.cfg.Params, set)
}

// coreParam takes parameters of modules that there are none for here.
func (r *recorder) coreParam(L *lua.LState, set core.ParamSet) {
	a, known := inCore[set.Module]
	if set.Module == "tm" && (set.Name == "T1_timer" || set.Name == "T2_timer") {
		set.Name = strings.ToLower(set.Name) // as OpenSIPS spells them
	}
	timer := set.Module == "tm" && slices.Contains(tmTimers[:], set.Name)
	switch {
	case !known:
		r.fault(L, "modparam %s.%s: no module %s%s", set.Module, set.Name, set.Module, r.didYouMean(set.Module))
	case timer:
		r.global(L, "modparam tm.", core.ParamSet{Name: set.Name, Value: set.Value, Pos: set.Pos})
	case a.has(set.Name):
		r.warn(set.Pos, "modparam %s.%s is ignored: sipd does the work of module %s itself", set.Module, set.Name, set.Module)
	default:
		hint := ""
		if near := Nearest(set.Name, append(a.names(), tmTimers[:]...)); near != "" {
			hint = "; did you mean " + near + "?"
		}
		r.fault(L, "modparam %s.%s: module %s has no such parameter%s", set.Module, set.Name, set.Module, hint)
	}
}

func (r *recorder) set(L *lua.LState) {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		r.fault(L, "set: want {name = value, ...}, got %s", shown(goValue(L.Get(1))))
		return
	}
	values := map[string]any{}
	t.ForEach(func(k, v lua.LValue) { values[k.String()] = goValue(v) })
	for _, name := range slices.Sorted(maps.Keys(values)) {
		r.global(L, "set ", core.ParamSet{Name: name, Value: values[name], Pos: here(L)})
	}
}

func (r *recorder) global(L *lua.LState, what string, set core.ParamSet) {
	params := r.values.params()
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
		if p.Name != set.Name {
			continue
		}
		v := set.Value
		if o, bad := v.(opaque); bad {
			v = "a " + string(o)
		}
		if err := p.Set(v); err != nil {
			r.fault(L, "%s%s: %s", what, set.Name, err)
			return
		}
		r.cfg.Globals[set.Name] = set
		return
	}
	if near := Nearest(set.Name, names); near != "" {
		r.fault(L, "%s%s: no such global parameter; did you mean %s?", what, set.Name, near)
		return
	}
	r.fault(L, "%s%s: no such global parameter; there are %s", what, set.Name, list(names))
}

func (r *recorder) logLevel(L *lua.LState) {
	v := goValue(L.Get(1))
	if n, ok := v.(int); ok && (n < -3 || n > 4) {
		r.fault(L, "log_level: want -3 to 4, got %d", n)
		return
	}
	l, ok := level(fmt.Sprint(v))
	if !ok {
		r.fault(L, `log_level: want -3 to 4, "error", "warn", "info" or "debug", got %s`, shown(v))
		return
	}
	r.cfg.Log.Level = l
}

func (r *recorder) logFormat(L *lua.LState) {
	switch v := goValue(L.Get(1)); v {
	case "json", "text":
		r.cfg.Log.JSON = v == "json"
	default:
		r.fault(L, `log_format: want "text" or "json", got %s`, shown(v))
	}
}

func (r *recorder) dbURL(L *lua.LState) {
	if text, ok := r.text(L, 1, "db_default_url"); ok {
		r.cfg.DefaultDB = text
	}
}

// route records a definition in one of the tables of routes.
func (r *recorder) route(table, name string, pos core.Pos) {
	switch table {
	case namedRoutes:
		r.cfg.Routes.Named = append(r.cfg.Routes.Named, name)
	case eventRoutes:
		r.cfg.Routes.Events = append(r.cfg.Routes.Events, name)
	default:
		r.warn(pos, "%s.%s is never run: sipd answers requests and does not relay them", table, name)
	}
}
