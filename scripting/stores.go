package scripting

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
)

// What a message may keep.
const (
	maxVars      = 256      // names in var, avp or the flags
	maxAVPs      = 64       // values of one AVP
	maxValue     = 64 << 10 // bytes of one AVP or shared value
	maxJSONDepth = 16
)

// openStores defines var, avp, ctx and leg.
func (st *state) openStores(L *lua.LState, tables, inner map[string]*lua.LTable) {
	L.SetGlobal("var", st.proxy(L, "var", L.NewFunction(func(L *lua.LState) int {
		if v := st.running(L, "var").vars[L.CheckString(2)]; v != nil {
			L.Push(v)
			return 1
		}
		return 0
	}), L.NewFunction(st.setVar)))
	inner["avp"] = L.CreateTable(0, 2)
	tables["avp"] = st.proxy(L, "avp", L.NewFunction(func(L *lua.LState) int {
		name := L.CheckString(2)
		if fn := inner["avp"].RawGetString(name); fn != lua.LNil {
			L.Push(fn)
			return 1
		}
		if values := st.avps(L)[name]; len(values) > 0 {
			L.Push(luaValue(values[0]))
			return 1
		}
		return 0
	}), L.NewFunction(st.setAVP))
	L.SetGlobal("avp", tables["avp"])
	L.SetGlobal("ctx", st.readOnlyFunc(L, "ctx", func(c *core.CallInfo, name string) string { return c.Ctx[name] }))
	L.SetGlobal("leg", st.readOnlyFunc(L, "leg", func(c *core.CallInfo, name string) string {
		return map[string]string{"key": c.Key, "role": c.Role, "state": c.State}[name]
	}))
}

// readOnlyFunc makes a table that reads from the call a request belongs to.
func (st *state) readOnlyFunc(L *lua.LState, name string, get func(*core.CallInfo, string) string) *lua.LTable {
	return st.readOnly(L, name, L.NewFunction(func(L *lua.LState) int {
		r, key := st.running(L, name), L.CheckString(2)
		if r.msg == nil || r.msg.Call == nil {
			return 0
		}
		if v := get(r.msg.Call, key); v != "" {
			L.Push(lua.LString(v))
			return 1
		}
		return 0
	}))
}

func (st *state) setVar(L *lua.LState) int {
	r, name := st.running(L, "var"), L.CheckString(2)
	if L.Get(3) == lua.LNil {
		delete(r.vars, name)
		return 0
	}
	if r.vars == nil {
		r.vars = map[string]lua.LValue{}
	}
	if len(r.vars) >= maxVars && r.vars[name] == nil {
		L.RaiseError("var.%s: more than %d variables", name, maxVars)
	}
	r.vars[name] = L.Get(3)
	return 0
}

func (st *state) avps(L *lua.LState) map[string][]any {
	m := st.running(L, "avp").msg
	if m == nil {
		L.RaiseError("avp needs a message")
	}
	if m.AVPs == nil {
		m.AVPs = map[string][]any{}
	}
	return m.AVPs
}

func (st *state) setAVP(L *lua.LState) int {
	avps, name := st.avps(L), L.CheckString(2)
	delete(avps, name)
	if L.Get(3) != lua.LNil {
		st.putAVP(L, avps, name, L.Get(3))
	}
	return 0
}

func (st *state) avpPush(L *lua.LState) int {
	st.putAVP(L, st.avps(L), L.CheckString(1), L.CheckAny(2))
	return 0
}

func (st *state) putAVP(L *lua.LState, avps map[string][]any, name string, v lua.LValue) {
	value := goValue(v)
	checked(L, plain("avp."+name, value))
	if len(avps[name]) >= maxAVPs || len(avps) >= maxVars && avps[name] == nil {
		L.RaiseError("avp.%s: more than %d values or %d names", name, maxAVPs, maxVars)
	}
	avps[name] = append([]any{value}, avps[name]...)
}

// plain refuses what cannot leave a state.
func plain(what string, v any) error {
	switch v := v.(type) {
	case opaque:
		return fmt.Errorf("%s: want text, a number or a boolean, got a %s", what, string(v))
	case string:
		if len(v) > maxValue {
			return fmt.Errorf("%s: %d bytes are too many: the limit is %d", what, len(v), maxValue)
		}
	}
	return nil
}

func (st *state) avpAll(L *lua.LState) int {
	t := L.NewTable()
	for _, v := range st.avps(L)[L.CheckString(1)] {
		t.Append(luaValue(v))
	}
	L.Push(t)
	return 1
}

// sharedArgs reads a key, values and an optional lifetime.
func (st *state) sharedArgs(L *lua.LState, what string, values int) (key string, vs []any, ttl time.Duration) {
	st.running(L, what)
	key = L.CheckString(1)
	for i := range values {
		v := goValue(L.Get(2 + i))
		checked(L, plain(what, v))
		vs = append(vs, v)
	}
	secs := float64(L.OptNumber(2+values, 0))
	if secs < 0 || secs > math.MaxInt32 {
		L.RaiseError("%s: want seconds from 0 to %d, got %v", what, math.MaxInt32, secs)
	}
	return key, vs, time.Duration(secs * float64(time.Second))
}

func (st *state) sharedGet(L *lua.LState) int {
	key, _, _ := st.sharedArgs(L, "shared.get", 0)
	L.Push(luaValue(st.api.shared.get(key)))
	return 1
}

func (st *state) sharedSet(L *lua.LState) int {
	key, v, ttl := st.sharedArgs(L, "shared.set", 1)
	checked(L, st.api.shared.set(key, v[0], ttl))
	return 0
}

func (st *state) sharedAdd(L *lua.LState) int {
	key, v, ttl := st.sharedArgs(L, "shared.add", 1)
	return st.swapped(L, key, nil, v[0], ttl)
}

func (st *state) sharedCAS(L *lua.LState) int {
	key, v, ttl := st.sharedArgs(L, "shared.cas", 2)
	return st.swapped(L, key, v[0], v[1], ttl)
}

func (st *state) swapped(L *lua.LState, key string, old, v any, ttl time.Duration) int {
	done, err := st.api.shared.swap(key, old, v, ttl)
	checked(L, err)
	L.Push(lua.LBool(done))
	return 1
}

func (st *state) sharedIncr(L *lua.LState) int {
	st.running(L, "shared.incr")
	by := float64(L.OptNumber(2, 1))
	ttl := time.Duration(float64(L.OptNumber(3, 0)) * float64(time.Second))
	n, err := st.api.shared.incr(L.CheckString(1), by, max(ttl, 0))
	checked(L, err)
	L.Push(lua.LNumber(n))
	return 1
}

func (st *state) jsonEncode(L *lua.LState) int {
	v, err := st.toJSON(L.CheckAny(1), 0)
	checked(L, err)
	text, err := json.Marshal(v)
	checked(L, err)
	st.fits(L, len(text))
	L.Push(lua.LString(text))
	return 1
}

// toJSON turns a Lua value into a Go one; a table with t[1] is a list.
func (st *state) toJSON(v lua.LValue, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("json.encode: nested deeper than %d", maxJSONDepth)
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		got := goValue(v)
		if o, bad := got.(opaque); bad {
			return nil, fmt.Errorf("json.encode: a %s has no JSON form", string(o))
		}
		if s, isText := got.(string); isText {
			return got, st.budget.charge(len(s))
		}
		return got, nil
	}
	var err error
	if n := t.Len(); n > 0 {
		items := make([]any, n)
		for i := range items {
			if items[i], err = st.toJSON(t.RawGetInt(i+1), depth+1); err != nil {
				return nil, err
			}
		}
		return items, st.budget.charge(32 * n)
	}
	fields := map[string]any{}
	t.ForEach(func(k, v lua.LValue) {
		if err == nil {
			fields[k.String()], err = st.toJSON(v, depth+1)
		}
	})
	return fields, err
}

func (st *state) jsonDecode(L *lua.LState) int {
	text := L.CheckString(1)
	st.fits(L, 16*len(text)) // what the values may take
	var v any
	err := json.Unmarshal([]byte(text), &v)
	if err == nil {
		var got lua.LValue
		if got, err = fromJSON(L, v, 0); err == nil {
			L.Push(got)
			return 1
		}
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(err.Error()))
	return 2
}

func fromJSON(L *lua.LState, v any, depth int) (lua.LValue, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	switch v := v.(type) {
	case []any:
		t := L.NewTable()
		for _, e := range v {
			item, err := fromJSON(L, e, depth+1)
			if err != nil {
				return nil, err
			}
			t.Append(item)
		}
		return t, nil
	case map[string]any:
		t := L.NewTable()
		for k, e := range v {
			item, err := fromJSON(L, e, depth+1)
			if err != nil {
				return nil, err
			}
			t.RawSetString(k, item)
		}
		return t, nil
	}
	return luaValue(v), nil
}
