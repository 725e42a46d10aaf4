package simulate

import (
	"time"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// offer is an assignment.
type offer struct{ contact, agent int }

// findings are what judging the assignments of the window gave.
type findings struct {
	chats, inversions  int // chats begun; on an agent with a phone while a call for him waits
	priorityInversions int
	refused            int
	idle               int           // assignments to free agents
	skipped            time.Duration // sum over them
}

// judge looks at the assignments of a step when the step is over: who waits
// then has been passed over.
func (b *book) judge() {
	for _, o := range b.offers {
		if b.window.has(b.now) {
			b.judgeOne(o)
		}
	}
	b.offers = b.offers[:0]
}

func (b *book) judgeOne(o offer) {
	d := &b.desks[o.agent]
	class := b.classes[b.contacts[o.contact].class]
	if class.Media == dispatch.MSRP {
		b.found.chats++
		if d.phone && b.callFor(d) {
			b.found.inversions++
		}
	}
	if b.passedOver(d, class.Priority) {
		b.found.priorityInversions++
	}
	if d.before.State == engine.Free {
		b.found.idle++
		b.found.skipped += b.skipped(o, class.Media)
	}
}

// callFor reports whether a call waits that needs a skill of the agent.
func (b *book) callFor(d *desk) bool {
	for _, s := range d.skill {
		if b.calls[s] > 0 {
			return true
		}
	}
	return false
}

// passedOver reports whether a contact of better priority waits that the agent
// could have been given, as he was before.
func (b *book) passedOver(d *desk, priority int) bool {
	for i, class := range b.classes {
		if class.Priority >= priority || !d.before.takes(d, class.Media) {
			continue
		}
		for _, s := range d.skill {
			if b.waiting[i][s] > 0 {
				return true
			}
		}
	}
	return false
}

// takes reports whether an agent who is t has room.
func (t told) takes(d *desk, m dispatch.Media) bool {
	if m == dispatch.RTP {
		return d.phone && t.State == engine.Free
	}
	return t.Chats < d.chats && (t.State == engine.Free || t.State == engine.InChat)
}

// skipped is how much longer than the chosen agent another one has been free
// who could have been given the contact.
func (b *book) skipped(o offer, m dispatch.Media) time.Duration {
	chosen := b.desks[o.agent].before.since
	longest := chosen
	skill := b.skills[b.flows[b.contacts[o.contact].flow].skill]
	for i := range b.desks {
		d := &b.desks[i]
		if d.now.State != engine.Free || d.now.since >= longest || !d.now.takes(d, m) {
			continue
		}
		for _, s := range d.skill {
			if s == skill {
				longest = d.now.since
			}
		}
	}
	return chosen - longest
}
