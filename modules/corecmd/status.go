package corecmd

import (
	"fmt"
	"time"

	"github.com/sipd/sipd/core/mi"
)

// The one identifier of the status/report interface.
const (
	statusGroup = "core"
	statusMain  = "main"
)

// statusCommands tell whether the server is ready, in the form of OpenSIPS's
// status/report interface.
func statusCommands(o Options) []mi.Command {
	group := mi.Recipe{{Name: "group"}}
	both := mi.Recipe{{Name: "group"}, {Name: "identifier"}}
	list := func(name, doc string, call func(Options) any, recipes ...mi.Recipe) mi.Command {
		return mi.Command{
			Name: "status_report:" + name, Aliases: []string{"sr_" + name}, Recipes: recipes, Doc: doc, Effect: mi.Reads,
			Call: func(ps mi.Params) (any, error) {
				if err := checkIdentifier(ps); err != nil {
					return nil, err
				}
				return call(o), nil
			},
		}
	}
	return []mi.Command{
		list("get_status", "tells whether a part of the server is ready; group is core", status, group, both),
		list("list_status", "tells whether all parts of the server are ready", statuses, mi.Recipe{}, group),
		list("list_identifiers", "lists the parts of the server that tell their status", identifiers, mi.Recipe{}, group),
		list("list_reports", "lists what parts of the server have reported", reports, mi.Recipe{}, group, both),
	}
}

func checkIdentifier(ps mi.Params) error {
	if g := ps.String("group"); ps.Has("group") && g != statusGroup {
		return &mi.Error{Code: 404, Message: "Group not found", Data: fmt.Sprintf("want %s, got %.100q", statusGroup, g)}
	}
	if id := ps.String("identifier"); ps.Has("identifier") && id != statusMain {
		return &mi.Error{Code: 404, Message: "Identifier not found", Data: fmt.Sprintf("want %s, got %.100q", statusMain, id)}
	}
	return nil
}

// readiness is ready when calls are taken: status 1, as OpenSIPS numbers it.
func readiness(o Options, head mi.Object) mi.Object {
	if o.Running() {
		return head.With("Readiness", true).With("Status", 1).With("Details", "running")
	}
	return head.With("Readiness", false).With("Status", -1).With("Details", "starting or stopping")
}

func status(o Options) any { return readiness(o, mi.Object{}) }

func statuses(o Options) any {
	return []mi.Object{mi.Object{}.With("Group", statusGroup).
		With("Identifiers", []mi.Object{readiness(o, mi.Object{}.With("Name", statusMain))})}
}

func identifiers(Options) any {
	return []mi.Object{mi.Object{}.With("Group", statusGroup).With("Identifiers", []string{statusMain})}
}

func reports(o Options) any {
	started := mi.Object{}.With("Timestamp", o.Start.Unix()).With("Date", o.Start.Format(time.ANSIC)).With("Log", "started")
	return []mi.Object{mi.Object{}.With("Group", statusGroup).
		With("Identifiers", []mi.Object{mi.Object{}.With("Name", statusMain).With("Reports", []mi.Object{started})})}
}
