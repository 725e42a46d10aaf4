// Package event carries the events that modules declare (E_CALLCENTER_...) to
// their subscribers: event routes, sockets (package core/evi) and web clients.
//
// A subscriber has a bounded buffer of its own. One that does not keep up
// loses its oldest events and a counter says how many; a publisher never
// waits.
package event

import (
	"fmt"
	"slices"
	"sync"
)

// Type declares an event a module raises.
type Type struct {
	Name   string   // as OpenSIPS spells it: "E_CALLCENTER_AGENT_REPORT"
	Fields []string // the names of its fields, in the order they are sent
	Doc    string   // when it is raised, for the operator
	ID     int      // set by Declare: its place in the order of declaration, from 0
}

// Field is one value of an event: a string or an int64. Only events that a
// script or an operator raises have fields without a name.
type Field struct {
	Name  string
	Value any
}

// Event is one occurrence.
type Event struct {
	Name   string
	Fields []Field
}

// Get returns the value of a field, or nil.
func (e Event) Get(name string) any {
	for _, f := range e.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// Bus joins publishers and subscribers. The zero value is ready.
type Bus struct {
	mu    sync.Mutex
	types map[string]Type
	subs  []*Subscription
}

// Declare makes a type known. Declaring a name twice is an error.
func (b *Bus) Declare(t Type) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.types[t.Name]; ok {
		return fmt.Errorf("event %s is declared twice", t.Name)
	}
	if b.types == nil {
		b.types = make(map[string]Type)
	}
	t.ID = len(b.types)
	b.types[t.Name] = t
	return nil
}

// Declared reports whether there is a type of that name.
func (b *Bus) Declared(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.types[name]
	return ok
}

// Types lists the declared types by name.
func (b *Bus) Types() []Type {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ts []Type
	for _, t := range b.types {
		ts = append(ts, t)
	}
	slices.SortFunc(ts, func(x, y Type) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
	return ts
}

// Publish gives e to each subscriber of its name. An undeclared name is a
// programming error and returned as such.
func (b *Bus) Publish(e Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.types[e.Name]; !ok {
		return fmt.Errorf("event %s was not declared", e.Name)
	}
	for _, s := range b.subs {
		s.put(e)
	}
	return nil
}

// Subscribe returns a subscription to the named events, or to all of them
// when none is named, that holds at most size events.
func (b *Bus) Subscribe(size int, names ...string) *Subscription {
	s := &Subscription{bus: b, names: names, ch: make(chan Event, max(size, 1))}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs = append(b.subs, s)
	return s
}

// Subscription is one subscriber's buffer.
type Subscription struct {
	bus   *Bus
	names []string
	ch    chan Event
	lost  uint64 // guarded by bus.mu
}

// C yields the events. It is closed by Close.
func (s *Subscription) C() <-chan Event { return s.ch }

// Select changes the events that are wanted, as [Bus.Subscribe] takes them.
// What is in the buffer stays there.
func (s *Subscription) Select(names ...string) {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.names = names
}

// Lost returns how many events were dropped because the buffer was full.
func (s *Subscription) Lost() uint64 {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	return s.lost
}

// Close ends the subscription. It is harmless twice.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if i := slices.Index(s.bus.subs, s); i >= 0 {
		s.bus.subs = slices.Delete(s.bus.subs, i, i+1)
		close(s.ch)
	}
}

// put runs under bus.mu, so only the reader can make room meanwhile.
func (s *Subscription) put(e Event) {
	if len(s.names) > 0 && !slices.Contains(s.names, e.Name) {
		return
	}
	for {
		select {
		case s.ch <- e:
			return
		default:
		}
		select {
		case <-s.ch: // the oldest gives way: the newest state is worth more
			s.lost++
		default:
		}
	}
}
