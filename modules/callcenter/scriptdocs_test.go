package callcenter

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
)

var update = flag.Bool("update", false, "write the tables of cc.policy into README.md")

// TestPolicyReference holds the tables of README.md against what a policy of
// the route file can see; with -update it writes them.
func TestPolicyReference(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`(?s)<!-- policy -->\n.*?<!-- end -->`)
	if !place.Match(text) {
		t.Fatal("README.md has no place for the tables")
	}
	want := place.ReplaceAllLiteralString(string(text), "<!-- policy -->\n"+policyTables()+"<!-- end -->")
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the tables of README.md are not those of the declarations: run go test -run PolicyReference -update")
	}
}

func policyTables() string {
	var out strings.Builder
	for _, c := range []core.Class{viewClass, callClass, agentClass} {
		out.WriteString("| `" + c.Name + "` | |\n| --- | --- |\n")
		for _, f := range c.Fields {
			out.WriteString("| `" + c.Name + "." + f.Name + "` | " + f.Doc + " |\n")
		}
		for _, m := range c.Methods {
			var args []string
			for _, a := range m.Args {
				if a.Optional {
					a.Name = "[" + a.Name + "]"
				}
				args = append(args, a.Name)
			}
			out.WriteString("| `" + c.Name + ":" + m.Name + "(" + strings.Join(args, ", ") + ")` | " + m.Doc + " |\n")
		}
		out.WriteString("\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}
