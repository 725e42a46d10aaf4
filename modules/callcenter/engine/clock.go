package engine

import (
	"time"

	"github.com/tidwall/btree"
)

// alarm is an instant at which an agent, a call, or with neither the external
// dispatcher wants to be looked at. Each has at most one set.
type alarm struct {
	at    time.Time // zero: not set
	id    uint64    // makes alarms of one instant differ, in order of setting
	agent *agent
	call  *call
}

// clock keeps the alarms in order.
type clock struct {
	alarms *btree.BTreeG[alarm]
	ids    uint64
}

func newClock() clock {
	return clock{alarms: btree.NewBTreeGOptions(func(a, b alarm) bool {
		if !a.at.Equal(b.at) {
			return a.at.Before(b.at)
		}
		return a.id < b.id
	}, btree.Options{NoLocks: true})}
}

// set moves an alarm; the zero time takes it away.
func (k *clock) set(al *alarm, at time.Time) {
	if al.at.Equal(at) {
		return
	}
	if !al.at.IsZero() {
		k.alarms.Delete(*al)
	}
	al.at = at
	if !at.IsZero() {
		k.ids++
		al.id = k.ids
		k.alarms.Set(*al)
	}
}

func (k *clock) next() (time.Time, bool) {
	al, ok := k.alarms.Min()
	return al.at, ok
}

// expire looks at everybody whose alarm is due and reports whether there was
// one. All of them change before anybody is dispatched, so that agents whose
// wrap-up ends together are free together.
func (e *Engine) expire() bool {
	any := false
	for {
		al, ok := e.clock.alarms.Min()
		if !ok || al.at.After(e.now) {
			return any
		}
		any = true
		if al.agent != nil {
			e.clock.set(&al.agent.alarm, time.Time{})
			e.shift(al.agent, func() { al.agent.tryAgain(e.now) })
			continue
		}
		if al.call == nil {
			e.clock.set(&e.watch, time.Time{})
			e.dispatcherIdle()
			continue
		}
		e.clock.set(&al.call.alarm, time.Time{})
		e.callDue(al.call)
	}
}
