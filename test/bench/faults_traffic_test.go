package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
)

// The phases of the traffic.
const (
	inHealth int32 = iota
	inOutage
	inRestart // sipd itself is away
	afterwards
	phases
)

// lines is what a server printed.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// talkFor is how long a caller talks.
const talkFor = 500 * time.Millisecond

// made is one call of the traffic.
type made struct {
	user     string
	worker   int
	phase    int32
	begun    time.Time
	reached  time.Time // the INVITE at the agent's phone
	answered bool
	ended    bool // the caller has sent BYE
	torn     bool // sipd was away at some time of it
}

// traffic makes calls at a steady pace: each worker one after another, so that
// his CDRs must come in the order of his calls.
type traffic struct {
	b                    *testing.B
	to                   string
	caller, agent, media *phone.Phone
	phase                atomic.Int32
	restarts             atomic.Int64
	refused, dropped     atomic.Int64
	away                 atomic.Int64 // calls that found no sipd
	quit                 chan struct{}
	wg                   sync.WaitGroup

	mu    sync.Mutex
	all   map[string]*made
	order []*made
	whys  []string
}

func newTraffic(b *testing.B) *traffic {
	l := &traffic{b: b, quit: make(chan struct{}), all: map[string]*made{}}
	l.caller, l.agent = openPhone(b, phone.Options{Name: "caller"}), openPhone(b, phone.Options{Name: "agent"})
	l.media = openPhone(b, phone.Options{Name: "moh"})
	return l
}

// begin starts the workers and the one who watches the agent's phone.
func (l *traffic) begin(rate int) {
	workers := 2 * rate
	period := time.Duration(workers) * time.Second / time.Duration(rate)
	for w := range workers {
		l.wg.Go(func() {
			next := time.Now().Add(time.Duration(w) * period / time.Duration(workers))
			for i := 0; l.until(next); i++ {
				l.one(w, i)
				next = next.Add(period)
			}
		})
	}
	go func() {
		for {
			select {
			case inv := <-l.agent.Invited():
				l.rang(inv)
			case <-l.b.Context().Done():
				return
			}
		}
	}()
}

func (l *traffic) rang(inv *sip.Request) {
	from, _ := inv.From()
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.all[from.URI.User]; c != nil && c.reached.IsZero() {
		c.reached = time.Now()
	}
}

// until waits for a time; false means that the traffic is over.
func (l *traffic) until(t time.Time) bool {
	select {
	case <-time.After(time.Until(t)):
		return true
	case <-l.quit:
		return false
	}
}

// end lets the calls under way end.
func (l *traffic) end() {
	close(l.quit)
	l.wg.Wait()
}

// one makes a call and talks.
func (l *traffic) one(worker, i int) {
	c := &made{user: fmt.Sprintf("w%03d-%06d", worker, i), worker: worker, phase: l.phase.Load(), begun: time.Now()}
	restarts := l.restarts.Load()
	l.mu.Lock()
	l.all[c.user], l.order = c, append(l.order, c)
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	from := l.caller.URI()
	from.User = c.user
	call, err := l.caller.Call(ctx, l.to, sip.Address{URI: from})
	if err != nil {
		if c.phase == inRestart || l.phase.Load() == inRestart {
			l.away.Add(1)
			return
		}
		l.refused.Add(1)
		l.note("%s, begun %v: %v", c.user, c.begun.Format(time.StampMilli), err)
		return
	}
	l.set(func() { c.answered = true })
	select {
	case <-call.Ended():
		l.dropped.Add(1)
		l.note("%s, begun %v: dropped", c.user, c.begun.Format(time.StampMilli))
	case <-time.After(talkFor):
		call.Bye()
	}
	l.set(func() {
		c.ended = true
		if l.restarts.Load() != restarts || l.phase.Load() == inRestart {
			c.torn = true
		}
	})
}

func (l *traffic) set(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
}

func (l *traffic) note(format string, args ...any) {
	l.set(func() { l.whys = append(l.whys, fmt.Sprintf(format, args...)) })
}

// why are the first few calls that failed.
func (l *traffic) why() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.whys[:min(len(l.whys), 10)]
}

func (l *traffic) calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.order)
}

// owed is how many calls have ended that must have a CDR.
func (l *traffic) owed() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.order {
		if c.ended {
			n++
		}
	}
	return n
}

// times are p50, p99 and max of INVITE to INVITE in a phase.
func (l *traffic) times(phase int32) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var took []time.Duration
	for _, c := range l.order {
		if c.phase == phase && !c.torn && !c.reached.IsZero() {
			took = append(took, c.reached.Sub(c.begun))
		}
	}
	if len(took) == 0 {
		return "-"
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return fmt.Sprintf("%.1f/%.1f/%.0f", ms(took[len(took)/2]), ms(took[len(took)*99/100]), ms(took[len(took)-1]))
}

// compare holds the callers of the CDRs, in their order, against the calls. A
// call during which sipd was away may be overtaken: its BYE was repeated.
func (l *traffic) compare(users []string, seen map[string]int) (missing, twice, order int, example string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.order {
		switch n := seen[c.user]; {
		case c.ended && n == 0:
			missing++
			example = fmt.Sprintf("missing %s of %s", c.user, c.begun.Format(time.TimeOnly))
		case n > 1:
			twice++
			example = fmt.Sprintf("twice %s of %s", c.user, c.begun.Format(time.TimeOnly))
		}
	}
	last := map[int]string{}
	for _, user := range users {
		c := l.all[user]
		if c == nil || c.torn {
			continue
		}
		if user < last[c.worker] {
			order++
			example = user + " after " + last[c.worker]
		}
		last[c.worker] = user
	}
	return missing, twice, order, example
}
