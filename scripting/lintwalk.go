package scripting

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"github.com/sipd/sipd/core"
)

func (l *linter) stmts(b []ast.Stmt) {
	for _, s := range b {
		l.stmt(s)
	}
}

func (l *linter) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		l.exprs(s.Rhs)
		for _, e := range s.Lhs {
			l.assign(e)
		}
	case *ast.LocalAssignStmt:
		if f, ok := recursive(s); ok { // local function f() end: f is seen inside
			l.local(s.Names...)
			l.function(f, l.givenKind(s.Names[0]))
			return
		}
		l.exprs(s.Exprs)
		l.local(s.Names...)
	case *ast.FuncCallStmt:
		l.expr(s.Expr)
	case *ast.DoBlockStmt:
		l.block(s.Stmts)
	case *ast.WhileStmt:
		l.expr(s.Condition)
		l.block(s.Stmts)
	case *ast.RepeatStmt:
		l.inScope(func() { l.stmts(s.Stmts); l.expr(s.Condition) })
	case *ast.IfStmt:
		l.expr(s.Condition)
		l.block(s.Then)
		l.block(s.Else)
	case *ast.NumberForStmt:
		l.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		l.inScope(func() { l.local(s.Name); l.stmts(s.Stmts) })
	case *ast.GenericForStmt:
		l.exprs(s.Exprs)
		l.inScope(func() { l.local(s.Names...); l.stmts(s.Stmts) })
	case *ast.FuncDefStmt:
		l.define(s)
	case *ast.ReturnStmt:
		l.exprs(s.Exprs)
	}
}

// recursive recognises local function f() ... end, which the parser writes as
// an assignment.
func recursive(s *ast.LocalAssignStmt) (*ast.FunctionExpr, bool) {
	if len(s.Names) != 1 || len(s.Exprs) != 1 {
		return nil, false
	}
	f, ok := s.Exprs[0].(*ast.FunctionExpr)
	return f, ok
}

func (l *linter) define(s *ast.FuncDefStmt) {
	if s.Name.Func == nil { // function a:b()
		l.expr(s.Name.Receiver)
		l.function(s.Func, 0, "self")
		return
	}
	l.assign(s.Name.Func)
	name := l.path(s.Name.Func)
	l.function(s.Func, routeOf(name)|l.givenKind(name))
}

// assign checks a place that is written.
func (l *linter) assign(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		l.assignName(e)
	case *ast.AttrGetExpr:
		l.expr(e.Key)
		p := l.path(e)
		switch {
		case strings.HasPrefix(p, "pv."):
			l.assignVar(e, strings.TrimPrefix(p, "pv."))
		case l.depth > 0 && slices.ContainsFunc(routeTables[:], func(t string) bool { return strings.HasPrefix(p, t+".") }):
			l.fault(e, "%s is defined in a route: define it at the top level", p)
		case p == "":
			l.expr(e.Object)
		}
		if root := rootName(e); root != "" && l.depth > 0 && !l.remembers {
			if d, ok := l.lookup(root); ok && d == 0 {
				l.warn(e, "%s belongs to the file: each Lua state has its own, so other calls may not see what is stored; use shared", root)
			}
		}
	}
}

func rootName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.AttrGetExpr:
			e = x.Object
		case *ast.IdentExpr:
			return x.Value
		default:
			return ""
		}
	}
}

func (l *linter) assignName(id *ast.IdentExpr) {
	d, isLocal := l.lookup(id.Value)
	switch {
	case l.remembers && (isLocal || l.defined[id.Value]):
	case isLocal && d == 0 && l.depth > 0:
		l.warn(id, "local %s belongs to the file: each Lua state has its own, so other calls may not see what is stored; use shared", id.Value)
	case isLocal:
	case l.remembers:
		l.fault(id, "global %s is not there: define it at the top level of the file, with the value to begin with", id.Value)
	case l.depth > 0:
		l.fault(id, "global %s is written in a route: use local, var.%s (this message) or shared.set(%q, value)", id.Value, id.Value, id.Value)
	case l.known[id.Value] && !slices.Contains(hooks[:], id.Value) || l.funcs[id.Value].Name != "":
		l.warn(id, "%s is defined by sipd already; this definition hides it", id.Value)
	}
}

func (l *linter) assignVar(at ast.PositionHolder, name string) {
	v, ok := l.vars[name]
	switch {
	case !ok:
		l.fault(at, "there is no variable pv.%s%s", name, l.nearVar(name))
	case v.Set == nil:
		l.fault(at, "pv.%s cannot be written", name)
	}
}

func (l *linter) nearVar(name string) string {
	var names []string
	for n := range l.vars {
		names = append(names, n)
	}
	if near := Nearest(name, names); near != "" && len(name) > 2 {
		return "; did you mean pv." + near + "?"
	}
	return ""
}

func (l *linter) exprs(es []ast.Expr) {
	for _, e := range es {
		l.expr(e)
	}
}

func (l *linter) expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		l.read(e)
	case *ast.AttrGetExpr:
		l.attr(e)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			l.exprs([]ast.Expr{f.Key, f.Value})
		}
	case *ast.FuncCallExpr:
		l.call(e)
	case *ast.LogicalOpExpr:
		l.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.RelationalOpExpr:
		l.compare(e)
		l.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.StringConcatOpExpr:
		l.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.ArithmeticOpExpr:
		l.exprs([]ast.Expr{e.Lhs, e.Rhs})
	case *ast.UnaryMinusOpExpr:
		l.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		l.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		l.expr(e.Expr)
	case *ast.FunctionExpr:
		l.function(e, 0)
	}
}

// attr checks pv.name, and the members of the tables of the API.
func (l *linter) attr(e *ast.AttrGetExpr) {
	p := l.path(e)
	head, name, _ := strings.Cut(p, ".")
	switch {
	case p == "":
		l.exprs([]ast.Expr{e.Object, e.Key})
	case head == "pv":
		_, ok := l.vars[name]
		for n := range l.vars {
			ok = ok || strings.HasPrefix(n, name+".")
		}
		if !ok {
			l.fault(e, "there is no variable pv.%s%s", name, l.nearVar(name))
		}
	case l.isGroup(head):
		if _, ok := l.callbacks[p]; !ok {
			l.fault(e, "there is no %s", p)
		}
	case slices.Contains([]string{"hdr", "shared", "log", "uri", "json"}, head):
		if !slices.Contains(nativeNames(), p) {
			l.fault(e, "there is no %s", p)
		}
	default:
		l.expr(e.Object)
	}
}

// call checks a call of a declared function.
func (l *linter) call(e *ast.FuncCallExpr) {
	if e.Receiver != nil {
		l.expr(e.Receiver)
		l.exprs(e.Args)
		return
	}
	p := l.path(e.Func)
	if _, ok := l.callbacks[p]; ok {
		l.callback(e, p)
		return
	}
	l.exprs(e.Args)
	f, declared := l.funcs[p]
	switch {
	case p == namedRoutes:
		l.routeCall(e)
	case p == "xlog" || p == "fmt":
		l.format(e)
	case declared && !l.defined[p]:
		l.declared(e, f)
	default:
		l.expr(e.Func)
	}
}

func (l *linter) routeCall(e *ast.FuncCallExpr) {
	if len(e.Args) == 0 {
		l.fault(e, "route: the name of a route is missing")
		return
	}
	name, ok := e.Args[0].(*ast.StringExpr)
	if ok && !slices.Contains(l.s.cfg.Routes.Named, name.Value) {
		l.fault(e, "route(%q): no such route; the file defines %s", name.Value, list(l.s.cfg.Routes.Named))
	}
}

// format checks the $variables of a constant text.
func (l *linter) format(e *ast.FuncCallExpr) {
	if len(e.Args) == 0 {
		return
	}
	text, ok := e.Args[len(e.Args)-1].(*ast.StringExpr)
	if !ok {
		return
	}
	known := func(name string) bool { _, ok := l.vars[name]; return ok }
	for rest := text.Value; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 || i+1 >= len(rest) {
			return
		}
		rest = rest[i:]
		_, n := parseVar(rest, known)
		switch {
		case strings.HasPrefix(rest, "$$"):
			n = 2
		case n == 0 && (isAlpha(rest[1]) || rest[1] == '('):
			l.warn(e, "%q: there is no such variable", clip(strings.TrimRight(rest, "\r\n"), 16))
		}
		rest = rest[max(n, 1):]
	}
}

// declared checks the constant arguments of a function, and where it is called.
func (l *linter) declared(e *ast.FuncCallExpr, f core.Func) {
	allowed := f.Routes
	if allowed == 0 {
		allowed = core.RequestRoute
	}
	if l.kind != 0 && allowed&l.kind == 0 {
		l.fault(e, "%s cannot be called in a %s", f.Name, routeKind(l.kind))
	}
	if n := len(e.Args); n > 0 && open(e.Args[n-1]) {
		return // the last argument may be any number of values
	}
	_, err := arguments(f.Args, len(e.Args), func(i int) any { return l.constant(e.Args[i], f, i) })
	if err != nil {
		l.fault(e, "%s: %s", f.Name, err)
	}
}

// open reports whether e may yield none or many values.
func open(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return true
	}
	return false
}

// constant is the value of a constant, or for anything else one that fits.
func (l *linter) constant(e ast.Expr, f core.Func, i int) any {
	switch e := e.(type) {
	case *ast.StringExpr:
		return e.Value
	case *ast.NumberExpr:
		return goValue(lua.LVAsNumber(lua.LString(e.Value)))
	case *ast.TrueExpr:
		return true
	case *ast.FalseExpr:
		return false
	case *ast.NilExpr:
		return nil
	case *ast.TableExpr:
		return opaque("table")
	case *ast.FunctionExpr:
		return opaque("function")
	}
	if i < len(f.Args) && f.Args[i].Kind == core.StringKind {
		return ""
	}
	return 1
}

// compare finds comparisons that can never do what they look like: a failed
// call is false, not a negative number.
func (l *linter) compare(e *ast.RelationalOpExpr) {
	for _, side := range [][2]ast.Expr{{e.Lhs, e.Rhs}, {e.Rhs, e.Lhs}} {
		c, ok := side[0].(*ast.FuncCallExpr)
		if !ok || c.Receiver != nil {
			continue
		}
		name := l.path(c.Func)
		if _, declared := l.funcs[name]; (!declared || l.defined[name]) && name != namedRoutes {
			continue
		}
		_, negative := side[1].(*ast.UnaryMinusOpExpr)
		switch e.Operator {
		case "<", ">", "<=", ">=":
			l.fault(e, "%s(...) %s compares a number with false when the call fails: write rc(%s(...)) or not %s(...)", name, e.Operator, name, name)
		case "==", "~=":
			if negative {
				l.fault(e, "%s(...) is never a negative number: it is false when it fails; write rc(%s(...))", name, name)
			}
		}
	}
}
