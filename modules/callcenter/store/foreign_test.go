package store

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// TestForeign counts and removes OpenSIPS's rows, and leaves a live call of
// sipd alone.
func TestForeign(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		create(t, d)
		s := start(t, Options{DB: d})
		if n, err := s.Foreign(t.Context()); n != 0 || err != nil {
			t.Errorf("in an empty table: %d, %v", n, err)
		}
		for _, id := range []string{"233.4", "233.5"} {
			exec(t, d, "INSERT INTO cc_calls (state, media, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent, script_param) VALUES (4, 0, 0, 0, -1, 95, 8123, 8090, 'Bob', 'bob', '"+id+"', 'tech', '', '')")
		}
		s.Save(engine.SaveCall{Row: callRow("ours")})
		s.Save(engine.WriteCDR{CDR: engine.CDR{Received: start0}})
		flush(t, s)
		if n, err := s.Foreign(t.Context()); n != 2 || err != nil {
			t.Errorf("Foreign: %d, %v", n, err)
		}
		if n, err := Clean(t.Context(), Options{DB: d}); n != 2 || err != nil {
			t.Errorf("Clean: %d, %v", n, err)
		}
		if n, err := Clean(t.Context(), Options{DB: d}); n != 0 || err != nil {
			t.Errorf("Clean again: %d, %v", n, err)
		}
		if got := all(t, d, "SELECT b2buaid FROM cc_calls"); !slices.Equal(got, []string{"ours"}) {
			t.Errorf("left %q", got)
		}
	})
}

// TestForeignNoTable has nothing to say: what is missing is told by Check.
func TestForeignNoTable(t *testing.T) {
	d := openDB(t, "sqlite://"+filepath.Join(t.TempDir(), "empty.db"))
	if n, err := Foreign(t.Context(), Options{DB: d}); n != 0 || err != nil {
		t.Errorf("Foreign: %d, %v", n, err)
	}
	if n, err := Clean(t.Context(), Options{DB: d}); n != 0 || err != nil {
		t.Errorf("Clean: %d, %v", n, err)
	}
}
