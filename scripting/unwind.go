package scripting

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

// signal is what exit and drop throw. No script can catch it.
type signal struct{ drop bool }

// openProtected replaces pcall and xpcall by versions that let signals and a
// spent budget through.
func (st *state) openProtected(L *lua.LState) {
	pcall := L.GetGlobal("pcall").(*lua.LFunction).GFunction
	L.SetGlobal("pcall", L.NewFunction(func(L *lua.LState) int {
		n := pcall(L)
		if n == 2 && L.Get(-2) == lua.LFalse {
			st.rethrow(L, L.Get(-1))
		}
		return n
	}))
	L.SetGlobal("xpcall", L.NewFunction(func(L *lua.LState) int {
		handler := L.CheckFunction(2)
		L.SetTop(2)
		L.Push(L.CheckFunction(1))
		err := L.PCall(0, lua.MultRet, nil)
		if err == nil {
			L.Insert(lua.LTrue, 3)
			return L.GetTop() - 2
		}
		thrown := errorValue(err)
		st.rethrow(L, thrown)
		L.Push(lua.LFalse)
		L.Push(handler)
		L.Push(thrown)
		L.Call(1, 1)
		return 2
	}))
}

// errorValue is the value that was thrown.
func errorValue(err error) lua.LValue {
	var ae *lua.ApiError
	if errors.As(err, &ae) && ae.Object != nil {
		return ae.Object
	}
	return lua.LString(err.Error())
}

// rethrow passes on what may not be caught.
func (st *state) rethrow(L *lua.LState, thrown lua.LValue) {
	if asSignal(thrown) != nil || st.budget.err != nil {
		L.Error(thrown, 0)
	}
}

func asSignal(v lua.LValue) *signal {
	if ud, ok := v.(*lua.LUserData); ok {
		s, _ := ud.Value.(*signal)
		return s
	}
	return nil
}

// openCoroutines puts the budget on each coroutine: gopher-lua would derive a
// context that the budget cannot end.
func (st *state) openCoroutines(L *lua.LState) {
	lib := L.GetGlobal("coroutine").(*lua.LTable)
	create := lib.RawGetString("create").(*lua.LFunction).GFunction
	resume := lib.RawGetString("resume").(*lua.LFunction).GFunction
	newThread := func(L *lua.LState) *lua.LState {
		st.coroutines++
		if st.coroutines > maxCoroutines {
			L.RaiseError("a route may start %d coroutines", maxCoroutines)
		}
		L.CheckFunction(1)
		create(L)
		th := L.Get(-1).(*lua.LState)
		if st.L.Context() != nil {
			th.SetContext(st.budget)
		}
		return th
	}
	lib.RawSetString("create", L.NewFunction(func(L *lua.LState) int {
		newThread(L)
		return 1
	}))
	lib.RawSetString("resume", L.NewFunction(func(L *lua.LState) int {
		n := resume(L)
		if n == 2 && L.Get(-2) == lua.LFalse {
			st.rethrow(L, L.Get(-1))
		}
		return n
	}))
	lib.RawSetString("wrap", L.NewFunction(func(L *lua.LState) int {
		th := newThread(L)
		L.Push(L.NewFunction(func(L *lua.LState) int {
			L.Insert(th, 1)
			n := resume(L)
			if n >= 1 && L.Get(-n) == lua.LFalse {
				L.Error(L.Get(-1), 0)
			}
			return n - 1
		}))
		return 1
	}))
}
