package scripting

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxText bounds every text a script makes.
const maxText = 1 << 20

// checked raises err as a Lua error.
func checked(L *lua.LState, err error) {
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// text pushes s, which the script pays for.
func (st *state) text(L *lua.LState, s string) int {
	checked(L, st.budget.charge(len(s)))
	L.Push(lua.LString(s))
	return 1
}

// fits raises an error when a text of n bytes would be too long, before it is
// made, and counts it.
func (st *state) fits(L *lua.LState, n int) {
	if n > maxText {
		L.RaiseError("a text of %d bytes is too long: the limit is %d", n, maxText)
	}
	checked(L, st.budget.charge(n))
}

// openStrings replaces what the string library cannot bound.
func (st *state) openStrings(L *lua.LState) {
	lua.OpenString(L)
	L.SetTop(0)
	lib := L.GetGlobal("string").(*lua.LTable)
	format := lib.RawGetString("format").(*lua.LFunction).GFunction
	for _, name := range []string{"dump", "gfind"} {
		lib.RawSetString(name, lua.LNil)
	}
	for _, name := range []string{"lower", "upper", "reverse"} {
		inner := lib.RawGetString(name).(*lua.LFunction).GFunction
		lib.RawSetString(name, L.NewFunction(func(L *lua.LState) int {
			st.fits(L, len(L.CheckString(1)))
			return inner(L)
		}))
	}
	L.SetFuncs(lib, map[string]lua.LGFunction{
		"rep":    st.rep,
		"format": func(L *lua.LState) int { return st.format(L, format) },
		"find":   func(L *lua.LState) int { return st.find(L, true) },
		"match":  func(L *lua.LState) int { return st.find(L, false) },
		"gmatch": st.gmatch,
		"gsub":   st.gsub,
	})
}

func (st *state) rep(L *lua.LState) int {
	s, n := L.CheckString(1), L.CheckInt(2)
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > maxText {
		n = maxText + 1 // so that the product cannot overflow
	}
	st.fits(L, len(s)*n)
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

// format allows widths and precisions of two digits, as Lua does.
func (st *state) format(L *lua.LState, inner lua.LGFunction) int {
	f := L.CheckString(1)
	size, arg := len(f), 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			continue
		}
		i++
		start := i
		for i < len(f) && strings.IndexByte("-+ #0123456789.", f[i]) >= 0 {
			i++
		}
		if i == len(f) || strings.IndexByte("cdiouxXeEfgGqs%", f[i]) < 0 {
			L.RaiseError("invalid option in the format of string.format")
		}
		if !shortSpec(f[start:i]) {
			L.RaiseError("invalid format (width or precision too long)")
		}
		if f[i] == '%' {
			continue
		}
		arg++
		if arg > L.GetTop() {
			L.RaiseError("bad argument #%d to format (no value)", arg)
		}
		size += 128
		if s, ok := L.Get(arg).(lua.LString); ok {
			size += 4 * len(s)
		} else if f[i] == 's' {
			L.Replace(arg, L.ToStringMeta(L.Get(arg)))
		} else if f[i] != 'q' && L.Get(arg).Type() != lua.LTNumber {
			L.CheckNumber(arg)
		}
	}
	L.SetTop(max(arg, 1))
	st.fits(L, min(size, maxText+1))
	return inner(L)
}

// shortSpec reports whether no number in spec has more than two digits.
func shortSpec(spec string) bool {
	digits := 0
	for i := range len(spec) {
		if !isDigit(spec[i]) {
			digits = 0
			continue
		}
		if digits++; digits > 2 {
			return false
		}
	}
	return true
}

// matcher returns one for pattern, and whether it is anchored.
func (st *state) matcher(src, pattern string) (*matcher, bool) {
	anchored := strings.HasPrefix(pattern, "^")
	return &matcher{src: src, pat: strings.TrimPrefix(pattern, "^"), spend: st.budget.spend}, anchored
}

// search finds the first match from s on; start is -1 when there is none.
func search(L *lua.LState, m *matcher, anchored bool, s int) (start, end int) {
	for ; s <= len(m.src); s++ {
		end, err := m.matchAt(s, 0)
		checked(L, err)
		if end >= 0 {
			return s, end
		}
		if anchored {
			break
		}
	}
	return -1, -1
}

// init reads the optional start position of find and match.
func initial(L *lua.LState, n, size int) int {
	i := L.OptInt(n, 1)
	if i < 0 {
		i = max(size+i+1, 1)
	}
	return max(i, 1) - 1
}

func (st *state) find(L *lua.LState, positions bool) int {
	src, pattern := L.CheckString(1), L.CheckString(2)
	from := initial(L, 3, len(src))
	if from > len(src) {
		L.Push(lua.LNil)
		return 1
	}
	if positions && (L.ToBool(4) || !strings.ContainsAny(pattern, "^$*+?.([%-")) {
		return st.findPlain(L, src, pattern, from)
	}
	m, anchored := st.matcher(src, pattern)
	start, end := search(L, m, anchored, from)
	if start < 0 {
		L.Push(lua.LNil)
		return 1
	}
	if positions {
		L.Push(lua.LNumber(start + 1))
		L.Push(lua.LNumber(end))
		return 2 + pushCaptures(L, m, start, end, false)
	}
	return pushCaptures(L, m, start, end, true)
}

func (st *state) findPlain(L *lua.LState, src, pattern string, from int) int {
	checked(L, st.budget.spend((len(src)-from)/64))
	i := strings.Index(src[from:], pattern)
	if i < 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(from + i + 1))
	L.Push(lua.LNumber(from + i + len(pattern)))
	return 2
}

// pushCaptures pushes the captures; without any, the whole match when whole.
func pushCaptures(L *lua.LState, m *matcher, start, end int, whole bool) int {
	if len(m.captures) == 0 && whole {
		L.Push(lua.LString(m.src[start:end]))
		return 1
	}
	for i := range m.captures {
		L.Push(captured(L, m, i))
	}
	return len(m.captures)
}

func captured(L *lua.LState, m *matcher, i int) lua.LValue {
	c := m.captures[i]
	switch c.size {
	case capPosition:
		return lua.LNumber(c.start + 1)
	case capOpen:
		L.RaiseError("unfinished capture")
	}
	return lua.LString(m.src[c.start : c.start+c.size])
}

func (st *state) gmatch(L *lua.LState) int {
	m, _ := st.matcher(L.CheckString(1), L.CheckString(2))
	m.pat = L.CheckString(2) // gmatch knows no anchor
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		start, end := search(L, m, false, at)
		if start < 0 {
			at = len(m.src) + 1
			return 0
		}
		at = end
		if end == start {
			at++
		}
		return pushCaptures(L, m, start, end, true)
	}))
	return 1
}

func (st *state) gsub(L *lua.LState) int {
	src, pattern, repl := L.CheckString(1), L.CheckString(2), L.CheckAny(3)
	switch repl.Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction:
	default:
		L.ArgError(3, "string/function/table expected")
	}
	most := L.OptInt(4, len(src)+1)
	m, anchored := st.matcher(src, pattern)
	var out strings.Builder
	n, at := 0, 0
	for n < most {
		end, err := m.matchAt(at, 0)
		checked(L, err)
		if end >= 0 {
			n++
			out.WriteString(st.replacement(L, m, at, end, repl))
		}
		if end > at {
			at = end
		} else if at < len(src) {
			out.WriteByte(src[at])
			at++
		} else {
			break
		}
		if anchored {
			break
		}
		if out.Len() > maxText {
			st.fits(L, out.Len())
		}
	}
	if at < len(src) {
		out.WriteString(src[at:])
	}
	st.fits(L, out.Len())
	L.Push(lua.LString(out.String()))
	L.Push(lua.LNumber(n))
	return 2
}

func (st *state) replacement(L *lua.LState, m *matcher, start, end int, repl lua.LValue) string {
	whole := m.src[start:end]
	var first lua.LValue = lua.LString(whole)
	if len(m.captures) > 0 {
		first = captured(L, m, 0)
	}
	var got lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		got = L.GetTable(r, first)
	case *lua.LFunction:
		top := L.GetTop()
		L.Push(r)
		n := pushCaptures(L, m, start, end, true)
		L.Call(n, 1)
		got = L.Get(-1)
		L.SetTop(top)
	default:
		return st.template(L, m, whole, lua.LVAsString(repl))
	}
	switch got.Type() {
	case lua.LTNil:
		return whole
	case lua.LTBool:
		if got == lua.LFalse {
			return whole
		}
	case lua.LTString, lua.LTNumber:
		return got.String()
	}
	L.RaiseError("invalid replacement value (a %s)", got.Type())
	return ""
}

// template fills %0 to %9 of a replacement text.
func (st *state) template(L *lua.LState, m *matcher, whole, repl string) string {
	if !strings.Contains(repl, "%") {
		return repl
	}
	var out strings.Builder
	for i := 0; i < len(repl); i++ {
		if repl[i] != '%' || i+1 == len(repl) {
			out.WriteByte(repl[i])
			continue
		}
		i++
		switch c := repl[i]; {
		case c == '0' || c == '1' && len(m.captures) == 0:
			out.WriteString(whole)
		case isDigit(c):
			if int(c-'1') >= len(m.captures) {
				checked(L, fmt.Errorf("invalid capture index %%%c in replacement string", c))
			}
			out.WriteString(captured(L, m, int(c-'1')).String())
		default:
			out.WriteByte(c)
		}
		if out.Len() > maxText {
			st.fits(L, out.Len())
		}
	}
	return out.String()
}
