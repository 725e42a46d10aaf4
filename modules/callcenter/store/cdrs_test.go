package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

func TestReadCDRs(t *testing.T) {
	day := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	eachEra(t, func(t *testing.T, d *db.DB, era Era) {
		exec(t, d, `INSERT INTO cc_cdrs (caller, received_timestamp, wait_time, pickup_time, talk_time, flow_id, agent_id, call_type, rejected, fstats, cid)
 VALUES ('late', '2020-01-03 00:00:00', 1, 1, 1, 'tech', 'al', 0, 0, 7, 4), ('early', '2020-01-01 23:59:59', 1, 1, 1, 'tech', 'al', 0, 0, 7, 1),
 ('ann', '2020-01-02 00:00:00', 12, 3, 99, 'tech', 'al', 0, 1, 7, 2), ('ann', '2020-01-02 00:00:00', 5, 4, 0, 'tech', 'zoe', -2, 0, 3, 2),
 ('cy', '2020-01-02 23:59:59', 0, 0, 0, 'tech', NULL, 1, 0, 9, 3)`)
		ann := day
		want := []engine.CDR{
			{Caller: "ann", Received: ann, Wait: 12 * time.Second, Pickup: 3 * time.Second, Talk: 99 * time.Second, Flow: "tech", Agent: "al", Rejected: 1, CID: 2, Media: engine.RTP},
			{Caller: "ann", Received: ann, Wait: 5 * time.Second, Pickup: 4 * time.Second, Flow: "tech", Agent: "zoe", Type: engine.CDRRejected, CID: 2, Media: engine.RTP},
			{Caller: "bob", Received: day.Add(3*time.Hour + 4*time.Minute + 5*time.Second), Flow: "tech", Type: engine.CDRError, Media: engine.RTP},
			{Caller: "cy", Received: day.Add(24*time.Hour - time.Second), Flow: "tech", Type: engine.CDRDropped, CID: 3, Media: engine.RTP},
		}
		if era == Era33 {
			exec(t, d, "UPDATE cc_cdrs SET media = 2 WHERE caller = 'cy'")
			want[3].Media = engine.MSRP
		}
		got, err := ReadCDRs(t.Context(), d, day)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		l, bad, err := ReadConfig(t.Context(), Options{DB: d})
		if err != nil || len(bad) > 0 || len(l.Flows) != 1 || len(l.Agents) != 1 {
			t.Errorf("%+v, %v, %v", l, bad, err)
		}
	})
}

func TestReadCDRsWithoutTable(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if _, err := ReadCDRs(t.Context(), d, time.Now()); err == nil || err.Error() != "database "+d.URL().String()+": table cc_cdrs is missing: create it with sipd db create" {
			t.Error(err)
		}
	})
}
