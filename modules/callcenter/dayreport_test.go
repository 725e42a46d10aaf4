package callcenter

import (
	"runtime"
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// hour is the state after an hour.
type hour struct {
	after      time.Duration
	heap       uint64
	goroutines int
}

// report prints a line of progress.
func (d *workday) report(after time.Duration) {
	h := hour{after.Round(time.Minute), heap(), runtime.NumGoroutine()}
	d.hours = append(d.hours, h)
	var calls int
	d.runner.ask(func(e *engine.Engine, now time.Time) { calls = len(e.Calls(now)) })
	d.t.Logf("after %v: %d calls made, %d now, %d sessions, %d transactions; heap %.1f MB, %d goroutines, %.0f s of CPU", h.after, d.count.calls.Load(), calls,
		d.gauge("active_sessions")+d.gauge("lingering_sessions"), d.ep.Layer().Len(), mb(h.heap), h.goroutines, cpuSeconds())
}

func (d *workday) gauge(name string) int64 {
	vs, _ := d.host.stats.Find([]string{"b2b_logic:" + name})
	if len(vs) == 0 {
		return 0
	}
	return vs[0].Value
}

// table prints what the day was like.
func (d *workday) table() {
	b := &d.book
	row := func(name string, value any) { d.t.Logf("%-28s %v", name, value) }
	row("calls", d.count.calls.Load())
	row("answered", b.cdrs[engine.CDRAnswered])
	row("of these chats", b.chats)
	row("left before", b.cdrs[engine.CDRDropped])
	row("failed", b.cdrs[-1])
	row("refused or not answered", b.cdrs[engine.CDRRejected])
	row("of these refused", d.count.refused.Load())
	row("of these ignored", d.count.ignored.Load())
	row("phones vanished", d.count.vanished.Load())
	row("logins and logouts", d.count.logins)
	row("reloads", d.count.reloads)
	row("restarts", d.count.restarts)
	row("stuck agents and calls", d.count.stuck.Load())
	row("joined to the wrong party", d.count.misheard.Load())
	row("leaked sessions", d.gauge("active_sessions")+d.gauge("lingering_sessions"))
	row("CPU seconds", int(cpuSeconds()))
	row("goroutines at the end", runtime.NumGoroutine())
	if n := d.count.calls.Load(); n > 1000 && (d.count.vanished.Load() < n/100 || d.count.refused.Load() < n/20 || b.chats < int(n/20) || d.count.reloads == 0 || d.count.restarts < 2) {
		d.t.Error("too little has happened: the day proves little")
	}
	if len(d.hours) < 3 {
		return
	}
	first, last := d.hours[1], d.hours[len(d.hours)-1]
	row("heap after "+first.after.String(), mb(first.heap))
	row("heap after "+last.after.String(), mb(last.heap))
	if last.heap > first.heap+first.heap/5+2<<20 {
		d.t.Errorf("memory grew from %.1f to %.1f MB", mb(first.heap), mb(last.heap))
	}
}

func mb(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
