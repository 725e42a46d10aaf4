package scripting

import "github.com/yuin/gopher-lua/ast"

// Some instructions of the Lua machine can do unbounded work: s .. s doubles
// a text, t[60000000] = 1 fills a gigabyte with nils, and {} costs half a
// kilobyte. rewrite makes them calls of functions that count. Their names
// hold a space, so that no program can name them.
const (
	concatFunc = "a ..b"
	tableFunc  = "new {}"
	storeFunc  = "t [k]=v"
	keyFunc    = "key [k]"
)

func rewriteBlock(block []ast.Stmt) {
	for i, s := range block {
		block[i] = rewriteStmt(s)
	}
}

func rewriteStmt(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return rewriteAssign(s)
	case *ast.LocalAssignStmt:
		rewriteExprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = rewriteExpr(s.Expr)
	case *ast.DoBlockStmt:
		rewriteBlock(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Stmts)
	case *ast.IfStmt:
		s.Condition = rewriteExpr(s.Condition)
		rewriteBlock(s.Then)
		rewriteBlock(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = rewriteExpr(s.Init), rewriteExpr(s.Limit), rewriteExpr(s.Step)
		rewriteBlock(s.Stmts)
	case *ast.GenericForStmt:
		rewriteExprs(s.Exprs)
		rewriteBlock(s.Stmts)
	case *ast.FuncDefStmt:
		rewriteBlock(s.Func.Stmts)
	case *ast.ReturnStmt:
		rewriteExprs(s.Exprs)
	}
	return s
}

// rewriteAssign turns t[k] = v into a call. In a multiple assignment only the
// keys are checked, for its values may come from one call.
func rewriteAssign(s *ast.AssignStmt) ast.Stmt {
	rewriteExprs(s.Rhs)
	single := len(s.Lhs) == 1 && len(s.Rhs) == 1
	for _, e := range s.Lhs {
		a, ok := e.(*ast.AttrGetExpr)
		if !ok {
			continue
		}
		a.Object = rewriteExpr(a.Object)
		if harmlessKey(a.Key) {
			continue
		}
		a.Key = rewriteExpr(a.Key)
		if !single {
			a.Key = call(a.Key, keyFunc, a.Key)
			continue
		}
		stmt := &ast.FuncCallStmt{Expr: call(s, storeFunc, a.Object, a.Key, one(s.Rhs[0]))}
		stmt.SetLine(s.Line())
		stmt.SetLastLine(s.LastLine())
		return stmt
	}
	return s
}

// one cuts a call or ... to its first value.
func one(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

func harmlessKey(k ast.Expr) bool {
	switch k := k.(type) {
	case nil, *ast.StringExpr:
		return true
	case *ast.NumberExpr:
		return len(k.Value) <= 2 // up to 99, and not 1e9
	}
	return false
}

func rewriteExprs(es []ast.Expr) {
	for i, e := range es {
		es[i] = rewriteExpr(e)
	}
}

func rewriteExpr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		e.Object, e.Key = rewriteExpr(e.Object), rewriteExpr(e.Key)
	case *ast.TableExpr:
		return rewriteTable(e)
	case *ast.FuncCallExpr:
		if e.Func != nil {
			e.Func = rewriteExpr(e.Func)
		}
		if e.Receiver != nil {
			e.Receiver = rewriteExpr(e.Receiver)
		}
		rewriteExprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = rewriteExpr(e.Lhs), rewriteExpr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = rewriteExpr(e.Expr)
	case *ast.FunctionExpr:
		rewriteBlock(e.Stmts)
	case *ast.StringConcatOpExpr:
		return rewriteConcat(e)
	}
	return e
}

func rewriteTable(t *ast.TableExpr) ast.Expr {
	for _, f := range t.Fields {
		if f.Key != nil && !harmlessKey(f.Key) {
			f.Key = call(f.Key, keyFunc, rewriteExpr(f.Key))
		}
		f.Value = rewriteExpr(f.Value)
	}
	return call(t, tableFunc, t)
}

// maxConcat is how many parts one call joins; more would run out of registers.
const maxConcat = 50

// rewriteConcat makes a .. b .. c one call.
func rewriteConcat(e *ast.StringConcatOpExpr) ast.Expr {
	parts := []ast.Expr{one(rewriteExpr(e.Lhs))}
	rest := e.Rhs
	for len(parts) < maxConcat {
		c, ok := rest.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		parts = append(parts, one(rewriteExpr(c.Lhs)))
		rest = c.Rhs
	}
	return call(e, concatFunc, append(parts, one(rewriteExpr(rest)))...)
}

// call makes a call of one of the counting functions that yields one value.
func call(at ast.PositionHolder, name string, args ...ast.Expr) ast.Expr {
	f := &ast.IdentExpr{Value: name}
	f.SetLine(at.Line())
	f.SetLastLine(at.Line())
	c := &ast.FuncCallExpr{Func: f, Args: args, AdjustRet: true}
	c.SetLine(at.Line())
	c.SetLastLine(max(at.LastLine(), at.Line()))
	return c
}
