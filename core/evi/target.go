package evi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sipd/sipd/core/event"
)

// target is one socket and the events it wants. All but its goroutine runs
// with Interface.mu held.
type target struct {
	i      *Interface
	socket string
	sender Sender
	sub    *event.Subscription
	ends   map[string]time.Time // by event; zero: never
	ctx    context.Context
	cancel context.CancelFunc
}

func (i *Interface) newTarget(socket string) (*target, error) {
	if len(i.targets) >= MaxSockets {
		return nil, fmt.Errorf("socket %q: %w: there are %d sockets", socket, ErrTooMany, MaxSockets)
	}
	sender, err := i.open(socket)
	if err != nil {
		return nil, err
	}
	t := &target{i: i, socket: socket, sender: sender, ends: map[string]time.Time{}}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.sub = i.bus.Subscribe(bufferSize, "") // nothing yet: sel follows
	i.targets[socket] = t
	i.running.Go(t.run)
	return t, nil
}

// events is ends, also of no target.
func (t *target) events() map[string]time.Time {
	if t == nil {
		return nil
	}
	return t.ends
}

func (t *target) sel() { t.sub.Select(slices.Collect(maps.Keys(t.ends))...) }

// settle takes over that events were removed from a target.
func (i *Interface) settle(t *target) {
	if len(t.ends) > 0 {
		t.sel()
		return
	}
	t.sub.Close()
	t.cancel()
	i.lost += t.sub.Lost()
	delete(i.targets, t.socket)
}

func (i *Interface) count() (n int) {
	for _, t := range i.targets {
		n += len(t.ends)
	}
	return n
}

// prune ends what has expired.
func (i *Interface) prune(now time.Time) {
	for _, t := range i.targets {
		before := len(t.ends)
		maps.DeleteFunc(t.ends, func(_ string, end time.Time) bool { return !end.IsZero() && !end.After(now) })
		if len(t.ends) < before {
			i.settle(t)
		}
	}
}

// arm sets the timer to the first end.
func (i *Interface) arm() {
	var first time.Time
	for _, t := range i.targets {
		for _, end := range t.ends {
			if !end.IsZero() && (first.IsZero() || end.Before(first)) {
				first = end
			}
		}
	}
	if i.timer != nil {
		i.timer.Stop()
	}
	if !first.IsZero() && !i.closed {
		i.timer = time.AfterFunc(time.Until(first), func() {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.prune(time.Now())
			i.arm()
		})
	}
}

// The pauses between two attempts to reach a socket.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// run sends what comes until the subscription is closed and its buffer empty.
func (t *target) run() {
	defer t.sender.Close()
	log := t.i.log.With("socket", t.socket)
	dead := false
	for e := range t.sub.C() {
		err := t.send(e, func(err error) {
			if !dead {
				log.Warn("events do not reach their subscriber", "err", err)
			}
			dead = true
		})
		if err != nil {
			t.i.failed.Add(1)
			continue
		}
		t.i.sent.Add(1)
		if dead {
			log.Info("events reach their subscriber again")
		}
		dead = false
	}
}

// send delivers one event, in as many attempts as it takes.
func (t *target) send(e event.Event, trouble func(error)) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := t.sender.Send(t.ctx, e)
		if err == nil || t.ctx.Err() != nil {
			return err
		}
		trouble(err)
		if !errors.Is(err, ErrAgain) {
			return err
		}
		select {
		case <-t.ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
