package scripting

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// The size of the shared store.
const (
	shards       = 16
	maxSharedKey = 256
	maxPerShard  = 8192    // 131072 keys in all
	maxShardSize = 4 << 20 // 64 MB in all
	entryCost    = 128     // bytes an entry takes besides key and text
)

var errSharedFull = errors.New("shared: the store is full; give values a lifetime, or use fewer keys")

// shared is what all routes of a router share: text, numbers and booleans
// under a name, each with an optional lifetime. Values are copied in and out.
type shared struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	entries map[string]entry
	size    int
}

type entry struct {
	value any
	ends  time.Time // zero: never
}

func newShared(now func() time.Time) *shared {
	return &shared{now: now, seed: maphash.MakeSeed()}
}

// lock returns the shard of key, locked, with key removed if its time is over.
func (s *shared) lock(key string) (*shard, time.Time) {
	h := &s.shards[maphash.String(s.seed, key)%shards]
	h.mu.Lock()
	now := s.now()
	if e, ok := h.entries[key]; ok && e.over(now) {
		h.drop(key)
	}
	return h, now
}

func (e entry) over(now time.Time) bool { return !e.ends.IsZero() && !now.Before(e.ends) }

func cost(key string, v any) int {
	text, _ := v.(string)
	return entryCost + len(key) + len(text)
}

func (h *shard) drop(key string) {
	if e, ok := h.entries[key]; ok {
		h.size -= cost(key, e.value)
		delete(h.entries, key)
	}
}

// put stores a value, or deletes with nil. A full shard first throws out what
// is over.
func (h *shard) put(key string, v any, ttl time.Duration, now time.Time) error {
	if len(key) > maxSharedKey {
		return fmt.Errorf("shared: a key of %d bytes is too long: the limit is %d", len(key), maxSharedKey)
	}
	if v == nil {
		h.drop(key)
		return nil
	}
	if !h.fits(key, v) {
		for k, e := range h.entries {
			if e.over(now) {
				h.drop(k)
			}
		}
		if !h.fits(key, v) {
			return errSharedFull
		}
	}
	h.drop(key)
	e := entry{value: v}
	if ttl > 0 {
		e.ends = now.Add(ttl)
	}
	if h.entries == nil {
		h.entries = map[string]entry{}
	}
	h.entries[key] = e
	h.size += cost(key, v)
	return nil
}

func (h *shard) fits(key string, v any) bool {
	old, there := h.entries[key]
	size := h.size + cost(key, v)
	if there {
		size -= cost(key, old.value)
	}
	return size <= maxShardSize && (there || len(h.entries) < maxPerShard)
}

func (s *shared) get(key string) any {
	h, _ := s.lock(key)
	defer h.mu.Unlock()
	return h.entries[key].value
}

func (s *shared) set(key string, v any, ttl time.Duration) error {
	h, now := s.lock(key)
	defer h.mu.Unlock()
	return h.put(key, v, ttl, now)
}

// swap stores v when the present value is old; nil is absence.
func (s *shared) swap(key string, old, v any, ttl time.Duration) (bool, error) {
	h, now := s.lock(key)
	defer h.mu.Unlock()
	if h.entries[key].value != old {
		return false, nil
	}
	return true, h.put(key, v, ttl, now)
}

// incr adds to a number; what is not there counts as 0. Without a new
// lifetime the old one stays.
func (s *shared) incr(key string, by float64, ttl time.Duration) (float64, error) {
	h, now := s.lock(key)
	defer h.mu.Unlock()
	old := h.entries[key]
	n := by
	switch v := old.value.(type) {
	case nil:
	case int:
		n += float64(v)
	case float64:
		n += v
	default:
		return 0, fmt.Errorf("shared.incr: %q holds %T, not a number", key, v)
	}
	if ttl == 0 && !old.ends.IsZero() {
		ttl = old.ends.Sub(now)
	}
	return n, h.put(key, number(n), ttl, now)
}

// number keeps whole numbers as int, as goValue does, so that swap compares
// them equal.
func number(f float64) any {
	if i := int(f); float64(i) == f && i < 1<<53 && i > -1<<53 {
		return i
	}
	return f
}
