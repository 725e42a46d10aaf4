package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/examples/routes"
)

// moved makes a route file start anywhere: it changes the three things an
// example may fix and a test may not, and nothing else.
//
//   - listen "udp:HOST:PORT" listens on a free port of loopback,
//   - a database named in the file is the test's,
//   - httpd takes a free port where the file leaves it the default.
func moved(lua, db string) string {
	lua = literalListen.ReplaceAllString(lua, `listen "udp:127.0.0.1:0"`)
	lua = literalDB.ReplaceAllLiteralString(lua, `"`+db+`"`)
	if strings.Contains(lua, `"httpd"`) && !strings.Contains(lua, `modparam("httpd", "port"`) {
		lua += "\nmodparam(\"httpd\", \"port\", 0)\n"
	}
	return lua
}

var (
	literalListen = regexp.MustCompile(`\blisten "udp:[^"]*"`)
	literalDB     = regexp.MustCompile(`"(mysql|sqlite)://[^"]*"`)
)

// example is a route file of the repository.
type example struct{ name, lua string }

// examples are the files of examples/routes and the blocks ```lua route of
// every README.md.
func examples(t *testing.T) (list []example) {
	t.Helper()
	files, err := fs.Glob(routes.Files, "*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples: ", err)
	}
	for _, f := range files {
		text, err := routes.Files.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, example{f, string(text)})
	}
	root := filepath.Join("..", "..")
	walk(t, root, "README.md", func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```lua route\n") {
			return
		}
		for _, r := range docstest.Routes(t, filepath.Dir(path)) {
			rel, _ := filepath.Rel(root, r.File)
			list = append(list, example{fmt.Sprintf("%s:%d", rel, r.Line), r.Text})
		}
	})
	return list
}

// walk visits the files of that name, or with that ending, outside testdata.
func walk(t *testing.T, root, name string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(d.Name(), name):
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestExamples holds that every example passes the check as it stands, and
// that it starts.
func TestExamples(t *testing.T) {
	list := examples(t)
	if len(list) < 10 {
		t.Errorf("%d examples: were they found?", len(list))
	}
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			file := writeRoute(t, x.lua)
			if exit, out, errs := sipd("check", file); exit != exitOK || !strings.HasSuffix(out, ": ok, 0 warnings\n") {
				t.Fatalf("check: exit code %d\n%s%s", exit, out, errs)
			}
			db := newDB(t)
			in, stop := started(t, writeRoute(t, moved(x.lua, db)),
				map[string]string{"SIPD_LISTEN": "udp:127.0.0.1:0", "SIPD_DB_URL": db, "SIPD_MI_PORT": "0", "SIPD_FIFO": filepath.Join(t.TempDir(), "fifo")})
			if len(in.Sockets()) == 0 {
				t.Error("no socket is open")
			}
			stop()
		})
	}
}
