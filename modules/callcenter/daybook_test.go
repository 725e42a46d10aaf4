package callcenter

import (
	"sync"
	"testing"

	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// book is the database as its reader sees it: every call that was accepted has
// one row, and one final CDR before the row goes.
type book struct {
	t        *testing.T
	mu       sync.Mutex
	calls    map[engine.CallID]int // the final CDRs of those in cc_calls
	accepted int
	chats    int // answered
	cdrs     map[engine.CDRType]int
	tags     []string // written, and nobody was told
}

func (b *book) saved(a engine.Action) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls == nil {
		b.calls, b.cdrs = map[engine.CallID]int{}, map[engine.CDRType]int{}
	}
	switch a := a.(type) {
	case engine.SaveCall:
		if _, again := b.calls[a.Row.Call]; !again { // else after a restart
			b.calls[a.Row.Call] = 0
			b.accepted++
		}
	case engine.WriteCDR:
		b.tags = append(b.tags, store.CDRTag(a.CDR))
		b.cdrs[a.CDR.Type]++
		if a.CDR.Type == engine.CDRAnswered && a.CDR.Media == engine.MSRP {
			b.chats++
		}
		if a.CDR.Type == engine.CDRRejected {
			return
		}
		if n, known := b.calls[a.CDR.Call]; !known || n > 0 {
			b.t.Errorf("call %s has a CDR too many", a.CDR.Call)
		}
		b.calls[a.CDR.Call]++
	case engine.DeleteCall:
		if b.calls[a.Call] != 1 {
			b.t.Errorf("call %s ended with %d CDRs", a.Call, b.calls[a.Call])
		}
		delete(b.calls, a.Call)
	}
}

// pending are the CDRs of which the call center does not know that they are
// safe.
func (b *book) pending() map[string]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	tags := map[string]bool{}
	for _, t := range b.tags {
		tags[t] = true
	}
	return tags
}
