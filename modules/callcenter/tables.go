package callcenter

import (
	"context"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// Report is what [CheckTables] found.
type Report = store.Report

// CreateTables makes the tables of OpenSIPS 3.3 and later where they are
// missing. A table that is there with other columns is an error, and then
// nothing is changed.
func CreateTables(ctx context.Context, d *db.DB) error { return store.Create(ctx, d) }

// CheckTables looks at tables, versions and rows, and names what is wrong
// with its remedy. The error says that the database could not be read.
func CheckTables(ctx context.Context, d *db.DB) (Report, error) {
	return CheckAll(ctx, d, d, d, nil)
}

// ForeignCalls counts the rows of cc_calls that OpenSIPS left. sipd does not
// touch them and cannot take up their calls.
func ForeignCalls(ctx context.Context, d *db.DB) (int, error) {
	return store.Foreign(ctx, store.Options{DB: d})
}

// CleanCalls removes the rows that [ForeignCalls] counts and returns their
// number. No OpenSIPS may run on the table meanwhile. A sipd may: its own rows
// stay.
func CleanCalls(ctx context.Context, d *db.DB) (int, error) {
	return store.Clean(ctx, store.Options{DB: d})
}

// CheckAll is [CheckTables] with cc_cdrs in acc, cc_calls in rt, and tables
// and columns renamed.
func CheckAll(ctx context.Context, d, acc, rt *db.DB, n Names) (Report, error) {
	return store.Check(ctx, store.Options{DB: d, AccDB: acc, RtDB: rt, Names: n})
}

// Editor changes cc_flows or cc_agents; see [store.Editor].
type Editor = store.Editor

// What an [Editor] takes and returns.
type (
	Row        = store.Row        // one flow or agent
	Changes    = store.Changes    // new values by column
	NoRowError = store.NoRowError // no such flow or agent
)

// EditFlows opens cc_flows for changes. The names are those of [Settings], or
// nil for the default ones.
func EditFlows(ctx context.Context, d *db.DB, n Names) (*Editor, error) {
	return store.NewEditor(ctx, d, n, store.Flows)
}

// EditAgents opens cc_agents for changes.
func EditAgents(ctx context.Context, d *db.DB, n Names) (*Editor, error) {
	return store.NewEditor(ctx, d, n, store.Agents)
}

// Statement is a step of an upgrade.
type Statement = store.Statement

// PlanUpgrade lists what would bring the tables of OpenSIPS 1.11 and later to
// the newest layout; nothing when they have it. db holds cc_flows and
// cc_agents, acc cc_cdrs, rt cc_calls; they may be the same.
func PlanUpgrade(ctx context.Context, d, acc, rt *db.DB, n Names) ([]Statement, error) {
	return store.Plan(ctx, store.Options{DB: d, AccDB: acc, RtDB: rt, Names: n})
}

// Upgrade runs a plan, and tells each statement before it runs. It may be
// planned and run again when it failed.
func Upgrade(ctx context.Context, plan []Statement, told func(Statement)) error {
	return store.Upgrade(ctx, plan, told)
}

// Provisioned reads the flows and agents of a database as the server does at
// its start, and lists the rows that cannot be used.
func Provisioned(ctx context.Context, d *db.DB) (engine.Load, []store.BadRow, error) {
	return store.ReadConfig(ctx, store.Options{DB: d})
}

// CDRs reads the rows of cc_cdrs of a day; see [store.ReadCDRs].
func CDRs(ctx context.Context, d *db.DB, day time.Time) ([]engine.CDR, error) {
	return store.ReadCDRs(ctx, d, day)
}
