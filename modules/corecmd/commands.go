package corecmd

import (
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sipd/sipd/core/evi"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
)

// Options are what the commands report on and act upon. All are required.
type Options struct {
	Registry *mi.Registry
	Stats    *stat.Registry
	Events   *evi.Interface
	Level    *slog.LevelVar   // what log_level reads and sets
	Server   string           // what version answers
	Start    time.Time        // when the process started
	Now      func() time.Time // the clock
	Args     []string         // the command line of the process
	Kill     func()           // asks for a graceful stop; must not block
	XLog     XLogLevel        // what xlog_level reads and sets
	Running  func() bool      // whether the server takes calls
	Conns    func() []Conn    // the TCP connections of SIP
	Cache    Cache            // the store of routes
}

// Commands declares the commands of the core: modules core, statistics, evi,
// status_report, cache and tcp.
func Commands(o Options) []mi.Command {
	return slices.Concat(coreCommands(o), statCommands(o.Stats), eventCommands(o.Events), statusCommands(o), cacheCommands(o), []mi.Command{connCommand(o)})
}

func coreCommands(o Options) []mi.Command {
	return []mi.Command{
		{
			Name:    "core:which",
			Effect:  mi.Reads,
			Recipes: []mi.Recipe{{}, {{Name: "command"}}},
			Doc:     "lists all names of commands, the parameter lists of one command, or the commands of a module (\"mod:\")",
			Call:    func(ps mi.Params) (any, error) { return which(o.Registry, ps) },
		}, {
			Name:    "core:help",
			Effect:  mi.Reads,
			Recipes: []mi.Recipe{{}, {{Name: "mi_cmd"}}},
			Doc:     "tells what a command does and which module has it",
			Call:    func(ps mi.Params) (any, error) { return help(o.Registry, ps) },
		}, {
			Name:   "core:uptime",
			Effect: mi.Reads,
			Doc:    "tells the time, when the server started, and the seconds since",
			Call:   func(mi.Params) (any, error) { return uptime(o.Start, o.Now()), nil },
		}, {
			Name:   "core:version",
			Effect: mi.Reads,
			Doc:    "tells name and version of the server",
			Call:   func(mi.Params) (any, error) { return mi.Object{}.With("Server", o.Server), nil },
		}, {
			Name:   "core:ps",
			Effect: mi.Reads,
			Doc:    "lists the processes of the server; there is one",
			Call: func(mi.Params) (any, error) {
				return mi.Object{}.With("Processes", []mi.Object{process().With("Type", processType)}), nil
			},
		}, {
			Name:   "core:pwd",
			Effect: mi.Reads,
			Doc:    "tells the working directory",
			Call: func(mi.Params) (any, error) {
				dir, err := os.Getwd()
				return mi.Object{}.With("WD", dir), err
			},
		}, {
			Name:   "core:arg",
			Effect: mi.Reads,
			Doc:    "lists the command line of the server",
			Call:   func(mi.Params) (any, error) { return slices.Clone(o.Args), nil },
		}, {
			Name:    "core:log_level",
			Effect:  mi.ReadsBare,
			Recipes: []mi.Recipe{{}, {{Name: "level", Kind: mi.Int}}, {{Name: "level", Kind: mi.Int}, {Name: "pid", Kind: mi.Int}}},
			Doc:     "tells or sets what is logged: -3 to 0 errors, 1 warnings, 2 and 3 notes, 4 everything",
			Call:    func(ps mi.Params) (any, error) { return logLevel(o.Level, ps) },
		}, {
			Name:    "core:xlog_level",
			Effect:  mi.ReadsBare,
			Recipes: []mi.Recipe{{}, {{Name: "level", Kind: mi.Int}}},
			Doc:     "tells or sets what xlog and log of the routes write; the levels are those of log_level",
			Call:    func(ps mi.Params) (any, error) { return xlogLevel(o.XLog, ps) },
		}, {
			Name: "core:reload_routes",
			Doc:  "refuses: routes are read at the start only",
			Call: func(mi.Params) (any, error) {
				return nil, &mi.Error{Code: 500, Message: "Script reload is not supported", Data: "restart the server; cc_reload reads flows and agents again"}
			},
		}, {
			Name: "core:kill",
			Doc:  "stops the server: calls are ended, then the process",
			Call: func(mi.Params) (any, error) { o.Kill(); return nil, nil },
		},
	}
}

// which answers what clients ask before they send anything else.
func which(r *mi.Registry, ps mi.Params) (any, error) {
	if !ps.Has("command") {
		return r.Names(), nil
	}
	name := ps.String("command")
	if module, ok := strings.CutSuffix(name, ":"); ok {
		return r.Module(module), nil
	}
	c, err := r.Lookup(name)
	if err != nil {
		return nil, unknownCommand(name, err)
	}
	lists := [][]string{}
	for _, recipe := range c.Recipes {
		names := []string{}
		for _, p := range recipe {
			names = append(names, p.Name)
		}
		lists = append(lists, names)
	}
	if len(lists) == 0 {
		lists = append(lists, []string{})
	}
	return lists, nil
}

func help(r *mi.Registry, ps mi.Params) (any, error) {
	name := "help"
	if ps.Has("mi_cmd") {
		name = ps.String("mi_cmd")
	}
	c, err := r.Lookup(name)
	if err != nil {
		return nil, unknownCommand(name, err)
	}
	module, _, _ := strings.Cut(c.Name, ":")
	return mi.Object{}.With("Help", c.Doc).With("Exported by", module), nil
}

func unknownCommand(name string, err error) error {
	return &mi.Error{Code: 404, Message: "unknown MI command", Data: fmt.Sprintf("%s: %v", name, err)}
}

func uptime(start, now time.Time) mi.Object {
	return mi.Object{}.
		With("Now", now.Format(time.ANSIC)).
		With("Up since", start.Format(time.ANSIC)).
		With("Up time", fmt.Sprintf("%d [sec]", seconds(start, now)))
}

func seconds(start, now time.Time) int64 { return max(int64(now.Sub(start)/time.Second), 0) }

// processType is what ps calls the one process: OpenSIPS has one an occupation.
const processType = "sipd"

func process() mi.Object { return mi.Object{}.With("ID", 0).With("PID", os.Getpid()) }
