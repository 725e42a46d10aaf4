package scripting

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core"
)

// box is what the tests give to functions of the script.
type box struct {
	size  int
	said  []string
	inner *box
}

var boxClass = core.Class{Name: "box"}

func init() {
	self := core.Object{Class: &boxClass}
	boxClass.Fields = []core.Field{
		{Name: "size", Get: func(b any) any { return b.(*box).size }},
		{Name: "half", Get: func(b any) any { return float64(b.(*box).size) / 2 }},
		{Name: "names", Get: func(any) any { return []string{"a", "b"} }},
		{Name: "inner", Get: func(b any) any {
			if b.(*box).inner == nil {
				return nil
			}
			return core.Object{Class: &boxClass, Self: b.(*box).inner}
		}},
		{Name: "torn", Get: func(any) any { panic("torn") }},
	}
	boxClass.Methods = []core.Method{
		{Name: "say", Args: []core.Arg{{Name: "text"}}, Call: func(b any, a core.Args) ([]any, error) {
			b.(*box).said = append(b.(*box).said, a.String(0))
			return []any{len(b.(*box).said), "said"}, nil
		}},
		{Name: "put", Args: []core.Arg{{Name: "other", Kind: core.ObjectKind, Class: &boxClass}, {Name: "weight", Kind: core.NumberKind, Optional: true}},
			Call: func(b any, a core.Args) ([]any, error) {
				if a[0] == b {
					return nil, errors.New("a box does not fit into itself")
				}
				b.(*box).inner = a[0].(*box)
				return nil, nil
			}},
		{Name: "each", Call: func(b any, _ core.Args) ([]any, error) {
			n := 0
			return []any{core.Iterator(func() []any {
				if n++; n > b.(*box).size {
					return nil
				}
				return []any{n, self.Class.Name}
			})}, nil
		}},
	}
}

// given makes a script of the text and returns the function it hands over.
func given(t testing.TB, text string) (*bench, func(*box) error) {
	t.Helper()
	b := start(t, text+"\nfunction request_route() return send_reply(200, tostring(count)) end")
	if b.module.given == nil {
		t.Fatal("no function was handed over")
	}
	return b, func(x *box) error {
		return b.short(b.module.given.Call(time.Minute, core.Object{Class: &boxClass, Self: x}))
	}
}

// TestObjects: what a function can do with what it is given, and the place of
// what goes wrong.
func TestObjects(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`box:say(box.size .. " " .. box.half .. " " .. #box.names .. box.names[2])`, "4 2 2b"},
		{`local n, text = box:say("x") box:say(n .. text)`, "x|1said"},
		{`for i, name in box:each() do box:say(i .. name) end`, "1box|2box|3box|4box"},
		{`box:say(tostring(box.inner == box.inner) .. tostring(box.inner.inner))`, "truenil"},
		{`local t = {[box.inner] = 1} box:say(t[box.inner])`, "1"},
		{`box:put(box.inner, 0.5) box:say(getmetatable(box))`, "box"},
		{`exit() box:say("x")`, ""},
		{`return box.sise`, "!routes.lua:1: a box has no sise; did you mean size?"},
		{`return box.colour`, "!routes.lua:1: a box has no colour; it has each, half, inner, names, put, say, size, torn"},
		{`box.size = 5`, "!routes.lua:1: box.size cannot be written"},
		{`box:say()`, "!routes.lua:1: box:say: argument 1 (text) is missing: want a string"},
		{`box:say({})`, "!routes.lua:1: box:say: argument 1 (text): want a string, got a table"},
		{`box:say(box)`, "!routes.lua:1: box:say: argument 1 (text): want a string, got a box"},
		{`box:say("x", 2)`, "!routes.lua:1: box:say: takes 1 arguments, got 2"},
		{`box.say("x")`, `!routes.lua:1: want a box, got "x": methods are called with a colon, as in box:name()`},
		{`box:put(nil)`, "!routes.lua:1: box:put: argument 1 (other) is missing: want a box"},
		{`box:put("x")`, `!routes.lua:1: box:put: argument 1 (other): want a box, got "x"`},
		{`box:put(box.inner, "x")`, `!routes.lua:1: box:put: argument 2 (weight): want a number, got "x"`},
		{`box:put(box)`, "!routes.lua:1: box:put: a box does not fit into itself"},
		{`shared.set("x", box)`, "!routes.lua:1: shared.set: want text, a number or a boolean, got a userdata"},
		{`return box.torn`, "!routes.lua:1: panic: torn"},
		{`cc_agent_login("a", 1)`, "!routes.lua:1: cc_agent_login cannot be called in a function that a module calls"},
		{`return hdr("To")`, "!routes.lua:1: hdr needs a SIP message; a function that a module calls has none"},
		{`cc.policy(print)`, "!routes.lua:1: cc.policy: only at the top level of the file"},
		{`cnt = 1`, "!routes.lua:1: global cnt is not there: define it at the top level of the file, with the value to begin with"},
	} {
		_, call := given(t, "cc.policy(function(box) "+c.body+" end)")
		x := &box{size: 4, inner: &box{}}
		got := ""
		if err := call(x); err != nil {
			got = "!" + err.Error()
		} else {
			got = strings.Join(x.said, "|")
		}
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.body, got, c.want)
		}
	}
}

// TestFunctionRemembers: a function has a state to itself, in which it keeps
// what it likes; what it kept is gone after a limit, and objects are gone with
// the call they were given to.
func TestFunctionRemembers(t *testing.T) {
	b, call := given(t, `count = 0
local last, loop
local function twice(n) return 2 * n end
cc.policy(function(box)
  count = count + 1
  if box.size == 7 then while true do end end
  if box.size == 8 then return last.size end
  if box.size == 9 then return loop() end
  last, loop = box, box:each()
  box:say(twice(count))
end)`)
	said := func(size int, want string) {
		t.Helper()
		x := &box{size: size}
		if err := call(x); err != nil {
			x.said = []string{err.Error()}
		}
		if got := strings.Join(x.said, "|"); !strings.HasPrefix(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	said(1, "2")
	said(1, "4")
	said(8, "routes.lua:7: this box is of an earlier call of the function: keep its id")
	said(9, "routes.lua:8: this loop is of an earlier call of the function")
	said(1, "10")
	if tx, _, err := b.send("INVITE"); err != nil || tx.got[0].Reason != "0" {
		t.Errorf("a route sees the function's globals: %v", err)
	}
	said(7, "routes.lua:6: the function ran more than 10000000 instructions")
	said(1, "2")
}

// TestFunctionLimits: what would stop or bloat the server in a route does not
// do so here.
func TestFunctionLimits(t *testing.T) {
	for _, e := range evil {
		if e.name == "routes" || e.name == "flags" {
			continue // there are no routes and no flags here
		}
		t.Run(e.name, func(t *testing.T) {
			b, _ := given(t, "cc.policy(function() "+e.body+" end)")
			began := time.Now()
			err := b.short(b.module.given.Call(500 * time.Millisecond))
			if err == nil || !strings.HasPrefix(err.Error(), "routes.lua:1:") {
				t.Errorf("got %v", err)
			}
			if d := time.Since(began); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	b, _ := given(t, "cc.policy(function() while true do end end)")
	began := time.Now()
	if err := b.module.given.Call(time.Millisecond); err == nil || !strings.Contains(err.Error(), "ran longer than 1ms") || time.Since(began) > time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// TestCallbackFaults: what the check finds.
func TestCallbackFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{prologue + "cc.policy(function() end)", ""},
		{prologue + "n = 0 local m = {} cc.policy(function() n = n + 1 m[1] = n local function f() m = {} end f() end)", ""},
		{prologue + "n = 0 local m = {} local function p() n, m.x = 1, 2 end cc.policy(p)", ""},
		{prologue + "n = 0 function p() n = 1 end cc.policy(p)", ""},
		{prologue + "\ncc.policy()", "2: cc.policy: want a function(box), got nil"},
		{prologue + "\ncc.policy(\"p\")", `2: cc.policy: want a function(box), got "p"`},
		{prologue + "cc.policy(print)\ncc.policy(print)", "2: cc.policy is called twice: the first time is at DIR/routes.lua:1; there can be one"},
		{"cc.policy(print)\n" + prologue, `1: cc.policy belongs to module call_center: missing loadmodule "call_center" before it?`},
		{prologue + "function route.a()\ncc.policy(print) end", "2: cc.policy: only at the top level of the file"},
		{prologue + "cc.policy(function()\nn = 1 end)", "2: global n is not there: define it at the top level of the file, with the value to begin with"},
		{prologue + "cc.policy(function()\ncc_agent_login(1, 1) end)", "2: cc_agent_login cannot be called in a function that a module calls"},
		{prologue + "function route.a()\nreturn cc.polcy end", "2: there is no cc.polcy"},
	} {
		file := write(t, "routes.lua", c.text+"\nfunction request_route() end")
		faults, warnings := Check(file, options())
		got := strings.ReplaceAll(append(faults, warnings...).Error(), filepath.Dir(file), "DIR")
		want := c.want
		if want != "" {
			want = "DIR/routes.lua:" + want
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, want)
		}
	}
}
