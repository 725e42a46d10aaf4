package scripting

import (
	"math/rand/v2"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What a route may keep on the stack of its state.
const (
	callDepth     = 150
	registrySize  = 1 << 10
	registryMax   = 1 << 15
	maxCoroutines = 32
	maxKey        = 1 << 20 // for keys that cannot be held against their table
	fillFree      = 64      // nils a new index may cost for nothing
	tableCost     = 640     // bytes of a table with its first fields
)

// forbidden are the functions of the base library that are taken away.
var forbidden = [...]string{"collectgarbage", "dofile", "getfenv", "load", "loadfile", "loadstring",
	"module", "newproxy", "require", "setfenv", "_printregs", "print", "rawset", "_GOPHER_LUA_VERSION"}

// openSandbox opens the libraries of a state, trimmed.
func (st *state) openSandbox(L *lua.LState) {
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenMath, lua.OpenCoroutine, lua.OpenOs} {
		open(L)
		L.SetTop(0)
	}
	for _, name := range forbidden {
		L.SetGlobal(name, lua.LNil)
	}
	st.openStrings(L)
	st.openCounters(L)
	st.openProtected(L)
	st.openCoroutines(L)
	st.openTables(L)
	keep(L, "os", "time", "date", "clock", "difftime")
	math := L.GetGlobal("math").(*lua.LTable)
	math.RawSetString("randomseed", lua.LNil)
	math.RawSetString("random", L.NewFunction(random))
	L.SetGlobal("print", L.NewFunction(st.print))
	L.SetGlobal("rawset", L.NewFunction(st.rawset))
	L.SetGlobal("getmetatable", L.NewFunction(getmetatable))
	for _, name := range []string{"string", "table", "math", "coroutine", "os"} {
		L.SetGlobal(name, st.readOnly(L, name, L.GetGlobal(name)))
	}
}

// keep leaves only the named functions of a library.
func keep(L *lua.LState, lib string, names ...string) {
	old := L.GetGlobal(lib).(*lua.LTable)
	trimmed := L.CreateTable(0, len(names))
	for _, n := range names {
		trimmed.RawSetString(n, old.RawGetString(n))
	}
	L.SetGlobal(lib, trimmed)
}

// readOnly puts an empty table in front of inner that refuses writing.
func (st *state) readOnly(L *lua.LState, name string, inner lua.LValue) *lua.LTable {
	return st.proxy(L, name, inner, L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("%s.%s cannot be written", name, L.Get(2).String())
		return 0
	}))
}

// proxy makes an empty table whose reading and writing go elsewhere.
func (st *state) proxy(L *lua.LState, name string, index, newindex lua.LValue) *lua.LTable {
	t, mt := L.CreateTable(0, 0), L.CreateTable(0, 4)
	mt.RawSetString("__index", index)
	mt.RawSetString("__newindex", newindex)
	mt.RawSetString("__metatable", lua.LString(name))
	t.Metatable = mt
	return t
}

// callable gives a proxy a meaning as a function; fn sees the arguments of
// the call without the proxy.
func callable(L *lua.LState, t *lua.LTable, fn lua.LGFunction) {
	t.Metatable.(*lua.LTable).RawSetString("__call", L.NewFunction(func(L *lua.LState) int {
		L.Remove(1)
		return fn(L)
	}))
}

func getmetatable(L *lua.LState) int {
	v := L.CheckAny(1)
	if v.Type() == lua.LTString {
		L.Push(lua.LString("string")) // shared by all texts: hands off
		return 1
	}
	mt := L.GetMetatable(v)
	if t, ok := mt.(*lua.LTable); ok {
		if p := t.RawGetString("__metatable"); p != lua.LNil {
			mt = p
		}
	}
	L.Push(mt)
	return 1
}

func (st *state) rawset(L *lua.LState) int {
	t := L.CheckTable(1)
	if mt, ok := t.Metatable.(*lua.LTable); ok && mt.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("this table cannot be written")
	}
	st.reserve(L, t, L.CheckAny(2))
	t.RawSet(L.CheckAny(2), L.CheckAny(3))
	return 0
}

func random(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(rand.Float64()))
		return 1
	}
	low, high := 1, L.CheckInt(1)
	if L.GetTop() > 1 {
		low, high = high, L.CheckInt(2)
	}
	if low > high || high-low < 0 {
		L.RaiseError("bad argument to random (interval is empty)")
	}
	L.Push(lua.LNumber(low + int(rand.Int64N(int64(high-low)+1))))
	return 1
}

// openCounters defines the functions that rewrite.go calls.
func (st *state) openCounters(L *lua.LState) {
	L.SetGlobal(concatFunc, L.NewFunction(st.concat))
	L.SetGlobal(tableFunc, L.NewFunction(func(L *lua.LState) int {
		checked(L, st.budget.charge(tableCost))
		return 1
	}))
	L.SetGlobal(storeFunc, L.NewFunction(func(L *lua.LState) int {
		k := L.Get(2)
		if t, ok := L.Get(1).(*lua.LTable); ok {
			st.reserve(L, t, k)
		}
		L.SetTable(L.Get(1), k, L.Get(3))
		return 0
	}))
	L.SetGlobal(keyFunc, L.NewFunction(func(L *lua.LState) int {
		if n, ok := L.Get(1).(lua.LNumber); ok && n > maxKey && n < lua.LNumber(lua.MaxArrayIndex) {
			L.RaiseError("index %s is too large", n.String())
		}
		return 1
	}))
}

// reserve counts what writing t[k] costs: gopher-lua fills an array with nils
// up to a new index.
func (st *state) reserve(L *lua.LState, t *lua.LTable, k lua.LValue) {
	switch k := k.(type) {
	case *lua.LNilType:
		L.RaiseError("table index is nil")
	case lua.LNumber:
		if k != k {
			L.RaiseError("table index is not a number")
		}
		if k > fillFree && k < lua.LNumber(lua.MaxArrayIndex) && t.RawGet(k) == lua.LNil {
			if fill := int(k) - t.MaxN(); fill > fillFree {
				checked(L, st.budget.charge(16*fill))
			}
		}
	}
	checked(L, st.budget.charge(16))
}

// concat joins the operands of .., from the right as Lua does.
func (st *state) concat(L *lua.LState) int {
	top, size := L.GetTop(), 0
	for i := 1; i <= top; i++ {
		v := L.Get(i)
		if !lua.LVCanConvToString(v) {
			return st.concatMeta(L)
		}
		if s, ok := v.(lua.LString); ok {
			size += len(s)
		} else {
			size += 24
		}
	}
	st.fits(L, size)
	var out strings.Builder
	out.Grow(size)
	for i := 1; i <= top; i++ {
		out.WriteString(lua.LVAsString(L.Get(i)))
	}
	L.Push(lua.LString(out.String()))
	return 1
}

func (st *state) concatMeta(L *lua.LState) int {
	right := L.Get(L.GetTop())
	for i := L.GetTop() - 1; i >= 1; i-- {
		left := L.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(right) {
			s := lua.LVAsString(left) + lua.LVAsString(right)
			st.fits(L, len(s))
			right = lua.LString(s)
			continue
		}
		op := L.GetMetaField(left, "__concat")
		if op == lua.LNil {
			op = L.GetMetaField(right, "__concat")
		}
		if op == lua.LNil {
			bad := right
			if !lua.LVCanConvToString(left) {
				bad = left
			}
			L.RaiseError("attempt to concatenate a %s value", bad.Type())
		}
		L.Push(op)
		L.Push(left)
		L.Push(right)
		L.Call(2, 1)
		right = L.Get(-1)
		L.Pop(1)
	}
	L.Push(right)
	return 1
}

// openTables bounds table.concat and table.insert.
func (st *state) openTables(L *lua.LState) {
	lib := L.GetGlobal("table").(*lua.LTable)
	insert := lib.RawGetString("insert").(*lua.LFunction).GFunction
	remove := lib.RawGetString("remove").(*lua.LFunction).GFunction
	lib.RawSetString("insert", L.NewFunction(func(L *lua.LState) int {
		t := L.CheckTable(1)
		if L.GetTop() > 2 {
			st.reserve(L, t, lua.LNumber(L.CheckInt(2)))
			checked(L, st.budget.spend(t.MaxN()/64))
		} else {
			checked(L, st.budget.charge(16))
		}
		return insert(L)
	}))
	lib.RawSetString("remove", L.NewFunction(func(L *lua.LState) int {
		checked(L, st.budget.spend(L.CheckTable(1).MaxN()/64))
		return remove(L)
	}))
	lib.RawSetString("concat", L.NewFunction(st.tableConcat))
}

func (st *state) tableConcat(L *lua.LState) int {
	t, sep := L.CheckTable(1), L.OptString(2, "")
	from, to := L.OptInt(3, 1), L.OptInt(4, t.Len())
	var out strings.Builder
	for i := from; i <= to; i++ {
		v := t.RawGetInt(i)
		if !lua.LVCanConvToString(v) {
			L.RaiseError("invalid value (%s) at index %d in table for concat", v.Type(), i)
		}
		if i > from {
			out.WriteString(sep)
		}
		out.WriteString(lua.LVAsString(v))
		checked(L, st.budget.spend(1))
		if out.Len() > maxText {
			st.fits(L, out.Len())
		}
	}
	st.fits(L, out.Len())
	L.Push(lua.LString(out.String()))
	return 1
}
