package scripting

import (
	"context"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
)

// bind makes a declared function callable from Lua.
func (st *state) bind(f core.Func) lua.LGFunction {
	allowed := f.Routes
	if allowed == 0 {
		allowed = core.RequestRoute
	}
	return func(L *lua.LState) int {
		r := st.running(L, f.Name)
		if allowed&r.kind() == 0 {
			L.RaiseError("%s cannot be called in a %s", f.Name, routeKind(r.kind()))
		}
		args, err := arguments(f.Args, L.GetTop(), func(i int) any { return goValue(L.Get(i + 1)) })
		if err != nil {
			L.RaiseError("%s: %s", f.Name, err)
		}
		st.at = L
		code := st.invoke(f, r, args)
		switch {
		case code == 0:
			L.RaiseError("%s answered 0, which is not a code", f.Name)
		case f.Test:
			r.rc = code
			L.Push(lua.LBool(code > 0))
			L.Push(lua.LNumber(code))
			return 2
		}
		return st.answer(L, code)
	}
}

// invoke calls the function of a module outside the budget's time but with a
// deadline of its own. It must heed the deadline: nothing else ends it.
func (st *state) invoke(f core.Func, r *run, args core.Args) (code core.Code) {
	if st.api.owner[f.Name] == "" { // built in: it never waits
		return f.Call(r.ctx, r.msg, args)
	}
	ctx, cancel := context.WithTimeout(r.ctx, st.api.call)
	defer cancel()
	st.budget.paused(func() { code = f.Call(ctx, r.msg, args) })
	if r.kind() == core.RequestRoute {
		r.own = false // the module may keep the request: the next change copies it again
	}
	return code
}

// arguments checks what a script gives a function. A number counts as text, as
// everywhere in Lua; text does not count as a number.
func arguments(want []core.Arg, n int, get func(int) any) (core.Args, error) {
	args := make(core.Args, len(want))
	for i, a := range want {
		var v any
		if i < n {
			v = get(i)
		}
		if v == nil {
			if !a.Optional {
				return nil, fmt.Errorf("argument %d (%s) is missing: want %s", i+1, a.Name, wanted(a))
			}
			continue
		}
		got, ok := convert(v, a.Kind)
		if !ok {
			return nil, fmt.Errorf("argument %d (%s): want %s, got %s", i+1, a.Name, wanted(a), quoted(v))
		}
		if o, _ := got.(core.Object); a.Kind == core.ObjectKind && o.Class != a.Class {
			return nil, fmt.Errorf("argument %d (%s): want %s, got %s", i+1, a.Name, article(a.Class.Name), quoted(v))
		}
		args[i] = got
	}
	for i := len(want); i < n; i++ {
		if get(i) != nil {
			return nil, fmt.Errorf("takes %d arguments, got %d", len(want), n)
		}
	}
	return args, nil
}

// wanted is what an argument must be, in words.
func wanted(a core.Arg) string {
	if a.Class != nil {
		return article(a.Class.Name)
	}
	return a.Kind.String()
}

func convert(v any, kind core.Kind) (any, bool) {
	switch kind {
	case core.StringKind:
		switch v := v.(type) {
		case string:
			return v, true
		case int, float64:
			return fmt.Sprint(v), true
		}
	case core.IntKind:
		n, ok := v.(int)
		return n, ok
	case core.BoolKind:
		switch v := v.(type) {
		case bool:
			return v, true
		case int:
			return v == 1, v == 0 || v == 1
		}
	case core.NumberKind:
		switch v := v.(type) {
		case int:
			return float64(v), true
		case float64:
			return v, true
		}
	case core.ObjectKind:
		o, ok := v.(core.Object)
		return o, ok
	case core.AnyKind:
		_, opaque := v.(opaque)
		return v, !opaque
	}
	return nil, false
}

// opaque stands for a Lua value that has no meaning outside its state.
type opaque string

func quoted(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", clip(v, 40))
	case opaque:
		return article(string(v))
	case core.Object:
		return article(v.Class.Name)
	}
	return fmt.Sprint(v)
}

// clip shortens s to about n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// goValue turns a Lua value into nil, a string, an int, a float64 or a bool.
func goValue(v lua.LValue) any {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil
	case lua.LString:
		return string(v)
	case lua.LBool:
		return bool(v)
	case lua.LNumber:
		if f := float64(v); f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int(f)
		}
		return float64(v)
	}
	return opaque(v.Type().String())
}

// luaValue turns a Go value into a Lua one; what it does not know is nil.
func luaValue(v any) lua.LValue {
	switch v := v.(type) {
	case string:
		return lua.LString(v)
	case int:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	}
	return lua.LNil
}

// rc is rc() and rc(f(...)).
func (st *state) rc(L *lua.LState) int {
	r := st.running(L, "rc")
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(r.rc))
		return 1
	}
	code, ok := returned(L.Get(1), L.Get(2))
	if !ok {
		L.RaiseError("rc: want the values of a function or route, got a %s", L.Get(1).Type())
	}
	L.Push(lua.LNumber(code))
	return 1
}
