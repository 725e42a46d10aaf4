package scripting

import (
	"context"
	"fmt"
	"time"
)

// lookEvery is how many instructions pass between two looks at the clock.
const lookEvery = 1024

// limits are what one run of a route may use.
type limits struct {
	of    string        // whose they are, in errors; "" is a route
	time  time.Duration // of Lua, not counting the calls of module functions
	steps int           // instructions, and steps of the library
	bytes int           // memory asked for, whether it is still in use or not
}

func (l limits) whose() string {
	if l.of == "" {
		return "route"
	}
	return l.of
}

// budget is a context.Context that the Lua machine asks before each
// instruction whether it is done. It belongs to the goroutine of one state.
type budget struct {
	context.Context
	now      func() time.Time
	limit    limits
	deadline time.Time
	left     int // instructions until the next look
	steps    int // steps left, as of the last look
	bytes    int // memory left
	err      error
	over     chan struct{} // closed; what Done answers when err is set
}

func newBudget(now func() time.Time) *budget {
	over := make(chan struct{})
	close(over)
	return &budget{Context: context.Background(), now: now, over: over}
}

// start begins a run.
func (b *budget) start(l limits) {
	b.limit, b.err = l, nil
	b.left, b.steps, b.bytes = lookEvery, l.steps, l.bytes
	b.deadline = b.now().Add(l.time)
}

// Done is called once an instruction: it must be cheap.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.left > 0 {
		return nil
	}
	return b.look()
}

// Err says which limit was hit.
func (b *budget) Err() error { return b.err }

func (b *budget) look() <-chan struct{} {
	if b.err == nil {
		b.steps -= lookEvery - b.left
		b.left = lookEvery
		switch {
		case b.steps < 0:
			b.end("the %s ran more than %d instructions", b.limit.whose(), b.limit.steps)
		case b.now().After(b.deadline):
			b.end("the %s ran longer than %v", b.limit.whose(), b.limit.time)
		}
	}
	if b.err != nil {
		return b.over
	}
	return nil
}

// end spends the budget: from now on every instruction fails.
func (b *budget) end(format string, args ...any) error {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
	b.left = 0
	return b.err
}

// spend counts n steps that the library did in one instruction.
func (b *budget) spend(n int) error {
	b.left -= n
	if b.left <= 0 {
		b.look()
	}
	return b.err
}

// charge counts n bytes of memory.
func (b *budget) charge(n int) error {
	b.bytes -= n
	if b.bytes < 0 {
		return b.end("the %s asked for more than %d MB of memory", b.limit.whose(), b.limit.bytes>>20)
	}
	return b.err
}

// paused runs f without counting its time.
func (b *budget) paused(f func()) {
	start := b.now()
	defer func() { b.deadline = b.deadline.Add(b.now().Sub(start)) }()
	f()
}
