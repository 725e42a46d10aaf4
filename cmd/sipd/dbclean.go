package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
)

type dbCleanCmd struct {
	place
	Yes bool `short:"y" help:"Do not ask."`
}

// errDeclined tells that nothing was done because nobody said yes.
var errDeclined = errors.New("nothing was removed: answer y, or say --yes")

// Run removes the rows of cc_calls that OpenSIPS left.
func (c *dbCleanCmd) Run(s streams) error { return c.clean(s, os.Stdin) }

func (c *dbCleanCmd) clean(s streams, in io.Reader) error {
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	settings, err := c.settings()
	if err != nil {
		return badInput(fmt.Errorf("sipd db clean: %w", err))
	}
	d, err := db.Open(ctx, settings.RtDBURL)
	if err != nil {
		return badInput(fmt.Errorf("sipd db clean: %w", err))
	}
	defer d.Close()
	n, err := callcenter.ForeignCalls(ctx, d)
	if err != nil {
		return badInput(fmt.Errorf("sipd db clean: %w", err))
	}
	if n == 0 {
		fmt.Fprintf(s.out, "%s: cc_calls has no call of OpenSIPS\n", d.URL())
		return nil
	}
	fmt.Fprintf(s.out, "%s: cc_calls has %s of OpenSIPS. While an OpenSIPS uses this table, they may be alive.\n", d.URL(), count(n, "call"))
	if !c.Yes {
		fmt.Fprint(s.out, "Remove? [y/N] ")
		answer, _ := bufio.NewReader(in).ReadString('\n') // no answer is no
		if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
			fmt.Fprintln(s.out)
			return errDeclined
		}
		ctx, cancel = context.WithTimeout(context.Background(), dbTime) // people take their time
		defer cancel()
	}
	removed, err := callcenter.CleanCalls(ctx, d)
	if err != nil {
		return fmt.Errorf("db clean: %w", err)
	}
	fmt.Fprintf(s.out, "%s removed\n", count(int(removed), "call"))
	return nil
}
