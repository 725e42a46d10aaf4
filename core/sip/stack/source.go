package stack

import (
	"net/netip"
	"sync"
	"time"
)

// sources is a token bucket for each source. It keeps two generations: what
// is used moves to the young one, and when that is full the old one is
// forgotten, so that memory is bounded without a scan. A forgotten source
// starts with a full bucket; a flood of invented sources can only make
// silent ones forgotten.
type sources struct {
	rate, burst float64
	max         int

	mu         sync.Mutex
	young, old map[netip.Prefix]*bucket
	rotated    time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// sourceAge is when a generation is old even if it is small.
const sourceAge = 10 * time.Minute

func newSources(l *Limits) *sources {
	return &sources{rate: l.RatePerSource, burst: float64(l.Burst), max: max(1, l.MaxSources/2),
		young: make(map[netip.Prefix]*bucket)}
}

// allow takes a token of the source of addr.
func (s *sources) allow(addr netip.Addr, now time.Time) bool {
	key := sourceOf(addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.young[key]
	if b == nil {
		if b = s.old[key]; b == nil {
			b = &bucket{tokens: s.burst, at: now}
		}
		s.rotate(now)
		s.young[key] = b
	}
	b.tokens = min(s.burst, b.tokens+s.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (s *sources) rotate(now time.Time) {
	if len(s.young) < s.max && now.Sub(s.rotated) < sourceAge {
		return
	}
	s.old, s.young, s.rotated = s.young, make(map[netip.Prefix]*bucket), now
}

func (s *sources) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.young) + len(s.old)
}

// sourceOf returns what counts as one source: an IPv4 address, or an IPv6
// /64, all of which one host may use.
func sourceOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // fails for the zero address only
	return p
}
