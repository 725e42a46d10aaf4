package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter"
)

// dbTime bounds a database command.
const dbTime = 60 * time.Second

type dbCmd struct {
	Create  dbCreateCmd  `cmd:"" help:"Make the tables of call_center (OpenSIPS 3.3 and later) where they are missing."`
	Check   dbCheckCmd   `cmd:"" help:"Check tables and rows; exit code 2 when something is wrong."`
	Upgrade dbUpgradeCmd `cmd:"" help:"Bring the tables of an older OpenSIPS to the layout of 3.3 and later. Stop what uses them, and make a copy, before."`
	Clean   dbCleanCmd   `cmd:"" help:"Remove the calls from cc_calls that an OpenSIPS left there."`
}

// dbURL is the flag both commands share.
type dbURL struct {
	URL string `required:"" help:"Database: sqlite:///path or mysql://user:password@host/database." env:"SIPD_DB_URL"`
}

type dbCreateCmd struct{ dbURL }

type dbCheckCmd struct {
	dbURL
	JSON bool `help:"Print the findings as JSON."`
}

// Run makes the tables.
func (c *dbCreateCmd) Run(s streams) error {
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	d, err := createDB(ctx, c.URL)
	if err != nil {
		return badInput(fmt.Errorf("sipd db create: %w", err))
	}
	defer d.Close()
	fmt.Fprintf(s.out, "%s has the tables of call_center\n", d.URL())
	return nil
}

// createDB opens a database and makes the tables in it.
func createDB(ctx context.Context, url string) (*db.DB, error) {
	d, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := callcenter.CreateTables(ctx, d); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Run checks the database.
func (c *dbCheckCmd) Run(s streams) error {
	ctx, cancel := context.WithTimeout(context.Background(), dbTime)
	defer cancel()
	d, err := db.Open(ctx, c.URL)
	if err != nil {
		return badInput(fmt.Errorf("sipd db check: %w", err))
	}
	defer d.Close()
	r, err := callcenter.CheckTables(ctx, d)
	if err != nil {
		return badInput(fmt.Errorf("sipd db check: %w", err))
	}
	if c.JSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		if err := e.Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprint(s.out, r)
	}
	if n := len(r.Findings); n > 0 {
		return badInput(fmt.Errorf("%s: %s", d.URL(), count(n, "finding")))
	}
	return nil
}
