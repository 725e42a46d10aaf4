package bench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/db/dbtest"
	"github.com/sipd/sipd/test/disk"
)

// What BenchmarkFaults does.
var (
	outage = flag.Duration("outage", 0, "how long each fault of BenchmarkFaults lasts; 0: it is skipped")
	rate   = flag.Int("rate", 30, "calls a second in BenchmarkFaults")
	only   = flag.String("faults", "", "regular expression for the faults of BenchmarkFaults; all when empty")
)

// How long the load goes on before and after the outage.
const healthy = 10 * time.Second

// broken is one fault: what is taken away and how it comes back.
type broken struct {
	name  string
	kills bool // sipd itself is killed in the outage and while it catches up
	// make prepares the server's files and returns how to begin and end the
	// fault.
	make func(f *faults) (begin, end func())
}

// places are the ways in which a database or a disk fails.
func places() []broken {
	mariadb := func(begin, end func(f *faults, s *dbtest.Server)) func(*faults) (func(), func()) {
		return func(f *faults) (func(), func()) {
			s := dbtest.Start(f.b)
			f.url, f.spool = s.Database(f.b), f.b.TempDir()
			return func() { begin(f, s) }, func() { end(f, s) }
		}
	}
	killed := mariadb(func(_ *faults, s *dbtest.Server) { s.Kill() }, func(f *faults, s *dbtest.Server) { s.Restart(f.b) })
	hung := mariadb(func(_ *faults, s *dbtest.Server) { s.Pause() }, func(_ *faults, s *dbtest.Server) { s.Resume() })
	readOnly := mariadb(func(f *faults, s *dbtest.Server) { s.ReadOnly(f.b, true) }, func(f *faults, s *dbtest.Server) { s.ReadOnly(f.b, false) })
	return []broken{
		{"MariaDB killed", false, killed}, {"MariaDB killed", true, killed},
		{"MariaDB hung", false, hung}, {"MariaDB hung", true, hung},
		{"MariaDB read-only", false, readOnly}, {"MariaDB read-only", true, readOnly},
		{"MariaDB's disk full", false, fullMariaDB}, {"MariaDB's disk full", true, fullMariaDB},
		{"SQLite's disk full", false, fullSQLite}, {"SQLite's disk full", true, fullSQLite},
		{"disk of SQLite and spool full", false, fullBoth},
		{"spool's disk full", false, fullSpool}, {"spool's disk full", true, fullSpool},
	}
}

func fullMariaDB(f *faults) (begin, end func()) {
	d := f.disk(128)
	s := dbtest.StartIn(f.b, d.Dir)
	f.url, f.spool = s.Database(f.b), f.b.TempDir()
	return func() { d.Fill(f.b, s.PID()) }, func() { d.Free(f.b, s.PID()) }
}

func fullSQLite(f *faults) (begin, end func()) {
	d := f.disk(32)
	f.url, f.spool = "sqlite://"+filepath.Join(d.Dir, "cc.db"), f.b.TempDir()
	return func() { d.Fill(f.b, 0) }, func() { d.Free(f.b, 0) }
}

// fullBoth is where the journal is unless spool_dir says otherwise.
func fullBoth(f *faults) (begin, end func()) {
	d := f.disk(32)
	f.url, f.spool = "sqlite://"+filepath.Join(d.Dir, "cc.db"), d.Dir
	return func() { d.Fill(f.b, 0) }, func() { d.Free(f.b, 0) }
}

func fullSpool(f *faults) (begin, end func()) {
	d := f.disk(32)
	f.url, f.spool = dbtest.Start(f.b).Database(f.b), d.Dir
	return func() { d.Fill(f.b, 0) }, func() { d.Free(f.b, 0) }
}

func (f *faults) disk(megabytes int) *disk.Disk {
	d := disk.New(f.b, megabytes)
	if !d.Real() {
		f.b.Skip("a disk of its own can be mounted by root only")
	}
	return d
}

// BenchmarkFaults takes away what sipd writes to, one thing after another,
// under a steady load of calls, and gives it back. Nobody on the phone may
// notice, and every CDR must arrive, once and in order.
func BenchmarkFaults(b *testing.B) {
	if *outage == 0 {
		b.Skip("make bench-faults runs it")
	}
	wanted := regexp.MustCompile(*only)
	bin := binary(b)
	for b.Loop() {
		var table []string
		for _, p := range places() {
			name := p.name
			if p.kills {
				name += ", kill -9"
			}
			if !wanted.MatchString(name) {
				continue
			}
			line := fmt.Sprintf("  %-33s not measured", name)
			b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
				for b.Loop() {
					f := &faults{b: b, bin: bin, kills: p.kills}
					line = fmt.Sprintf("  %-33s ", name) + f.run(p)
				}
			})
			table = append(table, line)
			fmt.Println(line)
		}
		fmt.Printf("\n%d calls a second; %v healthy, %v without, %v after. INVITE to the agent's phone in ms: p50/p99/max.\n", *rate, healthy, *outage, healthy)
		fmt.Println("kill -9: sipd is killed in the middle of the outage and again in the middle of catching up, and started at once;")
		fmt.Println("calls of those seconds are not in the times, but in everything else. caught up: after the fault, every CDR until then in the database.")
		fmt.Printf("  %-33s %-16s %-16s %-16s %7s %7s %7s %9s %9s  %s\n", "", "healthy", "outage", "after", "calls", "refused", "dropped", "spool", "caught up", "CDR missing/twice/out of order")
		fmt.Println(strings.Join(table, "\n"))
		fmt.Println()
	}
}

// spoolBytes is the size of the journal.
func spoolBytes(dir string) (n int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.journal"))
	for _, f := range files {
		if st, err := os.Stat(f); err == nil {
			n += st.Size()
		}
	}
	return n
}
