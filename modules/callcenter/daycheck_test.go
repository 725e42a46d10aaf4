package callcenter

import (
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// tidy tells that CDRs are safe, and empties what the fakes note.
func (d *workday) tidy() {
	d.book.mu.Lock()
	tags := d.book.tags
	d.book.tags = nil
	d.book.mu.Unlock()
	d.memory.written(tags)
	d.disk.mu.Lock()
	d.disk.saved = nil
	d.disk.mu.Unlock()
	d.host.mu.Lock()
	d.host.events = nil
	d.host.mu.Unlock()
}

// watch looks for agents that nobody talks to, and for callers in the queue
// who are not there.
func (d *workday) watch() {
	var calls []engine.CallInfo
	var queue []engine.QueueItem
	d.runner.ask(func(e *engine.Engine, now time.Time) { calls, queue = e.Calls(now), e.Queue(now) })
	alone := map[string]time.Time{}
	for _, c := range calls {
		if c.Agent == "" || d.inTouch(c.Agent) {
			continue
		}
		key := string(c.ID) + " with " + c.Agent
		if alone[key] = d.alone[key]; alone[key].IsZero() {
			alone[key] = time.Now()
		}
		d.overdue(alone[key], key)
	}
	d.alone = alone
	for _, q := range queue {
		if gone := d.callers[q.User].vanished(); !gone.IsZero() {
			d.overdue(gone, q.User+" in the queue")
		}
	}
}

// overdue holds that what began at that time is not borne for too long.
func (d *workday) overdue(since time.Time, what string) {
	if restart := time.Unix(0, d.lastRestart.Load()); restart.After(since) {
		since = restart
	}
	if time.Since(since) > noticed+5*time.Second {
		d.count.stuck.Add(1)
		d.t.Errorf("%s: nobody is there since %s", what, time.Since(since))
	}
}

// inTouch reports whether the agent's phone has a call.
func (d *workday) inTouch(agent string) bool {
	if d.power.isOff(agent) {
		return false
	}
	for _, a := range d.desks {
		if a.id != agent {
			continue
		}
		for _, c := range a.phone.Calls() {
			if c.State() != siptest.Ended {
				return true
			}
		}
	}
	return false
}

// drain lets everybody hang up, and holds that nothing is left of the day.
func (d *workday) drain() {
	d.t.Helper()
	for _, c := range d.callers {
		c.mu.Lock()
		call := c.call
		c.mu.Unlock()
		if call != nil {
			call.Bye()
		}
	}
	time.Sleep(noticed + 30*time.Minute)
	d.tidy()
	d.empty()
	d.table()
}

// empty holds that every agent is free and nothing is left of any call.
func (d *workday) empty() {
	d.t.Helper()
	var calls, queue int
	d.runner.ask(func(e *engine.Engine, now time.Time) { calls, queue = len(e.Calls(now)), len(e.Queue(now)) })
	if calls+queue > 0 {
		d.t.Errorf("%d calls are left, %d of them wait", calls, queue)
	}
	for _, row := range d.load.Agents {
		if a := d.agent(row.ID); a.Ref != 0 || a.State != engine.Free && (a.LoggedIn || a.State != engine.Offline) {
			d.count.stuck.Add(1)
			d.t.Errorf("stuck: %+v", a)
		}
	}
	for _, v := range d.host.stats.All() {
		if v.Value != 0 && (v.Group == "b2b_logic" && v.Kind == stat.Gauge || strings.Contains(v.Name, "_onhold_") || strings.Contains(v.Name, "_queued_")) {
			d.t.Errorf("%s is %d at the end", v.Name, v.Value)
		}
	}
	kept := d.memory.all()
	if len(kept.calls)+len(kept.sessions)+len(kept.cdrs) > 0 {
		d.t.Errorf("%d calls, %d sessions and %d CDRs are still kept", len(kept.calls), len(kept.sessions), len(kept.cdrs))
	}
	if n := d.ep.Layer().Len(); n > 0 {
		d.t.Errorf("%d transactions are left", n)
	}
	phones := slices.Clone(d.media)
	for _, a := range d.desks {
		phones = append(phones, a.phone)
	}
	for _, p := range phones {
		if calls, txs := len(p.Calls()), p.Layer().Len(); calls+txs > 0 {
			d.t.Errorf("%s still has %d calls and %d transactions", p.Name(), calls, txs)
		}
	}
	if len(d.free) != dayCallers {
		d.t.Errorf("%d callers still have their phone at the ear", dayCallers-len(d.free))
	}
	d.book.mu.Lock()
	defer d.book.mu.Unlock()
	if made := int(d.count.calls.Load()); len(d.book.calls) > 0 || d.book.accepted != made {
		d.t.Errorf("%d calls were made, %d accepted, %d rows of cc_calls are left", made, d.book.accepted, len(d.book.calls))
	}
}

// heap is the memory in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
