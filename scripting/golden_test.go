package scripting

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden holds what Check and Load say of each testdata/*.lua against the
// .golden file beside it: errors, warnings, then the recorded configuration.
func TestGolden(t *testing.T) {
	t.Chdir("testdata")
	files, err := filepath.Glob("*.lua")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			got := describe(file)
			golden := strings.TrimSuffix(file, ".lua") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%v\ngot:\n%s\nwant:\n%s", err, got, want)
			}
		})
	}
}

func describe(file string) string {
	var out strings.Builder
	faults, warnings := Check(file, options())
	for _, p := range faults {
		fmt.Fprintln(&out, "error   ", p)
	}
	for _, p := range warnings {
		fmt.Fprintln(&out, "warning ", p)
	}
	s, err := Load(file, options())
	if err != nil {
		fmt.Fprintf(&out, "does not start: %d problems\n", len(err.(core.Problems)))
		return out.String()
	}
	c := s.Config()
	for _, l := range c.Listen {
		fmt.Fprintf(&out, "listen   %+v\n", l)
	}
	for _, a := range c.Aliases {
		fmt.Fprintf(&out, "alias    %+v\n", a)
	}
	for _, l := range c.Loads {
		fmt.Fprintf(&out, "load     %+v\n", l)
	}
	for _, p := range c.Params {
		fmt.Fprintf(&out, "param    %+v\n", p)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Globals)) {
		fmt.Fprintf(&out, "global   %+v\n", c.Globals[name])
	}
	fmt.Fprintf(&out, "log      %+v\ndatabase %q\nroutes   %+v\n", c.Log, c.DefaultDB, c.Routes)
	return out.String()
}

// TestMissingFile is the one that has no golden file: its text is the
// system's.
func TestMissingFile(t *testing.T) {
	for _, file := range []string{filepath.Join(t.TempDir(), "none.lua"), "/nonexistent/folder/x.lua"} {
		if _, err := Load(file, options()); err == nil || !strings.Contains(err.Error(), "no such file") {
			t.Errorf("got %v", err)
		}
	}
}

// TestSymlink: a link does not lead out of the folder.
func TestSymlink(t *testing.T) {
	outside := write(t, "secret.lua", "shared = 1")
	file := write(t, "routes.lua", `include "link.lua"`)
	if err := os.Symlink(outside, filepath.Join(filepath.Dir(file), "link.lua")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, options()); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("got %v", err)
	}
}
