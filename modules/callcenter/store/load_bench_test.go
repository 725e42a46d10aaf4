package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/core/db/dbtest"
)

// BenchmarkLoad reads 10,000 agents.
func BenchmarkLoad(b *testing.B) {
	for _, c := range []struct{ name, url string }{{"sqlite", "sqlite://" + filepath.Join(b.TempDir(), "cc.db")}, {"mariadb", dbtest.MariaDB(b)}} {
		b.Run(c.name, func(b *testing.B) { benchLoad(b, c.url) })
	}
}

func benchLoad(b *testing.B, url string) {
	d, err := db.Open(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	if err := Create(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	tx := d.Write().MustBegin()
	tx.MustExec("INSERT INTO cc_flows (flowid, skill, message_queue) VALUES ('f', 's1', 'player:moh')")
	for i := range 10_000 {
		tx.MustExec("INSERT INTO cc_agents (agentid, location, skills, logstate) VALUES (?, ?, ?, 1)",
			fmt.Sprint("agent", i), fmt.Sprintf("sip:agent%d@10.0.0.1:5060", i), fmt.Sprintf("s%d, s%d,s%d", i%30, (i+7)%30, (i+13)%30))
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
	s, err := New(b.Context(), Options{DB: d, SpoolDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		if l, bad, err := s.Load(b.Context()); err != nil || len(bad) > 0 || len(l.Agents) != 10_000 {
			b.Fatal(len(l.Agents), bad, err)
		}
	}
}
