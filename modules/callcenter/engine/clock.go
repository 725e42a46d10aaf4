package engine

import (
	"time"

	"github.com/tidwall/btree"
)

// alarm is an instant at which an agent, a call, or with neither who dispatches
// wants to be looked at. Each has at most one set.
type alarm struct {
	at    time.Time // zero: not set
	id    uint64    // makes alarms of one instant differ, in order of setting
	agent *agent
	call  *call
	what  alarmOf // with neither
}

// alarmOf says what an alarm is for.
type alarmOf int

const (
	dispatcherAlarm alarmOf = iota // the watch over an external dispatcher
	policyAlarm                    // the question to a policy outside
	againAlarm                     // the policy wants to be asked
)

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
			e.alarmed(al.what)
			continue
		}
		e.clock.set(&al.call.alarm, time.Time{})
		e.callDue(al.call)
	}
}

// alarmed is an alarm of who dispatches.
func (e *Engine) alarmed(what alarmOf) {
	switch what {
	case dispatcherAlarm:
		e.clock.set(&e.watch, time.Time{})
		e.dispatcherIdle()
	case policyAlarm:
		e.clock.set(&e.deciding.outside.alarm, time.Time{})
		e.policyDue()
	case againAlarm:
		e.clock.set(&e.deciding.again, time.Time{})
		e.policyAgain()
	}
}
