package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
)

// upgradeTime bounds an upgrade: a large cc_cdrs is copied by older MySQL.
const upgradeTime = time.Hour

type dbUpgradeCmd struct {
	place
	DryRun bool `help:"Print the statements and change nothing."`
}

// Run prints and runs what brings the tables to the newest layout.
func (c *dbUpgradeCmd) Run(s streams) error {
	ctx, cancel := context.WithTimeout(context.Background(), upgradeTime)
	defer cancel()
	dbs, names, err := c.openAll(ctx)
	defer dbs.close()
	if err != nil {
		return badInput(fmt.Errorf("sipd db upgrade: %w", err))
	}
	plan, err := callcenter.PlanUpgrade(ctx, dbs.own, dbs.acc, dbs.rt, names)
	if err != nil {
		return badInput(fmt.Errorf("sipd db upgrade: %w", err))
	}
	told := func(st callcenter.Statement) { fmt.Fprintf(s.out, "%s;\n", st.SQL) }
	switch {
	case len(plan) == 0:
		fmt.Fprintf(s.out, "%s has the layout of OpenSIPS 3.3 or later; nothing to do\n", dbs.own.URL())
		return nil
	case c.DryRun:
		for _, st := range plan {
			told(st)
		}
		fmt.Fprintf(s.out, "-- %s, none of them run: leave out --dry-run to run them\n", count(len(plan), "statement"))
		return nil
	}
	if err := callcenter.Upgrade(ctx, plan, told); err != nil {
		return fmt.Errorf("db upgrade: %w", err)
	}
	fmt.Fprintf(s.out, "%s has the layout of OpenSIPS 3.3 or later now\n", dbs.own.URL())
	return nil
}

// databases are the three of call_center; equal URLs share one.
type databases struct{ own, acc, rt *db.DB }

func (p place) openAll(ctx context.Context) (d databases, n callcenter.Names, err error) {
	s, err := p.settings()
	if err != nil {
		return d, nil, err
	}
	byURL := map[string]*db.DB{}
	for _, side := range []struct {
		url string
		to  **db.DB
	}{{s.DBURL, &d.own}, {s.AccDBURL, &d.acc}, {s.RtDBURL, &d.rt}} {
		if byURL[side.url] == nil {
			if byURL[side.url], err = db.Open(ctx, side.url); err != nil {
				return d, nil, err
			}
		}
		*side.to = byURL[side.url]
	}
	return d, s.Names, nil
}

func (d databases) close() {
	seen := map[*db.DB]bool{nil: true}
	for _, one := range []*db.DB{d.own, d.acc, d.rt} {
		if !seen[one] {
			seen[one] = true
			_ = one.Close() // everything was committed or has failed
		}
	}
}
