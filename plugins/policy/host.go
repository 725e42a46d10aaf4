package policy

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/sipd/sipd/modules/callcenter/dispatch"
)

// Config says which binary is the policy and what it may have.
type Config struct {
	Path   string // of the binary
	SHA256 string // its checksum in hex, looked at before each start; "": any
	// Env names the variables of this process's environment that are passed on.
	// The plugin gets no other, except those of the handshake.
	Env      []string
	MTLS     bool // both sides prove who they are, with certificates of one start
	Settings dispatch.Settings
	// Dir is the folder in which the private folder (mode 0700) of the socket
	// is made; "": that for temporary files. It is there during a start only.
	Dir string
	Log *slog.Logger // what the host does, and what the plugin prints; nil: none
}

// Callbacks are how a host tells what happens. They come one at a time, from the
// host's goroutines or, for the first Ready, from that of Load. They must not
// wait, and must not call Close.
type Callbacks struct {
	// Ready says that the policy is there and knows nothing: the next Ask must
	// have a Delta that is a reset. For the first start it comes before [Load]
	// or [Local] returns.
	Ready func()
	// Decided is the answer to the Ask with the same seq.
	Decided func(seq uint64, d dispatch.Decision)
	// Lost says that the policy is gone, or has lost track. Questions without
	// an answer will have none. Ready comes when it is back.
	Lost func(reason string)
}

// Host keeps a policy outside the engine running: it starts it anew when it
// ends. A nil error of [Load] means that the first start went well.
type Host struct {
	start func(context.Context) (worker, error)
	cb    Callbacks
	log   *slog.Logger
	limit limits

	say      sync.Mutex // held while a callback runs
	mu       sync.Mutex
	cur      worker // nil: none runs
	knows    bool   // cur was told everything
	restarts atomic.Int64

	closing context.Context
	close   context.CancelFunc
	done    chan struct{}
}

// worker is one life of a policy: a process, or a goroutine.
type worker interface {
	ask(seq uint64, d dispatch.Delta) // does not wait
	fail(reason string)               // ends it by force, does not wait; the first reason counts
	leave()                           // ends it kindly, does not wait
	ending() <-chan struct{}          // closed: it ends, and answers no more
	done() <-chan struct{}            // closed: nothing is left of it
	reason() string                   // why it ended
	pid() int                         // 0: no process of its own
}

// Load starts a policy and keeps it running until [Host.Close]. It returns when
// the process has shaken hands and taken its settings, or with an error that
// says what is wrong and what to do.
func Load(cfg Config, cb Callbacks) (*Host, error) { return load(cfg, cb, standard) }

func load(cfg Config, cb Callbacks, limit limits) (*Host, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("policy", cfg.Path)
	h := newHost(cb, cfg.Log, limit)
	h.start = func(ctx context.Context) (worker, error) {
		s, err := startSession(ctx, cfg, limit, h.decided)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return h, h.first()
}

// Local hosts a policy in a goroutine of this process. A panic of the policy is
// its loss. One that hangs cannot be killed: Kill and Close abandon its
// goroutine, which ends when Decide returns, and it is not started anew before.
func Local(p dispatch.Policy, cb Callbacks) *Host {
	return local(p, cb, slog.New(slog.DiscardHandler), standard)
}

func local(p dispatch.Policy, cb Callbacks, log *slog.Logger, limit limits) *Host {
	limit.abandon = limit.grace
	h := newHost(cb, log, limit)
	h.start = func(context.Context) (worker, error) { return startGoroutine(p, limit, h.decided), nil }
	_ = h.first() // starting a goroutine does not fail
	return h
}

func newHost(cb Callbacks, log *slog.Logger, limit limits) *Host {
	h := &Host{cb: cb, log: log, limit: limit, done: make(chan struct{})}
	h.closing, h.close = context.WithCancel(context.Background())
	return h
}

func (h *Host) first() error {
	w, err := h.start(h.closing)
	if err != nil {
		h.close()
		close(h.done)
		return err
	}
	h.ready(w)
	go h.supervise(w)
	return nil
}

// Ask asks for a decision. It does not wait; while there is no policy, and
// until a reset after it came back, the question is dropped: Lost has said so.
func (h *Host) Ask(seq uint64, d dispatch.Delta) {
	h.mu.Lock()
	w := h.cur
	if w != nil && d.Reset {
		h.knows = true
	}
	knows := h.knows
	h.mu.Unlock()
	if w != nil && knows {
		w.ask(seq, d)
	}
}

// Kill ends the policy by force, because it hangs or answers nonsense. It is
// started anew. It does not wait.
func (h *Host) Kill(reason string) {
	h.mu.Lock()
	w := h.cur
	h.mu.Unlock()
	if w != nil {
		w.fail(reason)
	}
}

// Close ends the policy for good, first kindly. No callback comes once it has
// returned.
func (h *Host) Close() {
	h.close()
	<-h.done
}

// Restarts is how often the policy has been started anew.
func (h *Host) Restarts() int { return int(h.restarts.Load()) }

// Pid is the process of the policy, 0 when there is none.
func (h *Host) Pid() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cur == nil {
		return 0
	}
	return h.cur.pid()
}
