package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/sanity"
	"github.com/sipd/sipd/core/sip/transaction"
)

// Stack is a set of open sockets with a transaction layer. It implements
// [sip.Endpoint]; its methods may be called from any goroutine.
type Stack struct {
	limits     Limits
	rules      sanity.Rules
	forceRport bool
	secret     string // makes the tags of refusals unguessable

	layer    *transaction.Layer
	parser   *parser
	sources  *sources
	conns    *conns
	names    *names
	counters counters

	sockets []*sip.Socket
	udp     map[*sip.Socket]*udpSocket
	tcp     map[*sip.Socket]*tcpSocket

	ctx    context.Context // ends what waits for the network
	cancel context.CancelFunc
	done   <-chan struct{}

	mu     sync.Mutex // guards closed, and wg.Add against wg.Wait
	closed bool
	wg     sync.WaitGroup
}

var (
	_ sip.Endpoint          = (*Stack)(nil)
	_ transaction.Transport = (*Stack)(nil)
)

// Open opens all sockets and serves them; with an error none is open. ctx
// bounds the opening only. The error names the socket and the remedy.
func Open(ctx context.Context, o Options) (*Stack, error) {
	if o.Handler == nil || len(o.Listen) == 0 {
		return nil, errors.New("sip stack: want a handler and at least one listen{}")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stack{
		limits: o.Limits.withDefaults(), rules: o.Sanity, forceRport: o.ForceRport, secret: rand.Text(),
		udp: make(map[*sip.Socket]*udpSocket), tcp: make(map[*sip.Socket]*tcpSocket),
	}
	s.counters.log = o.Log
	s.parser = newParser(s.limits.MaxHeaders)
	s.sources = newSources(&s.limits)
	s.conns = newConns(&s.limits)
	s.names = newNames(o.Resolver, &s.limits)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.done = s.ctx.Done()
	s.layer = transaction.New(transaction.Options{
		Transport: s, Handler: o.Handler, Timers: o.Timers,
		MaxTransactions: s.limits.MaxTransactions, Log: o.Log,
	})
	for _, l := range o.Listen {
		if err := s.open(ctx, l); err != nil {
			s.closeSockets()
			s.cancel()
			return nil, err
		}
	}
	for _, socket := range s.sockets {
		if u := s.udp[socket]; u != nil {
			s.wg.Go(u.read)
		} else {
			s.wg.Go(s.tcp[socket].accept)
		}
	}
	return s, nil
}

// Sockets is [sip.Endpoint].Sockets.
func (s *Stack) Sockets() []*sip.Socket { return append([]*sip.Socket(nil), s.sockets...) }

// Request is [sip.Endpoint].Request.
func (s *Stack) Request(req *sip.Request, on func(*sip.Response)) sip.ClientTransaction {
	return s.layer.Request(req, on)
}

// Resume is [sip.Endpoint].Resume.
func (s *Stack) Resume(req *sip.Request, sent sip.Sent, on func(*sip.Response)) sip.ClientTransaction {
	return s.layer.Resume(req, sent, on)
}

// Reopen is [sip.Endpoint].Reopen.
func (s *Stack) Reopen(req *sip.Request) sip.ServerRequest { return s.layer.Reopen(req) }

// Send is [sip.Endpoint].Send.
func (s *Stack) Send(req *sip.Request) { s.layer.Send(req) }

// spawn runs f in a goroutine that Close waits for; false means that the
// stack is closed and f does not run.
func (s *Stack) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Go(f)
	return true
}

// Close ends all transactions without a callback, writes what is queued on
// connections while ctx lasts, and closes everything. The error is that of
// ctx, when something had to be cut off. A second Close waits as well.
func (s *Stack) Close(ctx context.Context) error {
	s.layer.Close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.closeSockets()
	all := s.conns.close()
	for _, c := range all {
		c.finish(errClosed)
	}
	over := make(chan struct{})
	go func() { s.wg.Wait(); close(over) }()
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	select {
	case <-over:
		s.cancel()
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	for _, c := range all {
		c.shut(errClosed)
	}
	<-over
	return ctx.Err()
}

func (s *Stack) closeSockets() {
	for _, u := range s.udp {
		u.conn.Close()
	}
	for _, t := range s.tcp {
		t.listener.Close()
	}
}
