package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/sipd/sipd/scripting"
)

// stopTime bounds a graceful stop: SIGTERM to exit.
const stopTime = 4500 * time.Millisecond

type runCmd struct {
	File    string `short:"f" required:"" type:"path" help:"The route file."`
	Profile string `hidden:"" name:"cpu-profile" type:"path" help:"Write a CPU profile to this file."`
}

// Run runs the route file until SIGTERM, SIGINT or MI kill.
func (c *runCmd) Run(s streams) error {
	stopProfile, err := startProfile(c.Profile)
	if err != nil {
		return badInput(err)
	}
	defer stopProfile()
	tuneGC()
	in, err := newInstance(c.File, instanceOptions{log: s.err})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := in.Start(ctx); err != nil {
		return badInput(err)
	}
	lint(c.File, s.err)
	for _, sock := range in.Sockets() {
		fmt.Fprintln(s.err, "sipd: listening on", sock)
	}
	return in.serveUntil(ctx, s.err)
}

// lint says at start what `sipd check` finds in the routes. A route that calls
// what does not exist fails only when it gets there, so it stops nobody.
func lint(file string, w io.Writer) {
	faults, warnings := scripting.Check(file, scripting.Options{Modules: builtin})
	for _, p := range append(faults, warnings...) {
		fmt.Fprintf(w, "sipd check: %s\n", p.Error())
	}
}

// serveUntil waits for the end of ctx, MI kill, or a module that cannot go
// on, and stops the server.
func (in *instance) serveUntil(ctx context.Context, log io.Writer) error {
	var fatal error
	select {
	case <-ctx.Done():
	case <-in.kill:
	case fatal = <-in.Fatal():
	}
	end, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := in.Stop(end); err != nil && fatal == nil {
		fmt.Fprintln(log, "sipd: stopped, but", err)
	}
	return fatal
}

// startProfile begins a CPU profile when a file is named.
func startProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

// gcPercent lets the heap grow to four times what is live before it is
// collected. What is live is small (transactions that wait for
// retransmissions), so this costs tens of megabytes and saves a tenth of the
// processor time of a call (BenchmarkCallCPU).
const gcPercent = 300

// tuneGC leaves an operator's GOGC alone.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
