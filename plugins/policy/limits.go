package policy

import "time"

// limits are the times and bounds of a host.
type limits struct {
	start   time.Duration // a process has shaken hands and taken its settings
	grace   time.Duration // it ends by itself once it is told to
	abandon time.Duration // Close does not wait longer for what does not end

	healthEvery   time.Duration
	healthTimeout time.Duration

	backoffMin, backoffMax time.Duration
	healthy                time.Duration // after so long the next back-off is the shortest again

	unanswered int // questions; more, and the policy is ended
	faults     int // messages that answer nothing; more, and the policy is ended
	proposals  int // assignments and holds in one answer; more is a fault
	message    int // bytes of an answer; more, and the policy is ended
}

var standard = limits{
	start: 8 * time.Second, grace: 500 * time.Millisecond, abandon: 5 * time.Second,
	healthEvery: 5 * time.Second, healthTimeout: 2 * time.Second,
	backoffMin: 500 * time.Millisecond, backoffMax: 30 * time.Second, healthy: time.Minute,
	unanswered: 64, faults: 100, proposals: 20_000, message: 4 << 20,
}

// backoff is how long to wait before the next start.
type backoff struct {
	limits
	last time.Duration
}

// next is the pause after a worker that lived so long.
func (b *backoff) next(lived time.Duration) time.Duration {
	switch {
	case b.last == 0 || lived >= b.healthy:
		b.last = b.backoffMin
	default:
		b.last = min(2*b.last, b.backoffMax)
	}
	return b.last
}
