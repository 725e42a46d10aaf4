package scripting

import (
	"context"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip"
)

// native is a function that answers values instead of a code, or that acts on
// the script itself.
type native struct {
	name string // as it is called: "hdr", "hdr.add"
	args string // for the reference
	doc  string
	call func(st *state, L *lua.LState) int
}

// natives declares them all. Names with a dot live in a table.
func natives() []native {
	return []native{
		{"route", `(name, ...)`, "calls a named route; its values follow the rule of return values", (*state).callRoute},
		{"exit", `()`, "ends the script", func(st *state, L *lua.LState) int { st.running(L, "exit"); st.throw(L, false); return 0 }},
		{"drop", `()`, "ends the script; the request gets no answer", func(st *state, L *lua.LState) int { st.running(L, "drop"); st.throw(L, true); return 0 }},
		{"rc", `([f(...)])`, "the last code, or the code that the values of a call mean", (*state).rc},
		{"xlog", `([level,] text)`, "logs a text with its $variables filled in; level is L_ERR, L_WARN, L_NOTICE, L_INFO or L_DBG", (*state).xlog},
		{"log.debug", `(text [, fields])`, "logs a text with a table of fields", logAt(slog.LevelDebug)},
		{"log.info", `(text [, fields])`, "the same at level info", logAt(slog.LevelInfo)},
		{"log.warn", `(text [, fields])`, "the same at level warn", logAt(slog.LevelWarn)},
		{"log.error", `(text [, fields])`, "the same at level error", logAt(slog.LevelError)},
		{"fmt", `(text)`, "the text with its $variables filled in", func(st *state, L *lua.LState) int { return st.text(L, st.expand(L.CheckString(1))) }},
		{"match", `(text, expression)`, "matches a regular expression (RE2): its groups, or the whole match, or nil", (*state).regexp},
		{"hdr", `(name [, index])`, "a header of the request; index counts from 1, or from -1 backwards; nil when there is none", (*state).header},
		{"hdr.all", `(name)`, "a list of the values of every header of that name", (*state).headers},
		{"hdr.add", `(name, value)`, "adds a header to the request", (*state).addHeader},
		{"hdr.remove", `(name)`, "removes every header of that name; tells how many there were", (*state).delHeader},
		{"avp", `(name)`, "a list of all values of an AVP, the one pushed last first", (*state).avpAll},
		{"avp.push", `(name, value)`, "adds a value to an AVP", (*state).avpPush},
		{"shared.get", `(key)`, "a value that all routes share, or nil", (*state).sharedGet},
		{"shared.set", `(key, value [, seconds])`, "sets it, for so many seconds; nil deletes", (*state).sharedSet},
		{"shared.add", `(key, value [, seconds])`, "sets it when it is not there; tells whether it did", (*state).sharedAdd},
		{"shared.cas", `(key, old, new [, seconds])`, "sets it to new when it is old; tells whether it did", (*state).sharedCAS},
		{"shared.incr", `(key [, by [, seconds]])`, "adds by (1) to a number and returns it", (*state).sharedIncr},
		{"uri.parse", `(text)`, "a table with scheme, user, host, port and params; or nil and what is wrong", (*state).parseURI},
		{"json.encode", `(value)`, "the value as JSON", (*state).jsonEncode},
		{"json.decode", `(text)`, "the value of a JSON text; or nil and what is wrong", (*state).jsonDecode},
		{"raise_event", `(name [, fields])`, "raises an event with the fields of a table: names and values, or a list of values; false when it is refused, and the log says why", (*state).raiseEvent},
		{"sockets", `()`, "a list of the listening sockets: proto, ip, port, advertised_ip, advertised_port, tag", (*state).sockets},
	}
}

// nativeNames lists every name of the API that is no module's.
func nativeNames() []string {
	var names []string
	for _, n := range natives() {
		names = append(names, n.name)
	}
	for _, f := range builtins(nil) {
		names = append(names, f.Name)
	}
	for _, d := range directives() {
		names = append(names, d.name)
	}
	return names
}

// openAPI defines everything that sipd adds to Lua.
func (st *state) openAPI(L *lua.LState) {
	tables := map[string]*lua.LTable{}
	inner := map[string]*lua.LTable{}
	table := func(name string) *lua.LTable {
		if tables[name] == nil {
			inner[name] = L.CreateTable(0, 8)
			tables[name] = st.readOnly(L, name, inner[name])
			L.SetGlobal(name, tables[name])
		}
		return tables[name]
	}
	table("hdr")
	st.openStores(L, tables, inner)
	for _, n := range append(natives(), directives()...) {
		fn := func(L *lua.LState) int { return n.call(st, L) }
		if n.name == namedRoutes {
			continue // openRoutes defines the table
		}
		if group, name, ok := strings.Cut(n.name, "."); ok {
			table(group)
			inner[group].RawSetString(name, L.NewFunction(fn))
		} else if t := tables[n.name]; t != nil {
			callable(L, t, fn)
		} else {
			L.SetGlobal(n.name, L.NewFunction(fn))
		}
	}
	for _, f := range builtins(st) {
		L.SetGlobal(f.Name, L.NewFunction(st.bind(f)))
	}
	for _, f := range st.api.funcs {
		L.SetGlobal(f.Name, L.NewFunction(st.bind(f)))
	}
	for _, c := range st.api.callbacks {
		group, name, _ := strings.Cut(c.Name, ".")
		table(group)
		inner[group].RawSetString(name, L.NewFunction(st.takeCallback(c)))
	}
	st.openRoutes(L)
	st.openVars(L)
}

func (st *state) header(L *lua.LState) int {
	r := st.message(L, "hdr")
	values := r.msg.Req.Headers.Values(L.CheckString(1))
	i := L.OptInt(2, 1)
	if i < 0 {
		i += len(values) + 1
	}
	if i < 1 || i > len(values) {
		L.Push(lua.LNil)
		return 1
	}
	return st.text(L, values[i-1])
}

func (st *state) headers(L *lua.LState) int {
	r, t := st.message(L, "hdr.all"), L.NewTable()
	for _, v := range r.msg.Req.Headers.Values(L.CheckString(1)) {
		t.Append(lua.LString(v))
	}
	L.Push(t)
	return 1
}

func (st *state) addHeader(L *lua.LState) int {
	st.message(L, "hdr.add")
	name, value := L.CheckString(1), clean(L.CheckString(2))
	if !isToken(name) {
		L.RaiseError("hdr.add: %q is not the name of a header", clip(name, 40))
	}
	st.request().Headers.Add(name, value)
	return 0
}

func (st *state) delHeader(L *lua.LState) int {
	st.message(L, "hdr.remove")
	name := L.CheckString(1)
	if slices.Contains(vital[:], canonical(name)) {
		L.RaiseError("hdr.remove: %s cannot be removed: the transaction needs it", name)
	}
	L.Push(lua.LNumber(st.request().Headers.Del(name)))
	return 1
}

// maxExpressions bounds the compiled expressions a state keeps.
const maxExpressions = 128

func (st *state) regexp(L *lua.LState) int {
	text, expr := L.CheckString(1), L.CheckString(2)
	re := st.res[expr]
	if re == nil {
		var err error
		if len(expr) > 1024 {
			L.RaiseError("match: the expression is longer than 1024 bytes")
		}
		if re, err = regexp.Compile(expr); err != nil {
			L.RaiseError("match: %s", err)
		}
		checked(L, st.budget.spend(200+32*len(expr)))
		if len(st.res) >= maxExpressions {
			clear(st.res)
		}
		st.res[expr] = re
	}
	checked(L, st.budget.spend(len(text)*(1+len(expr)/16)))
	got := re.FindStringSubmatchIndex(text)
	if got == nil {
		L.Push(lua.LNil)
		return 1
	}
	groups := got[2:]
	if len(groups) == 0 {
		groups = got
	}
	for i := 0; i < len(groups); i += 2 {
		if groups[i] < 0 {
			L.Push(lua.LFalse) // a group that took no part, so that the others keep their places
			continue
		}
		L.Push(lua.LString(text[groups[i]:groups[i+1]]))
	}
	return len(groups) / 2
}

// levels are the names that xlog takes.
func level(name string) (slog.Level, bool) {
	switch strings.ToUpper(strings.TrimPrefix(strings.ToUpper(name), "L_")) {
	case "ALERT", "CRIT", "ERR", "ERROR", "-3", "-2", "-1", "0":
		return slog.LevelError, true
	case "WARN", "WARNING", "1":
		return slog.LevelWarn, true
	case "NOTICE", "INFO", "2", "3":
		return slog.LevelInfo, true
	case "DBG", "DEBUG", "4":
		return slog.LevelDebug, true
	}
	return 0, false
}

func (st *state) xlog(L *lua.LState) int {
	l, text := slog.LevelError, L.CheckString(1) // OpenSIPS: xlog_level is L_ERR unless set
	if L.GetTop() > 1 {
		var ok bool
		if l, ok = level(text); !ok {
			L.RaiseError("xlog: %q is not a level: want L_ERR, L_WARN, L_NOTICE, L_INFO or L_DBG", clip(text, 40))
		}
		text = L.CheckString(2)
	}
	if st.api.b.Log.Enabled(context.Background(), l) {
		st.log(L, l, strings.TrimRight(st.expand(text), "\r\n"), nil)
	}
	L.Push(lua.LNumber(1))
	return 1
}

func logAt(l slog.Level) func(*state, *lua.LState) int {
	return func(st *state, L *lua.LState) int {
		text := L.ToStringMeta(L.CheckAny(1)).String()
		if st.api.b.Log.Enabled(context.Background(), l) {
			st.log(L, l, text, L.OptTable(2, nil))
		}
		return 0
	}
}

func (st *state) print(L *lua.LState) int {
	var parts []string
	for i := 1; i <= L.GetTop(); i++ {
		parts = append(parts, L.ToStringMeta(L.Get(i)).String())
	}
	st.log(L, slog.LevelInfo, strings.Join(parts, "\t"), nil)
	return 0
}

// maxLogText bounds one log line; maxLogFields its fields.
const (
	maxLogText   = 4 << 10
	maxLogFields = 32
)

func (st *state) log(L *lua.LState, l slog.Level, text string, fields *lua.LTable) {
	if st.run == nil {
		return // the top level runs in every state; it is silent
	}
	attrs := []slog.Attr{slog.String("at", here(L).String())}
	if st.run != nil && st.run.msg != nil && st.run.msg.Req != nil {
		attrs = append(attrs, slog.String("call_id", st.run.msg.Req.CallID()))
	}
	if fields != nil {
		values := map[string]string{}
		fields.ForEach(func(k, v lua.LValue) {
			if len(values) < maxLogFields {
				values[k.String()] = clip(v.String(), maxLogText)
			}
		})
		for _, k := range slices.Sorted(maps.Keys(values)) {
			attrs = append(attrs, slog.String(k, values[k]))
		}
	}
	st.api.b.Log.LogAttrs(context.Background(), l, clip(text, maxLogText), attrs...)
}

func (st *state) parseURI(L *lua.LState) int {
	u, err := sip.ParseURI(L.CheckString(1))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	t, params := L.NewTable(), L.NewTable()
	set := func(t *lua.LTable, name, value string) {
		if value != "" {
			t.RawSetString(name, lua.LString(value))
		}
	}
	set(t, "scheme", u.Scheme)
	set(t, "user", u.User)
	set(t, "password", u.Password)
	set(t, "host", u.Host)
	set(t, "headers", u.Headers)
	set(t, "opaque", u.Opaque)
	if u.Port != 0 {
		t.RawSetString("port", lua.LNumber(u.Port))
	}
	for _, p := range u.Params {
		params.RawSetString(strings.ToLower(p.Name), lua.LString(p.Value))
	}
	t.RawSetString("params", params)
	L.Push(t)
	return 1
}

func (st *state) sockets(L *lua.LState) int {
	t := L.NewTable()
	for _, s := range st.api.b.Sockets() {
		e := L.NewTable()
		e.RawSetString("proto", lua.LString(s.Proto))
		e.RawSetString("ip", lua.LString(s.Host))
		e.RawSetString("port", lua.LNumber(s.Port))
		e.RawSetString("advertised_ip", lua.LString(s.AdvHost))
		e.RawSetString("advertised_port", lua.LNumber(s.AdvPort))
		e.RawSetString("tag", lua.LString(s.Tag))
		t.Append(e)
	}
	L.Push(t)
	return 1
}

func (st *state) setFlag(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	if st.run.flags == nil {
		st.run.flags = map[string]bool{}
	}
	if len(st.run.flags) >= maxVars {
		st.at.RaiseError("setflag: more than %d flags", maxVars)
	}
	st.run.flags[a.String(0)] = true
	return core.True
}

func (st *state) resetFlag(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	delete(st.run.flags, a.String(0))
	return core.True
}

func (st *state) isFlagSet(_ context.Context, _ *core.Msg, a core.Args) core.Code {
	return test(st.run.flags[a.String(0)])
}

// environment is env "NAME": text or nil.
func (st *state) environment(L *lua.LState) int {
	v := st.api.env(L.CheckString(1))
	if v == "" {
		L.Push(lua.LNil)
		return 1
	}
	return st.text(L, v)
}
