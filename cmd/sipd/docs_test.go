package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
)

// folders are where the modules live, by the name a route file loads.
var folders = map[string]string{
	"b2b_entities": "b2b", "b2b_logic": "b2b", "call_center": "callcenter",
	"event_datagram": "eventdatagram", "event_sse": "eventsse", "event_stream": "eventstream",
	"httpd": "httpd", "mi_datagram": "midatagram", "mi_fifo": "mififo", "mi_http": "mihttp", "player": "player",
	"prometheus": "prometheus",
}

// TestModules holds that modules have one name each, need modules that there
// are, in no circle, and are what their README says.
func TestModules(t *testing.T) {
	needs := map[string][]string{}
	declared := map[string][]core.Exports{} // by folder
	for _, m := range builtin() {
		x := m.Exports()
		if _, twice := needs[x.Name]; twice {
			t.Errorf("two modules are called %s", x.Name)
		}
		needs[x.Name] = x.Needs
		if folders[x.Name] == "" {
			t.Errorf("module %s: tell this test its folder", x.Name)
		}
		declared[folders[x.Name]] = append(declared[folders[x.Name]], x)
	}
	for name := range needs {
		if path := circle(needs, name, nil); path != nil {
			t.Errorf("modules need each other: %s", strings.Join(path, " needs "))
		}
		for _, need := range needs[name] {
			if _, ok := needs[need]; !ok {
				t.Errorf("module %s needs %s, which is not built in", name, need)
			}
		}
	}
	for folder, xs := range declared {
		docstest.Check(t, filepath.Join("..", "..", "modules", folder), xs...)
	}
}

// circle returns the way from name back to where it was before, or nil.
func circle(needs map[string][]string, name string, way []string) []string {
	if slices.Contains(way, name) {
		return append(way, name)
	}
	for _, need := range needs[name] {
		if path := circle(needs, need, append(slices.Clone(way), name)); path != nil {
			return path
		}
	}
	return nil
}

func TestCircle(t *testing.T) {
	if got := circle(map[string][]string{"a": {"b", "c"}, "b": {"c"}, "c": nil}, "a", nil); got != nil {
		t.Errorf("found %v, and there is none", got)
	}
	if got := circle(map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}}, "a", nil); !slices.Equal(got, []string{"a", "b", "c", "a"}) {
		t.Errorf("got %v", got)
	}
}

// TestGoDocs holds that every package says what it is, and every exported
// name what it does.
func TestGoDocs(t *testing.T) {
	described := map[string]bool{} // by folder
	walk(t, filepath.Join("..", ".."), ".go", func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		if ast.IsGenerated(file) {
			return
		}
		dir := filepath.Dir(path)
		described[dir] = described[dir] || file.Doc != nil
		beside := map[int]bool{} // lines with a comment, such as "see From"
		for _, c := range file.Comments {
			beside[set.Position(c.Pos()).Line] = true
		}
		for _, n := range undocumented(file) {
			if at := set.Position(n.Pos()); !beside[at.Line] {
				t.Errorf("%s: %s has no comment", at, n.Name)
			}
		}
	})
	for dir, ok := range described {
		if !ok {
			t.Errorf("%s: the package has no comment", dir)
		}
	}
	if len(described) < 20 {
		t.Errorf("looked at %d packages: is the root right?", len(described))
	}
}

// undocumented lists the exported functions, methods of exported types, types
// and values of a file that have no comment of their own, of their group or
// on their line.
func undocumented(file *ast.File) (names []*ast.Ident) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				names = append(names, d.Name)
			}
		case *ast.GenDecl:
			if d.Doc == nil || d.Tok == token.TYPE && d.Lparen.IsValid() {
				names = append(names, undocumentedSpecs(d.Specs, d.Tok == token.TYPE && d.Doc != nil && len(d.Specs) == 1)...)
			}
		}
	}
	return names
}

func undocumentedSpecs(specs []ast.Spec, described bool) (names []*ast.Ident) {
	for _, spec := range specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && !described && !s.Assign.IsValid() { // an alias is described where it leads
				names = append(names, s.Name)
			}
		case *ast.ValueSpec:
			for _, n := range s.Names {
				if n.IsExported() && s.Doc == nil && s.Comment == nil {
					names = append(names, n)
				}
			}
		}
	}
	return names
}

// receiver is the name of the type a method belongs to.
func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

var makeCommand = regexp.MustCompile(`(?m)^make ([a-z]+) `)

// TestReadmeCommands holds that what the README tells people to type exists.
func TestReadmeCommands(t *testing.T) {
	root := filepath.Join("..", "..")
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	commands := makeCommand.FindAllStringSubmatch(string(readme), -1)
	if len(commands) != 2 {
		t.Errorf("the README has %d commands of make, want 2", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(string(makefile), "\n"+c[1]+":") {
			t.Errorf("make %s: the Makefile has no such target", c[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(string(readme), -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}
