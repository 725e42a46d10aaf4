package acceptance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestEveryRowIsListed compares the table of README.md with the tests.
func TestEveryRowIsListed(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Test\\w+)` \\| [^|]+ \\|$").FindAllStringSubmatch(string(readme), -1) {
		listed[m[1]] = true
	}
	tests := map[string]bool{}
	files, _ := filepath.Glob("*_test.go")
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && regexp.MustCompile(`^Test[BMFS]\d`).MatchString(fn.Name.Name) {
				tests[fn.Name.Name] = true
			}
		}
	}
	if a, b := slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(tests)); !slices.Equal(a, b) {
		t.Errorf("README.md lists\n%v\nthe tests are\n%v", a, b)
	}
}
