package corecmd

import (
	"fmt"

	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
)

// statCommands read and reset statistics. The names given to them are
// "group:name", "group:", a bare name or "all".
func statCommands(r *stat.Registry) []mi.Command {
	named := mi.Recipe{{Name: "statistics", Kind: mi.Array}}
	return []mi.Command{
		{
			Name:    "statistics:get",
			Effect:  mi.Reads,
			Aliases: []string{"get_statistics"},
			Recipes: []mi.Recipe{named},
			Doc:     "reads statistics",
			Call: func(ps mi.Params) (any, error) {
				return find(r, ps.Array("statistics"), func(v stat.Value) any { return max(v.Value, 0) })
			},
		}, {
			Name:    "statistics:list",
			Effect:  mi.Reads,
			Aliases: []string{"list_statistics"},
			Recipes: []mi.Recipe{{}, named},
			Doc:     "lists statistics and tells which only grow",
			Call: func(ps mi.Params) (any, error) {
				names := ps.Array("statistics")
				if names == nil {
					names = []string{"all"}
				}
				return find(r, names, func(v stat.Value) any { return growth(v.Kind) })
			},
		}, {
			Name:    "statistics:reset",
			Aliases: []string{"reset_statistics"},
			Recipes: []mi.Recipe{named},
			Doc:     "sets counters to 0; gauges and computed statistics stay as they are",
			Call: func(ps mi.Params) (any, error) {
				if names := ps.Array("statistics"); r.Reset(names) == 0 {
					return nil, notFound(names)
				}
				return nil, nil
			},
		},
	}
}

// find answers with one member for each statistic found, in the order of the
// names and each once. A client that watches a list of statistics keeps its
// other figures when one of them is gone: only a list that matches nothing is
// an error.
func find(r *stat.Registry, names []string, show func(stat.Value) any) (any, error) {
	values, _ := r.Find(names)
	if len(values) == 0 {
		return nil, notFound(names)
	}
	seen := make(map[string]bool, len(values))
	o := mi.Object{}
	for _, v := range values {
		if name := v.Group + ":" + v.Name; !seen[name] {
			seen[name] = true
			o = o.With(name, show(v))
		}
	}
	return o, nil
}

func notFound(names []string) error {
	return &mi.Error{Code: 404, Message: "Statistics Not Found", Data: fmt.Sprintf("nothing matches %.200q", names)}
}

// growth is OpenSIPS's word for a kind: the panel draws the differences of
// what is incremental.
func growth(k stat.Kind) string {
	if k == stat.Counter {
		return "incremental"
	}
	return "non-incremental"
}
