package evi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sipd/sipd/core/event"
)

// Transport carries events to the sockets of a scheme.
type Transport interface {
	// Open makes what sends to a socket, which is given with its scheme. It
	// reads the text and touches no network, so it never waits; its error says
	// what is wrong with the text.
	Open(socket string) (Sender, error)
}

// Sender sends events to one socket. It is called from one goroutine.
type Sender interface {
	// Send delivers one event. It bounds its own time and ends early with
	// ctx. After an [ErrAgain] the same event is sent again, after a pause;
	// after any other error it is given up.
	Send(ctx context.Context, e event.Event) error
	// Close ends the sender after the last Send.
	Close()
}

// ErrAgain in an error of a [Sender] means that nothing reached the peer.
var ErrAgain = errors.New("it will be tried again")

// Transport makes t carry the events for sockets of a scheme, such as "udp". A
// scheme that is taken is an error.
func (i *Interface) Transport(scheme string, t Transport) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.transports[scheme] != nil {
		return fmt.Errorf("sockets %s: are carried by another module already", scheme)
	}
	i.transports[scheme] = t
	return nil
}

// canonical writes a socket one way: a path alone is a Unix socket.
func canonical(socket string) string {
	socket = strings.TrimSpace(socket)
	if strings.HasPrefix(socket, "/") {
		return "unix:" + socket
	}
	return socket
}

// hints name the module that carries a scheme.
var hints = map[string]string{"udp": "event_datagram", "unix": "event_datagram", "tcp": "event_stream", "jsonrpc": "event_stream"}

// maxSocket bounds the text of a socket, in bytes.
const maxSocket = 512

// open makes the sender for a socket. It is called with i.mu held.
func (i *Interface) open(socket string) (Sender, error) {
	if len(socket) > maxSocket {
		return nil, fmt.Errorf("socket %.40q...: longer than %d bytes", socket, maxSocket)
	}
	scheme, _, ok := strings.Cut(socket, ":")
	t := i.transports[scheme]
	switch {
	case !ok:
		return nil, fmt.Errorf("socket %q: want a form such as udp:host:port, tcp:host:port or unix:/path", socket)
	case t == nil && hints[scheme] != "":
		return nil, fmt.Errorf("socket %q: nothing carries %s: add loadmodule %q", socket, scheme, hints[scheme])
	case t == nil:
		return nil, fmt.Errorf("socket %q: nothing carries %s: want udp, unix, tcp or jsonrpc", socket, scheme)
	}
	s, err := t.Open(socket)
	if err != nil {
		return nil, fmt.Errorf("socket %q: %w", socket, err)
	}
	return s, nil
}
