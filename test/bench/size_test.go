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
