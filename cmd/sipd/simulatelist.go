package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// list prints what there is to choose from.
func (c *simulateCmd) list(s streams) error {
	if c.JSON {
		return printJSON(s.out, listing())
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	l := listing()
	fmt.Fprintln(w, "scenario\tagents\t")
	for _, sc := range l.Scenarios {
		fmt.Fprintf(w, "%s\t%d\t%s\n", sc.Name, sc.Agents, sc.Doc)
	}
	fmt.Fprintln(w, "\t\t\npolicy\tsettings\t")
	for _, p := range l.Policies {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Name, strings.Join(p.Settings, ", "), p.Doc)
	}
	fmt.Fprintln(w, "plugin:/path/to/binary\t\ta policy of your own")
	return w.Flush()
}

// choices are the scenarios and policies of this build.
type choices struct {
	Scenarios []scenarioChoice `json:"scenarios"`
	Policies  []policyChoice   `json:"policies"`
}

type scenarioChoice struct {
	Name   string `json:"name"`
	Agents int    `json:"agents"`
	Doc    string `json:"doc"`
}

type policyChoice struct {
	Name     string   `json:"name"`
	Settings []string `json:"settings,omitempty"`
	Doc      string   `json:"doc"`
}

func listing() (l choices) {
	for _, sc := range simulate.Scenarios() {
		l.Scenarios = append(l.Scenarios, scenarioChoice{sc.Name, sc.Agents(), sc.Doc})
	}
	for _, p := range dispatch.Builtin() {
		var settings []string
		for key := range p.Settings {
			settings = append(settings, key)
		}
		slices.Sort(settings)
		l.Policies = append(l.Policies, policyChoice{p.Name, settings, p.Doc})
	}
	return l
}
