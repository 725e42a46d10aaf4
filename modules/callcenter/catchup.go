package callcenter

import (
	"context"
	"fmt"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// The pauses between two attempts to reach a database that was away at the
// start.
const (
	firstRetry = time.Second
	lastRetry  = 5 * time.Second
)

// catchUp tells that the database was away at the start, and reads it as soon
// as it is back.
func (m *module) catchUp(d *databases) {
	if d.away == nil {
		return
	}
	m.alarm(fmt.Sprintf("%v; flows and agents are those of %s and are read again as soon as the database is back",
		d.away, d.read.Format(time.DateTime)))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	m.endCatchUp = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if m.caughtUp(ctx) {
				return
			}
		}
	}()
}

// caughtUp makes one attempt. Agents who logged in or out meanwhile stay so,
// unless their row has been changed.
func (m *module) caughtUp(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	select {
	case m.reload <- struct{}{}:
		defer func() { <-m.reload }()
	case <-ctx.Done():
		return false
	}
	load, bad, err := m.store.Load(ctx)
	if err != nil {
		m.log.Debug("the database is still away", "err", err)
		return false
	}
	m.tellBad(bad)
	load.KeepLogins = true
	m.runner.post(load)
	m.alarm("the database is back: flows and agents have been read")
	m.tellForeign(ctx)
	return true
}

// alarm tells the operator of something that is about no call.
func (m *module) alarm(text string) {
	m.log.Warn("alarm", "text", text)
	m.host.Emit(eventAlarm, event.Field{Name: "text", Value: text})
}

// tellBad names rows that are not as they should be.
func (m *module) tellBad(bad []store.BadRow) {
	for _, row := range bad {
		if row.Used {
			m.log.Warn("a row is doubtful", "row", row)
		} else {
			m.log.Error("a row was skipped", "row", row)
		}
	}
}
