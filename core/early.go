package core

import (
	"sync"

	"github.com/sipd/sipd/core/sip"
)

// maxEarly bounds the requests that wait for the modules to start.
const maxEarly = 10_000

// earlyRequests holds requests inside dialogs until the modules have started: the BYE
// of a call that goes on after a restart must not be refused, since its sender
// would not repeat it.
type earlyRequests struct {
	mu      sync.Mutex
	flushed bool
	waiting []sip.ServerRequest
}

// hold keeps a request and reports whether it did. One outside a dialog may
// be sent again by a caller who is told so.
func (e *earlyRequests) hold(tx sip.ServerRequest) bool {
	if tx.Request().ToTag() == "" {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flushed || len(e.waiting) >= maxEarly {
		return false
	}
	e.waiting = append(e.waiting, tx)
	return true
}

// flush hands out what was held, and holds nothing more.
func (e *earlyRequests) flush(serve sip.Handler) {
	e.mu.Lock()
	waiting := e.waiting
	e.waiting, e.flushed = nil, true
	e.mu.Unlock()
	for _, tx := range waiting {
		serve(tx)
	}
}
