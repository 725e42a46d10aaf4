// Package mailbox is sipd's one concurrency primitive: many writers, one
// reader, and a writer never waits.
//
// A runner owns a mailbox and the state that its messages change; everybody
// else posts. Because a post never blocks, layers may post to each other in
// any direction without a lock order.
package mailbox

import "sync"

// Mailbox is an unbounded queue of T for one reader. The zero value is not
// usable; see [New].
type Mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	ready  chan struct{} // holds one token when items is not empty or closed
}

// New returns an empty mailbox.
func New[T any]() *Mailbox[T] {
	return &Mailbox[T]{ready: make(chan struct{}, 1)}
}

// Post appends v and reports whether it was taken: a closed mailbox takes
// nothing.
func (m *Mailbox[T]) Post(v T) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.items = append(m.items, v)
	m.signal()
	return true
}

// Ready is the channel to select on: it yields when [Mailbox.Take] has
// something to give or the mailbox was closed.
func (m *Mailbox[T]) Ready() <-chan struct{} { return m.ready }

// Take returns everything posted since the last call, in order, without
// waiting. open is false once the mailbox is closed; what was posted before
// is still returned.
func (m *Mailbox[T]) Take() (items []T, open bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	items, m.items = m.items, nil
	if m.closed {
		m.signal() // a closed mailbox stays ready
	}
	return items, !m.closed
}

// Len returns how many items wait.
func (m *Mailbox[T]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.items)
}

// Close refuses further posts and wakes the reader.
func (m *Mailbox[T]) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.signal()
}

func (m *Mailbox[T]) signal() {
	select {
	case m.ready <- struct{}{}:
	default:
	}
}
