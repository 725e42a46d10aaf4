package scripting

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/sipd/sipd/core"
)

// linter reads the program text for what would fail only when a route runs.
// It follows scopes, so that a local of the same name hides a function.
type linter struct {
	s        *Script
	file     string
	faults   core.Problems
	warnings core.Problems

	funcs   map[string]core.Func // of loaded modules, and built in
	known   map[string]bool      // every global name that may be read
	vars    map[string]core.Var
	defined map[string]bool  // globals the script itself writes at the top
	scopes  []map[string]int // locals by name, with the depth of functions they were made at
	depth   int              // of functions; 0 is the top level
	kind    core.Routes      // of the route whose body this is, 0 when unknown

	callbacks map[string]callback // of all modules: the top level finds what is not loaded
	given     map[string]bool     // names of functions that callbacks are given
	remembers bool                // the body of such a function: it may keep things
}

func newLinter(s *Script) *linter {
	l := &linter{s: s, funcs: map[string]core.Func{}, known: map[string]bool{}, vars: map[string]core.Var{}, defined: map[string]bool{},
		callbacks: map[string]callback{}, given: map[string]bool{}}
	for _, f := range builtins(nil) {
		l.funcs[f.Name] = f
	}
	for _, v := range variables(nil) {
		l.vars[v.Name] = v
	}
	for name, x := range s.modules {
		maps.Copy(l.callbacks, callbacks([]core.Exports{x}, map[string]string{}))
		loaded := slices.ContainsFunc(s.cfg.Loads, func(ld core.Load) bool { return ld.Name == name })
		if !loaded {
			continue
		}
		for _, f := range x.Funcs {
			l.funcs[f.Name] = f
		}
		for _, v := range x.Vars {
			l.vars[v.Name] = v
		}
	}
	for name := range l.callbacks {
		l.known[group(name)] = true
	}
	for _, name := range globalNames(s) {
		l.known[name] = true
	}
	return l
}

// globalNames lists what a state defines before the script runs.
func globalNames(s *Script) []string {
	st := &state{api: &api{env: s.env, owner: s.owner, b: Bindings{}.complete()}, budget: newBudget(nil), routes: map[string]map[string]*lua.LFunction{}}
	L := lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: callDepth, RegistrySize: registrySize, MinimizeStackMemory: true})
	defer L.Close()
	st.L = L
	st.openSandbox(L)
	st.openAPI(L)
	names := append([]string{"_G"}, hooks[:]...)
	L.Get(lua.GlobalsIndex).(*lua.LTable).ForEach(func(k, _ lua.LValue) { names = append(names, k.String()) })
	return names
}

func (l *linter) run() {
	cfg := l.s.cfg
	if !cfg.Routes.Request && !l.s.broken {
		l.faults = append(l.faults, core.Problem{Pos: core.Pos{File: cfg.File, Line: 1}, Text: "the file defines no request_route: add function request_route() ... end"})
	}
	l.checkLoads()
	for _, c := range l.s.src.order {
		collect(c.tree, l.defined)
		l.collectGiven(c.tree)
	}
	for _, c := range l.s.src.order {
		l.file, l.depth, l.scopes = c.name, 0, nil
		l.block(c.tree)
	}
}

// checkLoads finds what the server would refuse at its start.
func (l *linter) checkLoads() {
	loaded := map[string]core.Pos{}
	events := map[string]bool{}
	for _, ld := range l.s.cfg.Loads {
		loaded[ld.Name] = ld.Pos
		for _, e := range l.s.modules[ld.Name].Events {
			events[e.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(loaded)) {
		for _, need := range l.s.modules[name].Needs {
			if _, ok := loaded[need]; !ok {
				l.faults = append(l.faults, core.Problem{Pos: loaded[name], Text: fmt.Sprintf("module %s needs module %s: add loadmodule %q", name, need, need)})
			}
		}
	}
	for _, p := range l.s.cfg.Params {
		if _, ok := loaded[p.Module]; !ok {
			l.faults = append(l.faults, core.Problem{Pos: p.Pos, Text: fmt.Sprintf("modparam %s.%s: module %s is not loaded: add loadmodule %q", p.Module, p.Name, p.Module, p.Module)})
		}
	}
	for _, e := range l.s.cfg.Routes.Events {
		if !events[e] {
			l.warnings = append(l.warnings, core.Problem{Pos: core.Pos{File: l.s.cfg.File, Line: 1}, Text: fmt.Sprintf("event_route.%s: no loaded module raises this event", e)})
		}
	}
}

// collect finds the globals that the top level of a file writes.
func collect(block []ast.Stmt, into map[string]bool) {
	for _, s := range block {
		switch s := s.(type) {
		case *ast.FuncDefStmt:
			if id, ok := s.Name.Func.(*ast.IdentExpr); ok && s.Name.Func != nil {
				into[id.Value] = true
			}
		case *ast.AssignStmt:
			for _, e := range s.Lhs {
				if id, ok := e.(*ast.IdentExpr); ok {
					into[id.Value] = true
				}
			}
		case *ast.IfStmt:
			collect(s.Then, into)
			collect(s.Else, into)
		case *ast.DoBlockStmt:
			collect(s.Stmts, into)
		case *ast.NumberForStmt:
			collect(s.Stmts, into)
		case *ast.GenericForStmt:
			collect(s.Stmts, into)
		}
	}
}

func (l *linter) fault(at ast.PositionHolder, format string, args ...any) {
	l.faults = append(l.faults, core.Problem{Pos: core.Pos{File: l.file, Line: at.Line()}, Text: fmt.Sprintf(format, args...)})
}

func (l *linter) warn(at ast.PositionHolder, format string, args ...any) {
	l.warnings = append(l.warnings, core.Problem{Pos: core.Pos{File: l.file, Line: at.Line()}, Text: fmt.Sprintf(format, args...)})
}

// local declares names in the innermost scope.
func (l *linter) local(names ...string) {
	for _, n := range names {
		l.scopes[len(l.scopes)-1][n] = l.depth
	}
}

// lookup finds a local; depth is that of the function that made it.
func (l *linter) lookup(name string) (depth int, ok bool) {
	for i := len(l.scopes) - 1; i >= 0; i-- {
		if d, ok := l.scopes[i][name]; ok {
			return d, true
		}
	}
	return 0, false
}

// global returns the name when e is a global variable.
func (l *linter) global(e ast.Expr) string {
	id, ok := e.(*ast.IdentExpr)
	if !ok {
		return ""
	}
	if _, isLocal := l.lookup(id.Value); isLocal {
		return ""
	}
	return id.Value
}

// path is the dotted name of a global: "hdr.add"; "" for anything else.
func (l *linter) path(e ast.Expr) string {
	a, ok := e.(*ast.AttrGetExpr)
	if !ok {
		return l.global(e)
	}
	key, isText := a.Key.(*ast.StringExpr)
	head := l.path(a.Object)
	if !isText || head == "" {
		return ""
	}
	return head + "." + key.Value
}

// read checks that a global that is read exists.
func (l *linter) read(id *ast.IdentExpr) {
	name := l.global(id)
	if name == "" || l.defined[name] || l.known[name] || l.funcs[name].Name != "" {
		return
	}
	a := api{owner: l.s.owner}
	l.fault(id, "%s", a.unknown(name))
}

// routeOf is the kind of route that a definition begins, 0 when any may call.
func routeOf(path string) core.Routes {
	switch {
	case path == "request_route":
		return core.RequestRoute
	case path == "local_route":
		return core.LocalRoute
	case path == "startup_route":
		return core.StartupRoute
	case strings.HasPrefix(path, eventRoutes+"."):
		return core.EventRoute
	}
	return 0
}

// function reads a body in a scope of its own.
func (l *linter) function(f *ast.FunctionExpr, kind core.Routes, params ...string) {
	kind, l.kind = l.kind, kind
	remembers := l.remembers
	l.remembers = remembers || l.kind == core.CallbackRoute
	l.depth++
	l.inScope(func() {
		l.local(params...)
		l.local(f.ParList.Names...)
		l.stmts(f.Stmts)
	})
	l.depth--
	l.kind, l.remembers = kind, remembers
}

func (l *linter) inScope(f func()) {
	l.scopes = append(l.scopes, map[string]int{})
	f()
	l.scopes = l.scopes[:len(l.scopes)-1]
}

func (l *linter) block(b []ast.Stmt) { l.inScope(func() { l.stmts(b) }) }
