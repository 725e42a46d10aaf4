package docstest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sipd/sipd/core"
)

// Check fails t for each difference between dir/README.md and what xs
// declare: names in both directions, and with them types, defaults, arguments,
// codes, aliases, kinds and fields. Several declarations are for a folder with
// several modules.
func Check(t *testing.T, dir string, xs ...core.Exports) {
	t.Helper()
	for _, p := range problems(load(t, dir), merge(xs)) {
		t.Errorf("%s: %s", filepath.Join(dir, "README.md"), p)
	}
}

// Route is a complete route file out of a README: a block fenced as
// "```lua route".
type Route struct {
	File string // path of the README
	Line int    // of its first line of Lua
	Text string
}

// Routes returns the route files in dir/README.md. It fails t when there is
// none.
func Routes(t *testing.T, dir string) []Route {
	t.Helper()
	routes := load(t, dir).routes
	for i := range routes {
		routes[i].File = filepath.Join(dir, "README.md")
	}
	if len(routes) == 0 {
		t.Errorf("%s has no ```lua route", filepath.Join(dir, "README.md"))
	}
	return routes
}

func load(t *testing.T, dir string) readme {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(string(text))
}

// declaration is the union of what the modules of one folder declare.
type declaration struct {
	core.Exports
	names []string // of the modules
}

func merge(xs []core.Exports) (d declaration) {
	for _, x := range xs {
		d.names = append(d.names, x.Name)
		d.Needs = append(d.Needs, x.Needs...)
		d.Params = append(d.Params, x.Params...)
		d.Funcs = append(d.Funcs, x.Funcs...)
		d.Callbacks = append(d.Callbacks, x.Callbacks...)
		d.Vars = append(d.Vars, x.Vars...)
		d.MI = append(d.MI, x.MI...)
		d.Stats = append(d.Stats, x.Stats...)
		d.Events = append(d.Events, x.Events...)
	}
	return d
}
