package callcenter

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

func TestDelays(t *testing.T) {
	var d delays
	begin := time.Unix(1_790_000_000, 0)
	for _, c := range []struct {
		at    time.Duration
		delay time.Duration
		want  time.Duration
	}{
		{0, 5, 5}, {0, 3, 5}, {time.Second, 7, 7}, {59 * time.Second, 1, 7},
		{60 * time.Second, 1, 7}, {61 * time.Second, 2, 2}, {200 * time.Second, 1, 1},
	} {
		now := begin.Add(c.at)
		d.add(c.delay, now)
		if got := d.longest(now); got != c.want {
			t.Errorf("after %v: %d, want %d", c.at, got, c.want)
		}
	}
}

// TestMaxDelay: a question that holds the loop is the delay of an event behind
// it too, and counts for a minute or until the statistics are reset.
func TestMaxDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunner(engine.New(engine.Options{}), slog.New(slog.DiscardHandler), func(engine.Action) {}, func(error) {})
		go r.run()
		defer r.close()
		hold := func() {
			done := make(chan bool)
			go func() {
				r.ask(func(*engine.Engine, time.Time) { time.Sleep(20 * time.Millisecond) })
				close(done)
			}()
			synctest.Wait()
			time.Sleep(5 * time.Millisecond)
			r.request(engine.AgentLogin{Agent: "nobody"})
			<-done
		}
		read := func() (d time.Duration) {
			r.ask(func(_ *engine.Engine, now time.Time) { d = r.delays.longest(now) })
			return d
		}
		hold()
		if got := read(); got != 20*time.Millisecond {
			t.Errorf("%v", got)
		}
		r.post(engine.ResetStats{})
		if got := read(); got != 0 {
			t.Errorf("after a reset: %v", got)
		}
		hold()
		time.Sleep(61 * time.Second)
		if got := read(); got != 0 {
			t.Errorf("after a minute: %v", got)
		}
	})
}
