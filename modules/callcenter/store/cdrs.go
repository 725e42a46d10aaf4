package store

import (
	"context"
	"fmt"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// ReadConfig reads flows and agents once, as [Store.Load] does.
func ReadConfig(ctx context.Context, o Options) (engine.Load, []BadRow, error) {
	names, err := fullNames(o.Names)
	if err != nil {
		return engine.Load{}, nil, err
	}
	return load(ctx, o.DB, names)
}

// ReadCDRs reads the rows of cc_cdrs of a day, in order of arrival. The day is
// that of the rows, which are in the local time of the server that wrote them.
// The call id is not in the table: CDR.Call is "". Rows without the column
// media are of audio calls.
func ReadCDRs(ctx context.Context, d *db.DB, day time.Time) ([]engine.CDR, error) {
	have, err := columnsOf(ctx, d, "cc_cdrs")
	if err != nil {
		return nil, err
	}
	if have == nil {
		return nil, fmt.Errorf("database %s: table cc_cdrs is missing: create it with sipd db create", d.URL())
	}
	media := "0"
	if have["media"] {
		media = "coalesce(media, 0)"
	}
	rows, err := d.Read().QueryContext(ctx, "SELECT caller, CAST(received_timestamp AS CHAR), coalesce(wait_time, 0), coalesce(pickup_time, 0),"+
		" coalesce(talk_time, 0), flow_id, coalesce(agent_id, ''), call_type, coalesce(rejected, 0), coalesce(cid, 0), "+media+
		" FROM cc_cdrs WHERE received_timestamp >= ? AND received_timestamp < ? ORDER BY received_timestamp, id",
		day.Format(time.DateOnly)+" 00:00:00", day.AddDate(0, 0, 1).Format(time.DateOnly)+" 00:00:00")
	if err != nil {
		return nil, d.Explain(err)
	}
	defer rows.Close()
	var list []engine.CDR
	for rows.Next() {
		var c engine.CDR
		var received string
		var wait, pickup, talk, kind int
		if err := rows.Scan(&c.Caller, &received, &wait, &pickup, &talk, &c.Flow, &c.Agent, &kind, &c.Rejected, &c.CID, &c.Media); err != nil {
			return nil, d.Explain(err)
		}
		if c.Received, err = time.Parse(time.DateTime, received); err != nil {
			return nil, fmt.Errorf("database %s: cc_cdrs.received_timestamp: want %s, got %q", d.URL(), time.DateTime, received)
		}
		c.Wait, c.Pickup, c.Talk = span(wait), span(pickup), span(talk)
		c.Type = engine.CDRType(kind)
		if c.Media != engine.MSRP {
			c.Media = engine.RTP
		}
		list = append(list, c)
	}
	return list, d.Explain(rows.Err())
}

// longestSpan bounds what a row may say.
const longestSpan = 7 * 24 * 3600

func span(seconds int) time.Duration {
	return time.Duration(min(max(seconds, 0), longestSpan)) * time.Second
}
