package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sipd/sipd/core/db"
)

// cdrQuery reads what a person wants to see of a CDR.
const cdrQuery = `SELECT received_timestamp, caller, flow_id, coalesce(agent_id, ''), call_type, wait_time, pickup_time, talk_time FROM cc_cdrs ORDER BY id`

// printCDRs shows the CDRs of the demo as a table. The last one must be that
// of an answered call.
func (d *demo) printCDRs(ctx context.Context) error {
	base, err := db.Open(ctx, d.url)
	if err != nil {
		return err
	}
	defer base.Close()
	var last int
	var table strings.Builder
	for range 100 { // the CDR is written in the background
		table.Reset()
		n := 0
		if n, last, err = cdrTable(ctx, base, &table); err != nil {
			return err
		}
		if n > 0 {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "\ncc_cdrs\n%s", table.String())
	if table.Len() == 0 || last != 0 {
		return fmt.Errorf("the last CDR has call_type %d, want 0 (answered)", last)
	}
	return nil
}

// cdrTable writes the rows and returns how many there are and the type of the
// last.
func cdrTable(ctx context.Context, base *db.DB, to *strings.Builder) (n, last int, err error) {
	rows, err := base.Read().QueryContext(ctx, cdrQuery)
	if err != nil {
		return 0, 0, base.Explain(err)
	}
	defer rows.Close()
	w := tabwriter.NewWriter(to, 2, 0, 2, ' ', 0)
	for rows.Next() {
		var received time.Time
		var caller, flow, agent string
		var wait, pickup, talk int
		if err := rows.Scan(&received, &caller, &flow, &agent, &last, &wait, &pickup, &talk); err != nil {
			return 0, 0, base.Explain(err)
		}
		if n++; n == 1 {
			fmt.Fprintln(w, "  received\tcaller\tflow_id\tagent_id\tcall_type\twait_time\tpickup_time\ttalk_time")
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%d\t%d s\t%d s\t%d s\n", received.Format(time.DateTime), caller, flow, agent, last, wait, pickup, talk)
	}
	return n, last, firstError(rows.Err(), w.Flush())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
