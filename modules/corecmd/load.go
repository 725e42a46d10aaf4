package corecmd

import (
	"sync"
	"time"
)

// load measures the CPU time of the process between readings.
type load struct {
	now   func() time.Time
	spent func() time.Duration // CPU time since the start of the process
	cpus  int

	mu      sync.Mutex
	at      time.Time
	atSpent time.Duration
	percent int64
}

// loadWindow is the shortest time that load averages over: several readings
// within it give the same figure.
const loadWindow = time.Second

// newLoad begins the first window at start, when no CPU time was spent yet.
func newLoad(start time.Time, now func() time.Time, spent func() time.Duration, cpus int) *load {
	return &load{now: now, spent: spent, cpus: max(cpus, 1), at: start}
}

// read returns the load in percent of all CPUs, 0 to 100.
func (l *load) read() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	wall := now.Sub(l.at)
	if wall < loadWindow {
		return l.percent
	}
	spent := l.spent()
	l.percent = min(max(int64(100*(spent-l.atSpent)/(wall*time.Duration(l.cpus))), 0), 100)
	l.at, l.atSpent = now, spent
	return l.percent
}
