package store

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
)

// upgraded runs an upgrade and returns its statements.
func upgraded(t *testing.T, o Options) (told []string) {
	t.Helper()
	plan, err := Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := Upgrade(t.Context(), plan, func(s Statement) { told = append(told, s.SQL) }); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(told, "\n"))
	}
	return told
}

// newest compares columns, NULLs and versions with those of new tables.
func newest(t *testing.T, d, fresh *db.DB) {
	t.Helper()
	shape := func(d *db.DB, table string) (list []string) {
		cols, err := d.Columns(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cols {
			text := c.Name + " " + strings.ToLower(c.Type)
			if d.Dialect() == db.SQLite { // INT(11) stays where it was
				text = c.Name
			}
			if c.NotNull {
				text += " not null"
			}
			list = append(list, text)
		}
		if d.Dialect() == db.SQLite {
			slices.Sort(list) // new columns go to the end there
		}
		return list
	}
	for _, v := range tableVersions() {
		if got, want := shape(d, v.table), shape(fresh, v.table); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", v.table, got, want)
		}
		if got, err := d.Version(t.Context(), v.table); got != v.number || err != nil {
			t.Errorf("version of %s: %d, %v", v.table, got, err)
		}
	}
	r, err := Check(t.Context(), Options{DB: d})
	if err != nil || r.Era != Era33 || len(r.Findings) > 0 || len(r.Upgrade) > 0 {
		t.Errorf("check: %v, %v", r, err)
	}
}

// fresh makes new tables in another database of the same kind.
func fresh(t *testing.T, d *db.DB) *db.DB {
	t.Helper()
	url := "sqlite://" + filepath.Join(t.TempDir(), "fresh.db")
	if d.Dialect() == db.MySQL {
		url = dbtest.MariaDB(t)
	}
	f := openDB(t, url)
	create(t, f)
	return f
}

func TestUpgrade(t *testing.T) {
	eachEra(t, func(t *testing.T, d *db.DB, era Era) {
		state := "(4, 0, 0, -1, 9, 8, 8090, '', '', '1.1', 'tech', '')"
		if era == Era30 {
			state = strings.Replace(state, "(4", "(2", 1)
		}
		if era != Era33 {
			column := ""
			if era == Era31 {
				column, state = ", script_param", strings.Replace(state, "'')", "'', 'p')", 1)
			}
			exec(t, d, "INSERT INTO cc_calls (state, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent"+column+") VALUES "+state)
		}
		r, err := Check(t.Context(), Options{DB: d})
		if err != nil || r.Era != era || (len(r.Upgrade) > 0) != (era != Era33) {
			t.Errorf("check before: %v, %v", r, err)
		}
		if got := upgraded(t, Options{DB: d}); (len(got) > 0) != (era != Era33) || !slices.Equal(got, r.Upgrade) {
			t.Errorf("ran %q", got)
		}
		if again := upgraded(t, Options{DB: d}); again != nil {
			t.Errorf("a second run does %q", again)
		}
		newest(t, d, fresh(t, d))
		want := []string{"al|sip:al@h|1|NULL|4|s|1700000000|0"}
		if got := all(t, d, "SELECT agentid, location, logstate, msrp_location, msrp_max_sessions, skills, wrapup_end_time, wrapup_time FROM cc_agents"); !slices.Equal(got, want) {
			t.Errorf("agents %q", got)
		}
		if got := all(t, d, "SELECT caller, received_timestamp, media FROM cc_cdrs"); !slices.Equal(got, []string{"bob|2020-01-02 03:04:05|0"}) {
			t.Errorf("CDRs %q", got)
		}
		if got := all(t, d, "SELECT flowid, priority, prependcid, max_wrapup_time, message_welcome, message_flow_id FROM cc_flows"); !slices.Equal(got, []string{"tech|256|T|0|NULL|NULL"}) {
			t.Errorf("flows %q", got)
		}
		if got := all(t, d, "SELECT state, media, b2buaid FROM cc_calls"); era != Era33 && !slices.Equal(got, []string{"4|0|1.1"}) {
			t.Errorf("calls %q", got)
		}
	})
}

// TestUpgradeInterrupted stops an upgrade after each statement, as MySQL may,
// and begins again.
func TestUpgradeInterrupted(t *testing.T) {
	for _, era := range []Era{Era30, Era31} {
		t.Run(era.String(), func(t *testing.T) {
			for after, statements := 1, 2; after < statements; after++ {
				d := openDB(t, dbtest.MariaDB(t))
				makeEra(t, d, era)
				if era == Era30 {
					exec(t, d, "INSERT INTO cc_calls (state, ig_cback, no_rej, setup_time, eta, last_start, recv_time, caller_dn, caller_un, b2buaid, flow, agent) VALUES (2, 0, 0, -1, 9, 8, 8090, '', '', '1.1', 'tech', '')")
				}
				plan, err := Plan(t.Context(), Options{DB: d})
				if err != nil {
					t.Fatal(err)
				}
				statements = len(plan)
				if err := Upgrade(t.Context(), plan[:after], func(Statement) {}); err != nil {
					t.Fatal(err)
				}
				upgraded(t, Options{DB: d})
				if after == statements-1 {
					newest(t, d, fresh(t, d))
				}
				if got := all(t, d, "SELECT agentid, wrapup_end_time FROM cc_agents"); !slices.Equal(got, []string{"al|1700000000"}) {
					t.Errorf("after %d: %s: agents %q", after, plan[after-1].SQL, got)
				}
				if got := all(t, d, "SELECT state FROM cc_calls"); era == Era30 && !slices.Equal(got, []string{"4"}) {
					t.Errorf("after %d: %s: calls %q", after, plan[after-1].SQL, got)
				}
			}
		})
	}
}

// TestUpgradeFails says where it stopped and what that means.
func TestUpgradeFails(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		makeEra(t, d, Era31)
		plan, err := Plan(t.Context(), Options{DB: d})
		if err != nil {
			t.Fatal(err)
		}
		exec(t, d, "ALTER TABLE cc_cdrs RENAME TO gone")
		var told []string
		err = Upgrade(t.Context(), plan, func(s Statement) { told = append(told, s.SQL) })
		want := map[db.Dialect]string{db.MySQL: "the ones before it stay", db.SQLite: "nothing was changed"}[d.Dialect()]
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "run it again") || !strings.Contains(told[len(told)-1], "cc_cdrs") {
			t.Errorf("%v after %q", err, told)
		}
		exec(t, d, "ALTER TABLE gone RENAME TO cc_cdrs")
		upgraded(t, Options{DB: d})
		newest(t, d, fresh(t, d))
	})
}

// TestUpgradeOthers has exchanged versions (3.3.0 to 3.3.2), tables that are
// missing or renamed, a column of somebody else, and no table at all.
func TestUpgradeOthers(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		if _, err := Plan(t.Context(), Options{DB: d}); err == nil || !strings.Contains(err.Error(), "table cc_flows is missing: there is nothing to upgrade; sipd db create") {
			t.Errorf("empty database: %v", err)
		}
		makeEra(t, d, Era33)
		exec(t, d, "UPDATE version SET table_version = 3 WHERE table_name = 'cc_flows';\nUPDATE version SET table_version = 2 WHERE table_name = 'cc_agents';\n"+
			"DROP TABLE cc_calls;\nALTER TABLE cc_agents ADD COLUMN last_call_end INT DEFAULT 0 NOT NULL")
		if got := upgraded(t, Options{DB: d}); len(got) < 3 || len(got) > 4 || !strings.Contains(strings.Join(got, "\n"), "CREATE TABLE cc_calls") {
			t.Errorf("ran %q", got)
		}
		exec(t, d, "ALTER TABLE cc_agents DROP COLUMN last_call_end") // it was left
		newest(t, d, fresh(t, d))
	})
	each(t, func(t *testing.T, d *db.DB) {
		makeEra(t, d, Era31)
		exec(t, d, "ALTER TABLE cc_agents RENAME TO staff;\nALTER TABLE staff RENAME COLUMN location TO phone;\nDROP TABLE version")
		o := Options{DB: d, Names: Names{agentsTable: "staff", aLocation: "phone", aMSRPLocation: "chat"}}
		upgraded(t, o)
		if got := all(t, d, "SELECT phone, chat, msrp_max_sessions FROM staff"); !slices.Equal(got, []string{"sip:al@h|NULL|4"}) {
			t.Errorf("staff %q", got)
		}
		if got := all(t, d, "SELECT table_version FROM version WHERE table_name = 'staff'"); !slices.Equal(got, []string{"3"}) {
			t.Errorf("version %q", got)
		}
		if again := upgraded(t, o); again != nil {
			t.Errorf("a second run does %q", again)
		}
	})
}
