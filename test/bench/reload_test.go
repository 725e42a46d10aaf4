package bench

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/modules/mihttp/client"
)

// changes are what is done to the rows before a cc_reload.
var changes = []struct{ name, sql string }{
	{"unchanged", ""},
	{"all locations", "UPDATE cc_agents SET location = CASE WHEN location LIKE '%;v=2' THEN replace(location, ';v=2', '') ELSE location || ';v=2' END"},
	{"all skills", "UPDATE cc_agents SET skills = CASE WHEN skills LIKE '%,b' THEN 'bench' ELSE 'bench,b' END"},
	{"all logins", "UPDATE cc_agents SET logstate = 1 - logstate"},
	{"everything", "UPDATE cc_flows SET priority = priority + 1; UPDATE cc_agents SET location = location || ';w=2', wrapup_time = wrapup_time + 1, skills = skills || ',c', logstate = 1 - logstate"},
}

// reloadSamples is how often each of them is done.
const reloadSamples = 10

// BenchmarkReload reports how long a start and a cc_reload take with 10,000
// agents, and the longest time that the call center answered nothing
// meanwhile: for a client, who shares the processors with the server and is
// kept waiting by their scheduling too, and by the server's own measure.
func BenchmarkReload(b *testing.B) {
	for b.Loop() {
		phone := openPhone(b, phone.Options{Name: "agent"})
		uris := make([]string, 10_000)
		for i := range uris {
			uris[i] = phone.URI().String()
		}
		s := startServer(b, uris, phone.URI().String())
		fmt.Printf("\n10,000 agents, %d reloads each:\n  start to the first answer  %.2f s\n", reloadSamples, s.up.Seconds())
		pause := probe(b, s, func() { time.Sleep(2 * time.Second) })
		fmt.Printf("  without a reload           a command waits at most %.1f ms, an event in the server %.2f ms\n", ms(pause), s.delay(b))
		b.ReportMetric(s.up.Seconds(), "start-s")
		for _, c := range changes {
			r := s.reloads(b, c.sql)
			r.print(c.name)
			if c.sql == "" {
				b.ReportMetric(ms(r.took[len(r.took)-1]), "reload-max-ms")
				b.ReportMetric(ms(r.pause[len(r.pause)-1]), "pause-max-ms")
			}
		}
	}
}

// reloadTimes are those of some reloads, sorted: of the command, the longest
// wait of another command, and the server's ccg_max_delay.
type reloadTimes struct{ took, pause, delay []time.Duration }

func (r reloadTimes) print(name string) {
	last := len(r.took) - 1
	fmt.Printf("  %-14s cc_reload p50 %3.0f ms, longest %3.0f; a command waits p50 %4.1f ms, longest %4.1f; an event p50 %5.2f ms, longest %5.2f\n",
		name, ms(at(r.took, 50)), ms(r.took[last]), ms(at(r.pause, 50)), ms(r.pause[last]), ms(at(r.delay, 50)), ms(r.delay[last]))
}

// reloads changes the rows and has them read again, some times.
func (s *server) reloads(b *testing.B, change string) (r reloadTimes) {
	b.Helper()
	db, err := sql.Open("sqlite", s.db)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for range reloadSamples {
		if change != "" {
			if _, err := db.Exec(change); err != nil {
				b.Fatal(err)
			}
		}
		s.delay(b)
		r.pause = append(r.pause, probe(b, s, func() {
			begin := time.Now()
			if _, err := client.Call(b.Context(), s.mi, "cc_reload", nil); err != nil {
				b.Error(err)
			}
			r.took = append(r.took, time.Since(begin))
		}))
		r.delay = append(r.delay, time.Duration(s.delay(b)*float64(time.Millisecond)))
	}
	for _, list := range [][]time.Duration{r.took, r.pause, r.delay} {
		slices.Sort(list)
	}
	return r
}

// delay is the server's ccg_max_delay since it was asked last, in milliseconds.
func (s *server) delay(b *testing.B) float64 {
	b.Helper()
	const name = "call_center:ccg_max_delay"
	result, err := client.Call(b.Context(), s.mi, "get_statistics", []any{[]string{name}})
	if err != nil {
		b.Fatal(err)
	}
	var values map[string]float64
	if err := json.Unmarshal(result, &values); err != nil {
		b.Fatalf("%s: %v", result, err)
	}
	if _, err := client.Call(b.Context(), s.mi, "cc_reset_stats", nil); err != nil {
		b.Fatal(err)
	}
	return values[name] / 1000
}

// probe asks the loop of the call center for something small, over and over,
// while fn runs, and returns the longest answer.
func probe(b *testing.B, s *server, fn func()) (longest time.Duration) {
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			begin := time.Now()
			if _, err := client.Call(b.Context(), s.mi, "cc_internal_call_dispatching", nil); err != nil {
				b.Error(err)
				return
			}
			longest = max(longest, time.Since(begin))
		}
	})
	fn()
	stop.Store(true)
	wg.Wait()
	return longest
}
