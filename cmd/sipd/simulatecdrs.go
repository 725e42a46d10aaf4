package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/callcenter/simulate"
)

// yesterday is the scenario of a day in cc_cdrs. What was left out of it is
// told on standard error.
func (c *simulateCmd) yesterday(ctx context.Context, s streams, o *simulate.Options) (*simulate.Scenario, error) {
	day, err := time.Parse(time.DateOnly, c.Day)
	if err != nil {
		return nil, fmt.Errorf("--day %q: --from-cdrs needs a day such as 2024-05-31", c.Day)
	}
	if u, err := db.Parse(c.FromCDRs); err == nil && u.Dialect == db.SQLite { // opening it would make it
		if _, err := os.Stat(u.Name); err != nil {
			return nil, fmt.Errorf("--from-cdrs: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, dbTime)
	defer cancel()
	d, err := db.Open(ctx, c.FromCDRs)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	load, bad, err := callcenter.Provisioned(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, b := range bad {
		fmt.Fprintf(s.err, "%s (left out)\n", plain(b.String()))
	}
	cdrs, err := callcenter.CDRs(ctx, d, day)
	if err != nil {
		return nil, err
	}
	sc, notes, err := simulate.FromCDRs(c.Day, load, cdrs)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		fmt.Fprintln(s.err, plain(n))
	}
	o.Warmup, o.Length = 0, sc.TraceLength()
	return sc, nil
}
