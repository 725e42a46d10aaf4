package scripting

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
)

// What objects cost the script, in bytes and steps.
const (
	objectCost = 160
	memberCost = 8
)

// object is a core.Object in Lua. It ends with the call it was made in.
type object struct {
	core.Object
	turn uint64
}

// class is a core.Class in one state.
type class struct {
	*core.Class
	meta    *lua.LTable
	fields  map[string]core.Field
	methods map[string]*lua.LFunction
}

// objects are the objects of one state.
type objects struct {
	turn    uint64 // counts the calls of functions
	classes map[*core.Class]*class
	made    map[core.Object]*lua.LUserData // in this turn
}

// forget ends a turn: its objects are over.
func (o *objects) forget() {
	o.turn++
	clear(o.made)
}

// value turns a value of a module into one of Lua.
func (st *state) value(L *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case core.Object:
		return st.object(L, v)
	case core.Iterator:
		return st.iterator(L, v)
	case []string:
		checked(L, st.budget.charge(tableCost+16*len(v)))
		t := L.CreateTable(len(v), 0)
		for _, text := range v {
			t.Append(lua.LString(text))
		}
		return t
	}
	return luaValue(v)
}

// object makes an object, the same for the same Self in one turn.
func (st *state) object(L *lua.LState, o core.Object) lua.LValue {
	if ud := st.made[o]; ud != nil {
		return ud
	}
	if st.made == nil {
		st.made, st.classes = map[core.Object]*lua.LUserData{}, map[*core.Class]*class{}
	}
	c := st.classes[o.Class]
	if c == nil {
		c = st.newClass(o.Class)
		st.classes[o.Class] = c
	}
	checked(L, st.budget.charge(objectCost))
	ud := L.NewUserData()
	ud.Value, ud.Metatable = &object{o, st.turn}, c.meta
	st.made[o] = ud
	return ud
}

func (st *state) newClass(of *core.Class) *class {
	c := &class{Class: of, fields: map[string]core.Field{}, methods: map[string]*lua.LFunction{}}
	for _, f := range of.Fields {
		c.fields[f.Name] = f
	}
	for _, m := range of.Methods {
		c.methods[m.Name] = st.L.NewFunction(func(L *lua.LState) int { return st.method(L, of, m) })
	}
	c.meta = st.L.CreateTable(0, 4)
	c.meta.RawSetString("__metatable", lua.LString(of.Name))
	c.meta.RawSetString("__index", st.L.NewFunction(func(L *lua.LState) int { return st.member(L, c) }))
	c.meta.RawSetString("__newindex", st.L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("%s.%s cannot be written", of.Name, L.Get(2).String())
		return 0
	}))
	return c
}

// member is object.name.
func (st *state) member(L *lua.LState, c *class) int {
	checked(L, st.budget.spend(memberCost))
	name := L.Get(2).String()
	if m := c.methods[name]; m != nil {
		L.Push(m)
		return 1
	}
	f, ok := c.fields[name]
	if !ok {
		L.RaiseError("%s", c.lacks(name))
	}
	L.Push(st.value(L, f.Get(st.self(L, L.Get(1), c.Class))))
	return 1
}

// lacks is the error of a name that objects of the class do not have.
func (c *class) lacks(name string) string {
	var names []string
	for _, f := range c.Fields {
		names = append(names, f.Name)
	}
	for _, m := range c.Methods {
		names = append(names, m.Name)
	}
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("%s has no %s; did you mean %s?", article(c.Name), clip(name, 40), near)
	}
	return fmt.Sprintf("%s has no %s; it has %s", article(c.Name), clip(name, 40), list(names))
}

func article(name string) string {
	if strings.IndexByte("aeiou", name[0]) >= 0 {
		return "an " + name
	}
	return "a " + name
}

// self is the value behind an object. It raises an error when v is no such
// object, or one of an earlier turn.
func (st *state) self(L *lua.LState, v lua.LValue, want *core.Class) any {
	o := objectOf(v)
	switch {
	case o == nil || o.Class != want:
		L.RaiseError("want %s, got %s: methods are called with a colon, as in %s:name()", article(want.Name), shown(seen(v)), want.Name)
	case o.turn != st.turn:
		L.RaiseError("this %s is of an earlier call of the function: keep its id or what else you need of it, not the object", want.Name)
	}
	return o.Self
}

func objectOf(v lua.LValue) *object {
	if ud, ok := v.(*lua.LUserData); ok {
		o, _ := ud.Value.(*object)
		return o
	}
	return nil
}

// seen is goValue for what may be an object.
func seen(v lua.LValue) any {
	if o := objectOf(v); o != nil {
		return o.Object
	}
	return goValue(v)
}

// method is object:name(...).
func (st *state) method(L *lua.LState, c *core.Class, m core.Method) int {
	st.running(L, m.Name)
	self := st.self(L, L.Get(1), c)
	args, err := arguments(m.Args, L.GetTop()-1, func(i int) any { return seen(L.Get(i + 2)) })
	if err != nil {
		L.RaiseError("%s:%s: %s", c.Name, m.Name, err)
	}
	for i, a := range m.Args {
		if a.Kind == core.ObjectKind && args[i] != nil {
			args[i] = st.self(L, L.Get(i+2), a.Class)
		}
	}
	checked(L, st.budget.spend(memberCost))
	values, err := m.Call(self, args)
	if err != nil {
		L.RaiseError("%s:%s: %s", c.Name, m.Name, err)
	}
	for _, v := range values {
		L.Push(st.value(L, v))
	}
	return len(values)
}

// iterator is what a for loop calls for its next turn.
func (st *state) iterator(L *lua.LState, next core.Iterator) lua.LValue {
	checked(L, st.budget.charge(objectCost))
	turn := st.turn
	return L.NewFunction(func(L *lua.LState) int {
		if turn != st.turn {
			L.RaiseError("this loop is of an earlier call of the function")
		}
		checked(L, st.budget.spend(memberCost))
		values := next()
		for _, v := range values {
			L.Push(st.value(L, v))
		}
		return len(values)
	})
}
