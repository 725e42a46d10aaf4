package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopTime bounds a graceful stop: SIGTERM to exit.
const stopTime = 4500 * time.Millisecond

type runCmd struct {
	File string `short:"f" required:"" type:"path" help:"The route file."`
}

// Run runs the route file until SIGTERM, SIGINT or MI kill.
func (c *runCmd) Run(s streams) error {
	in, err := newInstance(c.File, instanceOptions{log: s.err})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := in.Start(ctx); err != nil {
		return badInput(err)
	}
	for _, sock := range in.Sockets() {
		fmt.Fprintln(s.err, "sipd: listening on", sock)
	}
	return in.serveUntil(ctx)
}

// serveUntil waits for the end of ctx, MI kill, or a module that cannot go
// on, and stops the server.
func (in *instance) serveUntil(ctx context.Context) error {
	var fatal error
	select {
	case <-ctx.Done():
	case <-in.kill:
	case fatal = <-in.Fatal():
	}
	end, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := in.Stop(end); err != nil && fatal == nil {
		fmt.Fprintln(os.Stderr, "sipd: stopped, but", err)
	}
	return fatal
}
