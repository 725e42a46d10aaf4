//go:build linux

package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

const (
	benchAgents = 300
	benchSkills = 12
)

// benchCenter is a large center under full load: calls wait in all skills, all
// agents are busy.
type benchCenter struct {
	*dispatch.Center
	now   time.Time
	turn  uint64
	agent int
	seq   uint64
}

func newBenchCenter(waiting int) *benchCenter {
	c := &benchCenter{Center: dispatch.NewCenter(), now: time.Unix(1_000_000, 0)}
	c.Record(true)
	c.At(c.now)
	for i := range benchAgents {
		a := c.at(i)
		a.Audio, a.State, a.FreeSince, a.BusyFrom = false, dispatch.InCall, time.Time{}, c.now
		c.PutAgent(a)
	}
	for range waiting {
		c.arrive()
	}
	return c
}

// at is a free agent with three of the skills.
func (c *benchCenter) at(i int) dispatch.Agent {
	c.turn++
	a := dispatch.Agent{
		ID: fmt.Sprint("agent", i), Phone: true, Audio: true, State: dispatch.Free, Site: "here",
		Login: time.Unix(990_000, 0), FreeSince: c.now, Standing: dispatch.Standing{Since: c.turn},
	}
	for s := range 3 {
		a.Skills = append(a.Skills, fmt.Sprint("skill", (i+s*5)%benchSkills))
	}
	return a
}

func (c *benchCenter) arrive() {
	c.turn++
	c.PutCall(dispatch.Call{
		ID: fmt.Sprint("b2b-1a2b3c4d-", c.turn), Flow: "flow", Media: dispatch.RTP, Skill: fmt.Sprint("skill", c.turn%benchSkills),
		Place: dispatch.Place{Priority: 1, Turn: c.turn}, Joined: c.now, Site: "here",
	})
}

// step: an agent becomes free and a call comes in. It asks and carries out.
func (c *benchCenter) step(h *Host, answers <-chan answered) time.Duration {
	c.now = c.now.Add(100 * time.Millisecond)
	c.At(c.now)
	c.agent++
	c.PutAgent(c.at(c.agent % benchAgents))
	c.arrive()
	d := c.Take()
	c.seq++
	began := time.Now()
	h.Ask(c.seq, d)
	got := <-answers
	took := time.Since(began)
	for _, a := range got.d.Assign {
		_ = c.Assign(a)
	}
	return took
}

// BenchmarkPlugin is a question to a plugin's process and its answer, when one
// agent becomes free and one call comes in.
func BenchmarkPlugin(b *testing.B) {
	for _, mtls := range []bool{false, true} {
		for _, name := range []string{"balancing", "look-ahead"} {
			for _, waiting := range []int{100, 1_000, 10_000} {
				b.Run(fmt.Sprintf("mtls=%t/%s/waiting=%d", mtls, name, waiting), func(b *testing.B) {
					benchPlugin(b, name, waiting, mtls)
				})
			}
		}
	}
}

func benchPlugin(b *testing.B, name string, waiting int, mtls bool) {
	cfg := testConfig(b, name)
	cfg.MTLS = mtls
	w := newWitness(b)
	h, err := Load(cfg, w.callbacks())
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	c := newBenchCenter(waiting)
	h.Ask(0, c.Whole())
	<-w.said
	c.Take()
	var took []time.Duration
	for b.Loop() {
		took = append(took, c.step(h, w.said))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	if got := c.CountCalls(); got > waiting+100 || got < waiting-100 {
		b.Fatalf("%d calls wait: the policy does not work", got)
	}
}

// BenchmarkReset is telling a plugin everything.
func BenchmarkReset(b *testing.B) {
	for _, waiting := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			w := newWitness(b)
			h, err := Load(testConfig(b, "balancing"), w.callbacks())
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			d := newBenchCenter(waiting).Whole()
			for b.Loop() {
				h.Ask(1, d)
				<-w.said
			}
		})
	}
}
