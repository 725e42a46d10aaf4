package transaction

import (
	"crypto/rand"
	"log/slog"
	"sync"

	"github.com/sipd/sipd/core/sip"
)

// Options configure a [Layer]. Transport and Handler are required.
type Options struct {
	Transport Transport
	Handler   sip.Handler // called in the goroutine of HandleRequest
	Timers    Timers

	// MaxTransactions bounds all transactions together: beyond it new
	// requests are answered 503 with Retry-After. Requests inside a dialog
	// have an eighth more, so that calls can still be ended. 0 means 100000.
	// Client transactions count but are never refused.
	MaxTransactions int

	// Rand returns a new unguessable token for branches and tags: at least
	// 64 random bits as letters and digits. It may be called from any
	// goroutine. Nil takes crypto/rand.
	Rand func() string

	Log *slog.Logger // nil discards
}

// Layer keeps the transactions of one server. Its methods may be called from
// any goroutine. Request and Send are those of [sip.Endpoint].
type Layer struct {
	opt    Options
	timers Timers
	secret string // makes the tags of stateless answers unguessable
	stats  counters

	mu        sync.Mutex // taken last: nothing is called with it held
	closed    bool
	resolving map[*call]struct{}
	clients   map[clientKey]*attempt
	servers   map[string]*server
	merged    map[string]*server // by [mergeKey]
}

// New returns a layer; it starts nothing. Use [Layer.Close] at the end.
func New(o Options) *Layer {
	if o.MaxTransactions <= 0 {
		o.MaxTransactions = 100_000
	}
	if o.Rand == nil {
		o.Rand = rand.Text
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Layer{
		opt:       o,
		timers:    o.Timers.withDefaults(),
		secret:    o.Rand(),
		resolving: make(map[*call]struct{}),
		clients:   make(map[clientKey]*attempt),
		servers:   make(map[string]*server),
		merged:    make(map[string]*server),
	}
}

// Len returns the number of transactions, those included that only wait for
// retransmissions.
func (l *Layer) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.len()
}

func (l *Layer) len() int { return len(l.resolving) + len(l.clients) + len(l.servers) }

// Close ends all transactions without a callback. Afterwards the layer
// ignores what comes in, and requests end with a local 503.
func (l *Layer) Close() {
	l.mu.Lock()
	l.closed = true
	calls, attempts, servers := l.resolving, l.clients, l.servers
	l.resolving, l.clients, l.servers, l.merged = nil, nil, nil, nil
	l.mu.Unlock()
	for c := range calls {
		c.shut()
	}
	for _, a := range attempts {
		a.shut()
	}
	for _, s := range servers {
		s.shut()
	}
}

// startCall notes that c waits for Resolve, or reports that the layer is
// closed.
func (l *Layer) startCall(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.resolving[c] = struct{}{}
	return true
}

func (l *Layer) endResolve(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.resolving, c)
}

func (l *Layer) addClient(a *attempt) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.clients[a.key] = a
	return true
}

func (l *Layer) removeClient(a *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients[a.key] == a {
		delete(l.clients, a.key)
	}
}

func (l *Layer) client(key clientKey) *attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clients[key]
}

func (l *Layer) server(key string) *server {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.servers[key]
}

func (l *Layer) removeServer(s *server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.servers[s.key] == s {
		delete(l.servers, s.key)
	}
	if l.merged[s.merge] == s {
		delete(l.merged, s.merge)
	}
}
