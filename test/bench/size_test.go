package bench

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/modules/mihttp/client"
)

// The size of BenchmarkSize.
const (
	sizeAgents  = 5_000
	sizeWaiting = 10_000
	sizeSamples = 300
)

// BenchmarkSize has 5,000 agents talk and 10,000 callers wait, all with real
// SIP on loopback, and reports the way from an agent's BYE to his next INVITE,
// alone and while cc_list_queue is asked for all the time, what cc_list_queue
// takes, and the memory of a waiting call.
func BenchmarkSize(b *testing.B) {
	for b.Loop() {
		newCrowd(b).measure()
	}
}

// crowd is a server with many calls.
type crowd struct {
	b                    *testing.B
	s                    *server
	caller, agent, media *phone.Phone
}

func newCrowd(b *testing.B) *crowd {
	c := &crowd{b: b, caller: openPhone(b, phone.Options{Name: "caller"}), media: openPhone(b, phone.Options{Name: "moh"}), agent: openPhone(b, phone.Options{Name: "agent"})}
	uris := make([]string, sizeAgents)
	for i := range uris {
		uris[i] = c.agent.URI().String()
	}
	c.s = startServer(b, uris, c.media.URI().String())
	return c
}

// dial makes calls, some at a time.
func (c *crowd) dial(n int) {
	var wg sync.WaitGroup
	limit := make(chan struct{}, 50)
	for range n {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			ctx, cancel := context.WithTimeout(c.b.Context(), time.Minute)
			defer cancel()
			if _, err := c.caller.Call(ctx, "sip:bench@"+c.s.sip, sip.Address{}); err != nil {
				c.b.Errorf("call: %v", err)
			}
		})
	}
	wg.Wait()
}

func (c *crowd) measure() {
	b := c.b
	begin := time.Now()
	var talks []*phone.Call
	for len(talks) < sizeAgents { // a phone remembers so many
		c.dial(1000)
		for range 1000 {
			talks = append(talks, <-c.agent.Answered())
			<-c.agent.Invited()
		}
	}
	before := rss(c.s.pid)
	c.dial(sizeWaiting)
	fmt.Printf("\n%d calls made in %.0f s\n", sizeAgents+sizeWaiting, time.Since(begin).Seconds())
	time.Sleep(2 * time.Second) // the last rows are written
	perCall := float64(rss(c.s.pid)-before) / sizeWaiting
	talks, alone := c.dispatch(talks)
	list := c.list(10)
	var stop atomic.Bool
	var asking sync.WaitGroup
	asking.Go(func() {
		for !stop.Load() {
			c.list(1)
		}
	})
	_, asked := c.dispatch(talks)
	stop.Store(true)
	asking.Wait()
	fmt.Printf("%d agents, %d waiting:\n", sizeAgents, sizeWaiting)
	fmt.Printf("  agent's BYE to his next INVITE     p50 %.2f ms, p99 %.2f ms\n", ms(at(alone, 50)), ms(at(alone, 99)))
	fmt.Printf("  the same while the queue is listed p50 %.2f ms, p99 %.2f ms\n", ms(at(asked, 50)), ms(at(asked, 99)))
	fmt.Printf("  cc_list_queue over HTTP            p50 %.1f ms, longest %.1f ms\n", ms(at(list, 50)), ms(list[len(list)-1]))
	fmt.Printf("  memory of a waiting call           %.1f KB of resident size\n", perCall/1024)
	b.ReportMetric(ms(at(alone, 99)), "dispatch-p99-ms")
	b.ReportMetric(ms(at(asked, 99)), "dispatch-listed-p99-ms")
	b.ReportMetric(ms(at(list, 50)), "list-p50-ms")
	b.ReportMetric(perCall, "B/waiting-call")
}

// dispatch has agents hang up, one after another.
func (c *crowd) dispatch(talks []*phone.Call) ([]*phone.Call, []time.Duration) {
	var took []time.Duration
	for range sizeSamples {
		talk := talks[0]
		begin := time.Now()
		talk.Bye()
		<-c.agent.Invited()
		took = append(took, time.Since(begin))
		talks = append(talks[1:], <-c.agent.Answered())
		c.dial(1) // as many wait as before
	}
	slices.Sort(took)
	return talks, took
}

// list asks for the queue.
func (c *crowd) list(n int) (took []time.Duration) {
	for range n {
		begin := time.Now()
		if _, err := client.Call(c.b.Context(), c.s.mi, "cc_list_queue", nil); err != nil {
			c.b.Error(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took
}

func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// rss is the resident size of a process in bytes.
func rss(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(data))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// BenchmarkReload reports how long a start and a cc_reload take with 10,000
// agents, and the longest time that the call center answered nothing
// meanwhile.
func BenchmarkReload(b *testing.B) {
	for b.Loop() {
		phone := openPhone(b, phone.Options{Name: "agent"})
		uris := make([]string, 10_000)
		for i := range uris {
			uris[i] = phone.URI().String()
		}
		s := startServer(b, uris, phone.URI().String())
		reload, pause := reloads(b, s, 10)
		fmt.Printf("\n10,000 agents:\n  start to the first answer  %.2f s\n", s.up.Seconds())
		fmt.Printf("  cc_reload                  p50 %.0f ms, longest %.0f ms\n", ms(at(reload, 50)), ms(reload[len(reload)-1]))
		fmt.Printf("  longest wait of a command  %.1f ms, %.1f ms without a reload\n", ms(pause), ms(probe(b, s, func() { time.Sleep(2 * time.Second) })))
		b.ReportMetric(s.up.Seconds(), "start-s")
		b.ReportMetric(ms(reload[len(reload)-1]), "reload-max-ms")
		b.ReportMetric(ms(pause), "pause-max-ms")
	}
}

func reloads(b *testing.B, s *server, n int) (took []time.Duration, pause time.Duration) {
	pause = probe(b, s, func() {
		for range n {
			begin := time.Now()
			if _, err := client.Call(b.Context(), s.mi, "cc_reload", nil); err != nil {
				b.Error(err)
			}
			took = append(took, time.Since(begin))
		}
	})
	slices.Sort(took)
	return took, pause
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
