package b2b

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"
)

// ids makes the names of sessions and dialogs. They differ between two runs
// of the server: both the time of its start and a random number are in them.
type ids struct {
	run    uint64 // names this run
	prefix string // of our tags and Call-IDs
	last   *atomic.Uint64
	intN   func(n int) int // a random number below n
}

func newIDs(start time.Time) ids {
	run := uint64(start.UnixMilli())*1000 + uint64(intN(1000))
	return ids{run: run, prefix: fmt.Sprintf("B2B.%d.", run), last: new(atomic.Uint64), intN: intN}
}

// key returns a new session key: "<run>.<number>".
func (i ids) key() Key { return Key(fmt.Sprintf("%d.%d", i.run, i.last.Add(1))) }

// token returns a new Call-ID or tag. It cannot be guessed: who knows it may
// end the call (RFC 3261 section 19.3).
func (i ids) token() string { return i.prefix + rand.Text() }

// anyToken is what [ids.token] makes in any run.
var anyToken = regexp.MustCompile(`^B2B\.[0-9]{1,20}\.[A-Z2-7]{26}$`)

// ofAnyRun reports whether a tag was made by this process or one before.
func ofAnyRun(tag string) bool { return anyToken.MatchString(tag) }

// intN returns a random number from 0 to n-1.
func intN(n int) int {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: see its documentation
	return int(binary.LittleEndian.Uint64(b[:]) % uint64(n))
}
