package scripting

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/sipd/sipd/core"
)

// callback is core.Callback with the module that has it.
type callback struct {
	core.Callback
	module string
}

// callbacks lists those of some modules by name, and their tables among the
// owners of names.
func callbacks(xs []core.Exports, owner map[string]string) map[string]callback {
	all := map[string]callback{}
	for _, x := range xs {
		for _, c := range x.Callbacks {
			all[c.Name] = callback{c, x.Name}
			owner[group(c.Name)] = x.Name
		}
	}
	return all
}

// group is the table that a callback's name begins with.
func group(name string) string {
	head, _, _ := strings.Cut(name, ".")
	return head
}

// takeCallback is cc.policy(function) at the top level of the file.
func (st *state) takeCallback(c callback) lua.LGFunction {
	return func(L *lua.LState) int {
		if st.loaded {
			L.RaiseError("%s: only at the top level of the file", c.Name)
		}
		fn, isFunc := L.Get(1).(*lua.LFunction)
		if st.record != nil {
			st.record.callback(L, c, isFunc)
		}
		st.callbacks[c.Name] = fn
		return 0
	}
}

// callback checks what the script gives.
func (r *recorder) callback(L *lua.LState, c callback, isFunc bool) {
	loaded := slices.ContainsFunc(r.cfg.Loads, func(l core.Load) bool { return l.Name == c.module })
	before, twice := r.callbacks[c.Name]
	switch {
	case !loaded:
		r.fault(L, "%s belongs to module %s: missing loadmodule %q before it?", c.Name, c.module, c.module)
	case !isFunc:
		r.fault(L, "%s: want a function(%s), got %s", c.Name, c.Args, shown(goValue(L.Get(1))))
	case twice:
		r.fault(L, "%s is called twice: the first time is at %s; there can be one", c.Name, before)
	default:
		r.callbacks[c.Name] = here(L)
	}
}

// function is what a module calls of the script. It has a state to itself.
type function struct {
	api  *api
	name string // of the callback

	mu sync.Mutex
	st *state // nil: the last one was thrown away
}

var _ core.Function = (*function)(nil)

// handOver gives the modules the functions that the script has for them.
func (s *Script) handOver(a *api) error {
	for _, name := range slices.Sorted(maps.Keys(a.callbacks)) {
		if _, has := s.callbacks[name]; !has {
			continue
		}
		f := &function{api: a, name: name}
		if err := f.renew(); err != nil {
			return problem(s.cfg.File, err)
		}
		a.callbacks[name].Set(f)
	}
	return nil
}

func (f *function) renew() error {
	st, err := newState(f.api, nil)
	if err != nil {
		return err
	}
	if st.callbacks[f.name] == nil {
		st.L.Close()
		return fmt.Errorf("%s was not called again by the top level of the file: it must not depend on anything that changes", f.name)
	}
	st.remembers, f.st = true, st
	return nil
}

// Call implements [core.Function].
func (f *function) Call(limit time.Duration, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.st == nil {
		if err := f.renew(); err != nil {
			return err
		}
	}
	l := limits{of: "function", time: limit, steps: f.api.slow.steps, bytes: f.api.slow.bytes}
	st, values := f.st, make([]lua.LValue, len(args))
	st.budget.start(l)
	for i, a := range args {
		values[i] = st.value(st.L, a)
	}
	n := &run{msg: &core.Msg{Kind: core.CallbackRoute}}
	err := st.execute(f.api.base, n, f.name, st.callbacks[f.name], l, values...)
	st.forget()
	if st.doubtful {
		st.L.Close()
		f.st = nil
	}
	return err
}
