// Command sipd is a SIP contact-center server scripted in Lua.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// version is set by the linker; see the Makefile.
var version = "dev"

// The exit codes of every subcommand.
const (
	exitOK    = 0
	exitFault = 1 // it was tried and did not work
	exitInput = 2 // the input is wrong: nothing was tried
)

// inputError marks an error as the user's to mend: exit code 2.
type inputError struct{ error }

func (e inputError) Unwrap() error { return e.error }

// badInput marks err; nil stays nil.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}

// cli is the command line.
type cli struct {
	Run      runCmd      `cmd:"" help:"Run a route file."`
	Check    checkCmd    `cmd:"" help:"Check a route file: syntax, modules, parameters, functions, routes."`
	MI       miCmd       `cmd:"" name:"mi" help:"Send a management command to a running sipd (or OpenSIPS)."`
	DB       dbCmd       `cmd:"" name:"db" help:"Create, check, upgrade or clean the database."`
	Demo     demoCmd     `cmd:"" help:"A whole call in this terminal, on an embedded database."`
	Flow     flowCmd     `cmd:"" help:"List, add, change and remove flows in the database."`
	Agent    agentCmd    `cmd:"" help:"List, add, change and remove agents in the database."`
	Doctor   doctorCmd   `cmd:"" help:"Find out why calls do not reach agents: tables, settings, phones, media servers, the running server."`
	Watch    watchCmd    `cmd:"" help:"A wallboard in the terminal: flows, queue, agents and calls of a running server."`
	Simulate simulateCmd `cmd:"" help:"What a dispatch policy would make of a scenario, or of a day of cc_cdrs: waits, service level, load of the agents."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// streams are what a subcommand writes to.
type streams struct{ out, err io.Writer }

func main() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr})) }

// run is main without the process: the tests call it.
func run(args []string, s streams) (exit int) {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("sipd"), kong.Writers(s.out, s.err),
		kong.Description("A SIP contact-center server scripted in Lua."),
		kong.UsageOnError(), kong.Exit(func(code int) { exited = code }), kong.Bind(s))
	if err != nil {
		fmt.Fprintln(s.err, "sipd:", err)
		return exitFault
	}
	ctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		fmt.Fprintf(s.err, "sipd: %v (sipd --help lists commands and flags)\n", err)
		return exitInput
	}
	err = ctx.Run()
	var input inputError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSilent):
		return exitFault
	case errors.As(err, &input):
		fmt.Fprintln(s.err, err)
		return exitInput
	}
	fmt.Fprintln(s.err, "sipd:", err)
	return exitFault
}

// errSilent is returned by a command that has said what is wrong itself.
var errSilent = errors.New("failed")

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(s streams) error {
	fmt.Fprintln(s.out, serverName())
	return nil
}
