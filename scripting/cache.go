package scripting

import (
	"time"

	"github.com/sipd/sipd/core"
)

// Shared is the store that routes know as shared, for others in the process.
type Shared struct{ s *shared }

// SharedOf returns the store of a router that [Script.NewRouter] made, or
// false.
func SharedOf(r core.Router) (Shared, bool) {
	own, ok := r.(*router)
	if !ok {
		return Shared{}, false
	}
	return Shared{own.api.shared}, true
}

// Get returns a text, a number or a boolean, or nil for what is not there.
func (s Shared) Get(key string) any { return s.s.get(key) }

// Set stores a text for ttl, 0 for ever. It is an error when the store is
// full, or the key or text too long.
func (s Shared) Set(key, text string, ttl time.Duration) error {
	if err := plain("shared.set", text); err != nil {
		return err
	}
	return s.s.set(key, text, ttl)
}

// Remove deletes a key.
func (s Shared) Remove(key string) error { return s.s.set(key, nil, 0) }
