package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	self  = "github.com/sipd/sipd/"
	sipgo = "github.com/emiago/sipgo"
	lua   = "github.com/yuin/gopher-lua"
)

// above is what no leaf and no core package may import.
var above = []string{self + "modules", self + "scripting", self + "plugins", self + "cmd", self + "core/sip/stack", sipgo, lua}

// leaf packages stand on the standard library and the SIP vocabulary alone.
var leaf = append(slices.Clone(above), self+"core/db", self+"core/mi", self+"core/event", self+"core/stat", self+"core/mailbox", "github.com", "modernc.org")

// pure packages decide and never do.
var pure = []string{self + "core", self + "plugins", self + "modules/b2b", self + "modules/player", "context", "database", "log", "math/rand", "net", "os", "sync", "crypto/rand"}

// rules says, for the packages under a folder, what they may not import
// except for allow. The longest matching folder wins.
var rules = map[string]struct{ deny, allow []string }{
	"core":                        {deny: above},
	"core/sip":                    {deny: append(slices.Clone(leaf), "net/http", "os", "sync")},
	"core/sip/sanity":             {deny: leaf, allow: []string{self + "core/sip"}},
	"core/sip/transaction":        {deny: leaf, allow: []string{self + "core/sip"}},
	"core/sip/siptest":            {deny: leaf, allow: []string{self + "core/sip"}},
	"core/sip/phone":              {deny: leaf, allow: []string{self + "core/sip"}},
	"core/sip/stack":              {deny: []string{self + "modules", self + "scripting", self + "plugins", self + "core/mi", self + "core/db", lua}},
	"core/event":                  {deny: leaf},
	"core/evi":                    {deny: leaf, allow: []string{self + "core/event", self + "core/stat", self + "core/mi"}},
	"core/stat":                   {deny: leaf},
	"core/mailbox":                {deny: leaf},
	"core/lockfile":               {deny: leaf},
	"core/keep":                   {deny: leaf, allow: []string{self + "core/lockfile"}},
	"core/mi":                     {deny: leaf, allow: []string{self + "core/mi"}},
	"core/db":                     {deny: leaf, allow: []string{self + "core/db", self + "core/lockfile", "github.com/jmoiron/sqlx"}},
	"scripting":                   {deny: []string{self + "modules", self + "plugins", self + "core/sip/stack", sipgo}},
	"modules":                     {deny: []string{self + "scripting", self + "core/sip/stack", sipgo, lua}},
	"modules/callcenter/engine":   {deny: pure},
	"modules/callcenter/dispatch": {deny: pure},
	"modules/callcenter/simulate": {deny: append(slices.Clone(leaf), "database", "log", "net/http", "os"), allow: []string{self + "modules/callcenter", "github.com/tidwall/btree"}},
	"modules/b2b/logic":           {deny: pure},

	"modules/callcenter/simulate/limits": {deny: append(slices.Clone(pure), self+"modules")},
	// It makes random centers, from a seed.
	"modules/callcenter/dispatch/dispatchtest": {deny: slices.DeleteFunc(slices.Clone(pure), func(p string) bool { return p == "math/rand" })},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		seen++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, filepath.Dir(path))
		folder := longest(filepath.ToSlash(rel))
		for _, spec := range file.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			if denied(folder, imp) {
				t.Errorf("%s imports %s; %s may not", path, imp, folder)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("looked at %d files: is the root right?", seen)
	}
}

// TestOthersParts holds that a module's parts (engine, store, logic) are
// imported by that module only.
func TestOthersParts(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, "modules"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		own := strings.Split(filepath.ToSlash(rel), "/")[1]
		for _, spec := range file.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			parts := strings.Split(strings.TrimPrefix(imp, self+"modules/"), "/")
			if strings.HasPrefix(imp, self+"modules/") && len(parts) > 1 && parts[0] != own {
				t.Errorf("%s imports %s, a part of another module", path, imp)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func denied(folder, imp string) bool {
	r := rules[folder]
	for _, ok := range r.allow {
		if under(imp, ok) {
			return false
		}
	}
	return slices.ContainsFunc(r.deny, func(bad string) bool { return under(imp, bad) })
}

func longest(pkg string) (folder string) {
	for f := range rules {
		if under(pkg, f) && len(f) > len(folder) {
			folder = f
		}
	}
	return folder
}

func under(pkg, folder string) bool { return pkg == folder || strings.HasPrefix(pkg, folder+"/") }
