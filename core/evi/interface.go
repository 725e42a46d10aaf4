package evi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/stat"
)

// The bounds of what subscribers can make us keep.
const (
	MaxSubscriptions = 1024 // pairs of an event and a socket
	MaxSockets       = 128  // each has a goroutine
	bufferSize       = 1024 // events that wait for one socket
	maxCustom        = 256  // events that scripts and operators invent
)

// DefaultExpire is how long a subscription lasts that names no time.
const DefaultExpire = 3600 * time.Second

// The faults of a subscription, for those who answer with a code.
var (
	ErrUnknownEvent = errors.New("no such event: events_list lists those there are")
	ErrTooMany      = errors.New("too many subscribers")
	ErrClosed       = errors.New("the server stops")
)

// Interface keeps the subscriptions of a server. Make one with [New] and end
// it with Close. Its methods may be called at the same time.
type Interface struct {
	bus          *event.Bus
	log          *slog.Logger
	sent, failed atomic.Int64

	mu         sync.Mutex
	transports map[string]Transport // by scheme
	targets    map[string]*target   // by socket
	custom     int
	lost       uint64 // of targets that are gone
	timer      *time.Timer
	closed     bool
	running    sync.WaitGroup
}

// New returns an interface over bus without subscriptions.
func New(bus *event.Bus, log *slog.Logger) *Interface {
	return &Interface{bus: bus, log: log, transports: map[string]Transport{}, targets: map[string]*target{}}
}

// Bus is where all events pass.
func (i *Interface) Bus() *event.Bus { return i.bus }

// Subscribe sends an event to a socket for a time, 0 for ever. A subscription
// that is there already gets the new time.
func (i *Interface) Subscribe(name, socket string, expire time.Duration) error {
	if !i.bus.Declared(name) {
		return fmt.Errorf("event %.80q: %w", name, ErrUnknownEvent)
	}
	socket = canonical(socket)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	i.prune(time.Now())
	t := i.targets[socket]
	if _, there := t.events()[name]; !there && i.count() >= MaxSubscriptions {
		return fmt.Errorf("socket %q: %w: there are %d", socket, ErrTooMany, MaxSubscriptions)
	}
	if t == nil {
		var err error
		if t, err = i.newTarget(socket); err != nil {
			return err
		}
	}
	var end time.Time
	if expire > 0 {
		end = time.Now().Add(expire)
	}
	t.ends[name] = end
	t.sel()
	i.arm()
	return nil
}

// Unsubscribe ends a subscription and reports whether there was one.
func (i *Interface) Unsubscribe(name, socket string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.prune(time.Now())
	t := i.targets[canonical(socket)]
	if _, there := t.events()[name]; !there {
		return false
	}
	delete(t.ends, name)
	i.settle(t)
	return true
}

// customName is what an event that no module declares may be called.
var customName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// Custom makes an event known that no module declares, so that it can be
// subscribed to and raised.
func (i *Interface) Custom(name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.bus.Declared(name):
		return nil
	case !customName.MatchString(name):
		return fmt.Errorf("event %.80q: want a name of letters, digits, _ and -, such as E_MY_EVENT", name)
	case i.custom >= maxCustom:
		return fmt.Errorf("event %q: there are %d events of scripts already", name, maxCustom)
	}
	i.custom++
	return i.bus.Declare(event.Type{Name: name, Doc: "raised by a route or by hand"})
}

// maxRaised bounds the texts of an event that somebody raises, in bytes: what
// fits a datagram.
const maxRaised = 60_000

// Raise publishes an event, which becomes known by it.
func (i *Interface) Raise(name string, fields ...event.Field) error {
	size := 0
	for _, f := range fields {
		text, _ := f.Value.(string)
		size += len(f.Name) + len(text)
	}
	if size > maxRaised {
		return fmt.Errorf("event %.80q: %d bytes of parameters: want at most %d", name, size, maxRaised)
	}
	if err := i.Custom(name); err != nil {
		return err
	}
	return i.bus.Publish(event.Event{Name: name, Fields: fields})
}

// Subscription is one as it is listed.
type Subscription struct {
	Event, Socket string
	// Left is the time until it ends, or 0 when it does not end.
	Left time.Duration
}

// List lists the subscriptions by event and socket.
func (i *Interface) List() (list []Subscription) {
	now := time.Now()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.prune(now)
	for _, t := range i.targets {
		for name, end := range t.ends {
			s := Subscription{Event: name, Socket: t.socket}
			if !end.IsZero() {
				s.Left = end.Sub(now)
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Subscription) int {
		if a.Event+" "+a.Socket < b.Event+" "+b.Socket {
			return -1
		}
		return 1
	})
	return list
}

// Close ends all subscriptions. What is in their buffers is still sent while
// ctx allows, half a second at the most. It is harmless twice.
func (i *Interface) Close(ctx context.Context) {
	i.mu.Lock()
	i.closed = true
	for _, t := range i.targets {
		t.sub.Close()
	}
	if i.timer != nil {
		i.timer.Stop()
	}
	i.mu.Unlock()
	ended := make(chan struct{})
	go func() { i.running.Wait(); close(ended) }()
	ctx, cancel := context.WithTimeout(ctx, time.Second/2)
	defer cancel()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	i.mu.Lock()
	for _, t := range i.targets {
		t.cancel()
		delete(i.targets, t.socket)
	}
	i.mu.Unlock()
	<-ended // a Sender ends with its context
}

// Group is the group of the statistics that [Interface.Stats] reads.
const Group = "evi"

// Stats declares the statistics of the interface.
func Stats() []stat.Desc {
	return []stat.Desc{
		{Name: "subscribers", Kind: stat.Gauge, Doc: "subscriptions of sockets to events"},
		{Name: "sent", Kind: stat.Counter, Doc: "events sent to sockets"},
		{Name: "failed", Kind: stat.Counter, Doc: "events that could not be sent and were given up"},
		{Name: "dropped", Kind: stat.Counter, Doc: "oldest events dropped because a socket was too slow"},
	}
}

// Stats reads the statistics, in the order of [Stats].
func (i *Interface) Stats() []stat.Value {
	i.mu.Lock()
	lost, n := i.lost, i.count()
	for _, t := range i.targets {
		lost += t.sub.Lost()
	}
	i.mu.Unlock()
	read := []int64{int64(n), i.sent.Load(), i.failed.Load(), int64(lost)}
	var vs []stat.Value
	for k, d := range Stats() {
		vs = append(vs, stat.Value{Group: Group, Name: d.Name, Kind: d.Kind, Value: read[k]})
	}
	return vs
}
