package main

import (
	"encoding/json"
	"fmt"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/scripting"
)

type checkCmd struct {
	File string `arg:"" type:"path" help:"The route file."`
	JSON bool   `help:"Print the findings as JSON."`
}

// finding is one line of the JSON output.
type finding struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Text  string `json:"text"`
	Error bool   `json:"error"` // false: a warning
}

// Run prints every finding; errors make the exit code 2.
func (c *checkCmd) Run(s streams) error {
	o := scripting.Options{Modules: builtin}
	errs, warnings := scripting.Check(c.File, o)
	if script, err := scripting.Load(c.File, o); len(errs) == 0 && err == nil {
		errs = incomplete(script.Config())
	}
	if c.JSON {
		if err := c.json(s, errs, warnings); err != nil {
			return err
		}
	} else {
		for _, p := range errs {
			fmt.Fprintf(s.out, "%s\n", p.Error())
		}
		for _, p := range warnings {
			fmt.Fprintf(s.out, "%s (warning)\n", p.Error())
		}
	}
	if len(errs) > 0 {
		return badInput(fmt.Errorf("%s: %s, %s", c.File, count(len(errs), "error"), count(len(warnings), "warning")))
	}
	if !c.JSON {
		fmt.Fprintf(s.out, "%s: ok, %s\n", c.File, count(len(warnings), "warning"))
	}
	return nil
}

func (c *checkCmd) json(s streams, errs, warnings core.Problems) error {
	list := []finding{}
	add := func(ps core.Problems, isError bool) {
		for _, p := range ps {
			list = append(list, finding{p.Pos.File, p.Pos.Line, p.Text, isError})
		}
	}
	add(errs, true)
	add(warnings, false)
	e := json.NewEncoder(s.out)
	e.SetEscapeHTML(false) // findings are full of < and >
	e.SetIndent("", "  ")
	return e.Encode(list)
}
