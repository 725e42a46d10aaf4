package scripting

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/event"
)

// TestReference holds the tables of README.md against the declarations; with
// -update it writes them.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range tables() {
		section := regexp.MustCompile(`(?s)<!-- ` + name + ` -->\n.*?<!-- end -->`)
		if !section.MatchString(want) {
			t.Fatalf("README.md has no place for %s", name)
		}
		want = section.ReplaceAllLiteralString(want, "<!-- "+name+" -->\n"+table+"<!-- end -->")
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the tables of README.md are not those of the declarations: run go test -update")
	}
}

func tables() map[string]string {
	out := map[string]string{}
	row := func(table string, cells ...string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		out[table] += "| " + strings.Join(cells, " | ") + " |\n"
	}
	head := func(table string, cells ...string) {
		row(table, cells...)
		row(table, slices.Repeat([]string{"---"}, len(cells))...)
	}
	head("directives", "Directive", "Meaning")
	for _, d := range directives() {
		row("directives", "`"+d.name+"` "+d.args, d.doc)
	}
	head("globals", "Name", "Default", "Meaning")
	g := defaultGlobals()
	for _, p := range g.params() {
		row("globals", "`"+p.Name+"`", p.Default, p.Doc)
	}
	head("functions", "Function", "Routes", "Meaning", "Codes")
	for _, f := range builtins(nil) {
		row("functions", "`"+f.Name+"("+argumentList(f.Args)+")`", routeNames(f.Routes), f.Doc, codes(f))
	}
	head("natives", "Function", "Meaning")
	for _, n := range natives() {
		row("natives", "`"+n.name+n.args+"`", n.doc)
	}
	head("variables", "Name", "Meaning", "Written")
	for _, v := range variables(nil) {
		written := ""
		if v.Set != nil {
			written = "yes"
		}
		row("variables", "`"+v.Name+"`", v.Doc, written)
	}
	return out
}

func argumentList(args []core.Arg) string {
	var names []string
	for _, a := range args {
		if a.Optional {
			names = append(names, "["+a.Name+"]")
		} else {
			names = append(names, a.Name)
		}
	}
	return strings.Join(names, ", ")
}

func routeNames(r core.Routes) string {
	switch r {
	case 0, core.RequestRoute:
		return "request"
	case core.MessageRoutes:
		return "request, local"
	}
	return "any"
}

func codes(f core.Func) string {
	if f.Test {
		return "a test"
	}
	text := []string{}
	for _, c := range slices.Backward(slices.Sorted(maps.Keys(f.Codes))) {
		text = append(text, fmt.Sprintf("%d: %s", c, f.Codes[c]))
	}
	return strings.Join(text, "; ")
}

// TestDeclarations: everything that is declared is there and says what it is.
func TestDeclarations(t *testing.T) {
	seen := map[string]bool{}
	once := func(name, doc string) {
		if seen[name] || doc == "" {
			t.Errorf("%s is declared twice or has no text", name)
		}
		seen[name] = true
	}
	for _, f := range builtins(nil) {
		once(f.Name, f.Doc)
		if f.Call == nil {
			t.Errorf("%s does nothing", f.Name)
		}
	}
	for _, n := range append(natives(), directives()...) {
		once(n.name, n.doc)
		if n.call == nil {
			t.Errorf("%s does nothing", n.name)
		}
	}
	for _, v := range variables(nil) {
		once("$"+v.Name, v.Doc)
	}
	for name := range seen {
		if got, err := evaluate(t, say+`say(`+strings.TrimPrefix(name, "$")+`)`); !strings.HasPrefix(name, "$") && (err != nil || got == "nil") {
			t.Errorf("%s is not there: %q, %v", name, got, err)
		}
	}
}

// anything is a module that takes every parameter the examples give it.
type anything struct {
	core.Module
	exports core.Exports
}

func (a anything) Exports() core.Exports { return a.exports }

// TestExamples checks the route files of the documentation for errors. That
// their parameters exist is tested where the modules are known.
func TestExamples(t *testing.T) {
	modules := func() []core.Module {
		cc := (&fakeModule{name: "call_center"}).Exports()
		cc.Events = []event.Type{{Name: "E_CALLCENTER_AGENT_REPORT"}}
		all := []core.Module{}
		for _, x := range []core.Exports{cc, {Name: "b2b_logic"}, {Name: "player"}} {
			for _, p := range []string{"db_url", "wrapup_time", "agent_ring_timeout", "queue_pos_param"} {
				x.Params = append(x.Params, core.Param{Name: p, Set: func(any) error { return nil }})
			}
			all = append(all, anything{exports: x})
		}
		return all
	}
	files := []string{"../examples/routes/call_center.lua"}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```lua route\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		files = append(files, write(t, "readme.lua", block[1]))
	}
	if len(files) < 2 {
		t.Error("README.md has no example")
	}
	for _, file := range files {
		faults, warnings := Check(file, Options{Modules: modules, Env: func(string) string { return "" }})
		if len(faults)+len(warnings) > 0 {
			t.Errorf("%v\n%v", faults, warnings)
		}
	}
}
