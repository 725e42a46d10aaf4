package bench

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/sipd/sipd/test/ports"
)

// faults is one server under load whose database or disk fails.
type faults struct {
	b          *testing.B
	bin        string
	kills      bool
	url, spool string
	db         *sql.DB
	load       *traffic
	cmd        *exec.Cmd
	log        lines
	sip        string

	peak    atomic.Int64 // of the journal
	caught  time.Duration
	ups     []time.Duration
	at      string // how far catching up was when sipd was killed
	missing int
	twice   int
	order   int
	example string
}

// cdrsWithin is how long CDRs may take after the fault.
const cdrsWithin = 60 * time.Second

func (f *faults) run(p broken) string {
	begin, end := p.make(f)
	f.prepare()
	f.start()
	quit, watched := make(chan struct{}), make(chan struct{})
	go f.watch(quit, watched)
	f.load.begin(*rate)
	time.Sleep(healthy)
	f.load.phase.Store(inOutage)
	begin()
	if f.kills {
		time.Sleep(*outage / 2)
		f.kill()
		time.Sleep(*outage / 2)
	} else {
		time.Sleep(*outage)
	}
	owed, before := f.load.owed(), f.final()
	end()
	f.catchUp(owed, before)
	f.load.phase.Store(afterwards)
	time.Sleep(healthy)
	f.load.end()
	close(quit)
	<-watched
	f.look()
	f.stop()
	return f.line()
}

// prepare creates the tables, with more agents than calls at a time.
func (f *faults) prepare() {
	b := f.b
	if out, err := exec.Command(f.bin, "db", "create", "--url", f.url).CombinedOutput(); err != nil {
		b.Fatalf("db create: %v\n%s", err, out)
	}
	f.db = openSQL(b, f.url)
	f.load = newTraffic(b)
	exe := func(q string, args ...any) {
		if _, err := f.db.Exec(q, args...); err != nil {
			b.Fatal(err)
		}
	}
	exe("insert into cc_flows (flowid, skill, message_queue) values ('audio', 'audio', ?)", f.load.media.URI().String())
	for i := range 4 * *rate {
		exe("insert into cc_agents (agentid, location, skills, logstate) values (?, ?, 'audio', 1)", fmt.Sprint("a", i), f.load.agent.URI().String())
	}
	f.sip = fmt.Sprintf("127.0.0.1:%d", ports.Free(b))
	f.load.to = "sip:audio@" + f.sip
}

// openSQL opens the database of an OpenSIPS URL the way any other program
// would.
func openSQL(b *testing.B, url string) *sql.DB {
	b.Helper()
	driver, dsn := "sqlite", strings.TrimPrefix(url, "sqlite://")+"?_pragma=busy_timeout(10000)"
	if rest, ok := strings.CutPrefix(url, "mysql://"); ok {
		at := strings.LastIndexByte(rest, '@') // a password may have one too
		cfg := mysql.NewConfig()
		cfg.User, cfg.Passwd, _ = strings.Cut(rest[:at], ":")
		cfg.Net, cfg.ReadTimeout = "tcp", 2*time.Second
		cfg.Addr, cfg.DBName, _ = strings.Cut(rest[at+1:], "/")
		driver, dsn = "mysql", cfg.FormatDSN()
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// start runs the server, again and again as an init system does, until it
// takes calls.
func (f *faults) start() {
	begun := time.Now()
	for {
		cmd := exec.Command(f.bin, "run", "-f", "testdata/restart.lua")
		cmd.Env = append(os.Environ(), "SIPD_LISTEN=udp:"+f.sip, "SIPD_DB_URL="+f.url, "SIPD_SPOOL="+f.spool,
			fmt.Sprint("SIPD_MI_PORT=", ports.Free(f.b)))
		cmd.Stdout, cmd.Stderr = &f.log, &f.log
		if err := cmd.Start(); err != nil {
			f.b.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		f.b.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
		f.cmd = cmd
		for again := true; again; {
			if f.load.caller.Options(f.b.Context(), "sip:"+f.sip, 200*time.Millisecond) {
				f.ups = append(f.ups, time.Since(begun))
				return
			}
			select {
			case <-ended:
				again = false
			default:
			}
			if time.Since(begun) > *outage+cdrsWithin {
				f.b.Fatalf("sipd did not come up:\n%s", f.log.String())
			}
		}
	}
}

// kill ends the server without warning and starts it again at once.
func (f *faults) kill() {
	phase := f.load.phase.Swap(inRestart)
	_ = f.cmd.Process.Kill()
	f.start()
	time.Sleep(time.Second) // repeated requests of that time come in
	f.load.restarts.Add(1)
	f.load.phase.Store(phase)
}

func (f *faults) stop() {
	_ = f.cmd.Process.Signal(os.Interrupt)
}

// watch notes how large the journal gets.
func (f *faults) watch(quit, done chan struct{}) {
	defer close(done)
	for {
		f.peak.Store(max(f.peak.Load(), spoolBytes(f.spool)))
		select {
		case <-quit:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// final is how many calls have their last CDR in the database.
func (f *faults) final() (n int) {
	_ = f.db.QueryRow("select count(*) from cc_cdrs where call_type in (0, 1, -1)").Scan(&n)
	return n
}

// catchUp waits until the CDRs of the calls that ended before the fault did
// are in the database, and kills the server half-way if it is to be killed.
func (f *faults) catchUp(owed, before int) {
	begun := time.Now()
	for killed := false; time.Since(begun) < cdrsWithin; time.Sleep(time.Millisecond) {
		n := f.final()
		if f.kills && !killed && n > before {
			killed = true
			f.at = fmt.Sprintf("%d of %d", n, owed)
			f.kill()
		}
		if n >= owed {
			break
		}
	}
	f.caught = time.Since(begun)
}

// look waits for the last CDR and compares them with the calls.
func (f *faults) look() {
	f.order = 0
	for begun := time.Now(); time.Since(begun) < cdrsWithin; time.Sleep(50 * time.Millisecond) {
		if f.final() >= f.load.owed() {
			break
		}
	}
	time.Sleep(time.Second) // for what there should not be
	rows, err := f.db.Query("select caller from cc_cdrs where call_type in (0, 1, -1) order by id")
	if err != nil {
		f.b.Fatal(err)
	}
	defer rows.Close()
	seen := map[string]int{}
	var users []string
	for rows.Next() {
		var user string
		if err := rows.Scan(&user); err != nil {
			f.b.Fatal(err)
		}
		seen[user]++
		users = append(users, user)
	}
	f.missing, f.twice, f.order, f.example = f.load.compare(users, seen)
}

func (f *faults) line() string {
	l := f.load
	text := fmt.Sprintf("%-16s %-16s %-16s %7d %7d %7d %9s %8.1fs  %d/%d/%d", l.times(inHealth), l.times(inOutage), l.times(afterwards),
		l.calls(), l.refused.Load(), l.dropped.Load(), kilobytes(f.peak.Load()), f.caught.Seconds(), f.missing, f.twice, f.order)
	if f.kills {
		text += fmt.Sprintf("  up again %.1fs, %.1fs; %d calls met no sipd; killed at CDR %s", f.ups[1].Seconds(), f.ups[len(f.ups)-1].Seconds(), l.away.Load(), f.at)
	}
	if f.example != "" {
		text += "  (" + f.example + ")"
	}
	if f.missing+f.twice+f.order+int(l.refused.Load()+l.dropped.Load()) > 0 {
		f.b.Logf("%s\nserver log:\n%s", strings.Join(l.why(), "\n"), f.log.String())
	}
	f.b.ReportMetric(float64(f.missing), "CDR-missing")
	f.b.ReportMetric(float64(f.twice), "CDR-twice")
	f.b.ReportMetric(float64(f.order), "CDR-out-of-order")
	f.b.ReportMetric(float64(l.refused.Load()), "refused")
	f.b.ReportMetric(float64(l.dropped.Load()), "dropped")
	f.b.ReportMetric(f.caught.Seconds(), "caught-up-s")
	return text
}

func kilobytes(n int64) string { return fmt.Sprintf("%d kB", n>>10) }
