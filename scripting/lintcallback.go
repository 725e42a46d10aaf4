package scripting

import (
	"github.com/yuin/gopher-lua/ast"

	"github.com/sipd/sipd/core"
)

// collectGiven finds the names in cc.policy(name) at the top level of a file.
func (l *linter) collectGiven(block []ast.Stmt) {
	for _, s := range block {
		call, ok := s.(*ast.FuncCallStmt)
		if !ok {
			continue
		}
		e, ok := call.Expr.(*ast.FuncCallExpr)
		if !ok || e.Receiver != nil || len(e.Args) == 0 {
			continue
		}
		name, isName := e.Args[0].(*ast.IdentExpr)
		if _, ok := l.callbacks[l.path(e.Func)]; ok && isName {
			l.given[name.Value] = true
		}
	}
}

// givenKind is the kind of a function of that name, 0 when it is no callback's.
func (l *linter) givenKind(name string) core.Routes {
	if l.depth == 0 && l.given[name] {
		return core.CallbackRoute
	}
	return 0
}

func (l *linter) isGroup(name string) bool {
	for c := range l.callbacks {
		if group(c) == name {
			return true
		}
	}
	return false
}

// callback checks a call such as cc.policy(function). What is given was checked
// when the top level ran.
func (l *linter) callback(e *ast.FuncCallExpr, name string) {
	if l.depth > 0 {
		l.fault(e, "%s: only at the top level of the file", name)
	}
	for _, arg := range e.Args {
		if f, ok := arg.(*ast.FunctionExpr); ok {
			l.function(f, core.CallbackRoute)
		} else {
			l.expr(arg)
		}
	}
}
