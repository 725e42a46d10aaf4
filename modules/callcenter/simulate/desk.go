package simulate

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// desk is an agent at work.
type desk struct {
	person
	now, before   told // before: until the last change
	busy, present time.Duration
	slots         time.Duration // chats x time
	counted       time.Duration // the above is up to then
	handled       int
	skill         []int
}

// told is what an agent was, and since when.
type told struct {
	engine.ReportAgent
	since time.Duration
}

func (t told) busy() bool { return t.State != engine.Free && t.State != engine.Offline }

// few reports whether he has some chats and room for more.
func (d *desk) few() bool {
	return d.phone && d.now.State == engine.InChat && d.now.Chats > 0 && d.now.Chats < d.chats
}

// shift writes down what an agent was until now.
func (b *book) shift(agent int, r engine.ReportAgent) {
	d := &b.desks[agent]
	b.tally(d)
	few := d.few()
	d.before = d.now
	d.now.ReportAgent = r
	if r.State != d.before.State {
		d.now.since = b.now
	}
	if few == d.few() {
		return
	}
	sign := 1
	if few {
		sign = -1
	}
	for _, s := range d.skill {
		b.held[s] += sign
	}
}

// tally counts an agent's time up to now.
func (b *book) tally(d *desk) {
	from := d.counted
	d.counted = b.now
	took := b.window.clip(from, b.now)
	if d.now.busy() {
		d.busy += took
		b.series.worked(from, b.now)
	}
	if d.now.State != engine.Offline {
		d.present += took
	}
	d.slots += time.Duration(d.now.Chats) * took
}
