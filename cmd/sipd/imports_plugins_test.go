package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPlugins holds who knows whom at the border of the plugins: a plugin knows
// plugins/policy alone, that knows the dispatch vocabulary alone, and it is known
// to the call_center module, not to its parts, and to the program.
func TestPlugins(t *testing.T) {
	const protocol = self + "plugins/policy"
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(filepath.Join("..", ".."), filepath.Dir(path))
		folder := filepath.ToSlash(rel)
		for _, spec := range file.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			ok := true
			switch {
			case under(folder, "plugins/policy"):
				ok = !strings.HasPrefix(imp, self) || under(imp, self+"modules/callcenter/dispatch") || under(imp, protocol)
			case under(folder, "plugins"):
				ok = !strings.HasPrefix(imp, self) || imp == protocol || under(imp, self+folder)
			case under(folder, "test"): // plays plugins
			case under(imp, self+"plugins"):
				ok = imp == protocol && (folder == "modules/callcenter" || under(folder, "cmd/sipd"))
			}
			if !ok {
				t.Errorf("%s imports %s; %s may not", path, imp, folder)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
