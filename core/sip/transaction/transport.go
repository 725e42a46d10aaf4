package transaction

import (
	"net/netip"

	"github.com/sipd/sipd/core/sip"
)

// Target is one way to a next hop: the socket from which to send and the
// address to send to. The layer writes Via from the socket (Proto, AdvHost,
// AdvPort) and retransmits unless Proto is reliable.
type Target struct {
	Socket *sip.Socket
	Addr   netip.AddrPort
}

// reliable reports whether what the target carries needs no retransmission.
func (t Target) reliable() bool { return reliable(t.Socket) }

func reliable(s *sip.Socket) bool { return s != nil && s.Proto != "udp" }

// Transport sends messages. No method may block, and none may call into the
// layer before it returns, with one exception: see Resolve.
type Transport interface {
	// Resolve finds where req is to go (NextHop, else the first Route, else
	// the Request-URI; RFC 3263; req.Socket is a preference) and calls done
	// once: with the targets in the order in which to try them, or with an
	// error. It may do so from any goroutine, and also before it returns,
	// which keeps the order of requests that need no DNS. req has no Via yet;
	// allow 200 bytes for it when the size decides between UDP and TCP
	// (RFC 3261 section 18.1.1), and give the UDP target after the TCP one.
	// req must not be changed or kept.
	//
	// The layer does the failover: it tries the next target, with a new
	// branch, when sending fails, when no response comes (Timer B, F) and
	// upon a 503 (RFC 3263 section 4.3). Retransmissions, CANCEL and the ACK
	// of a non-2xx go to the target of their request without a new Resolve.
	Resolve(req *sip.Request, done func(targets []Target, err error))

	// SendRequest sends req, which is complete, to the target. The error says
	// that it cannot be sent; fail, which may be nil, says so later, from any
	// goroutine but never before SendRequest has returned, and at most once
	// (a connection refused, an ICMP error). req must not be changed; it may
	// be kept only until it is written.
	SendRequest(req *sip.Request, to Target, fail func(error)) error

	// SendResponse sends res, which is complete, the way its request came: on
	// the connection from source, or from socket to the address that the
	// first Via says (RFC 3261 section 18.2.2, RFC 3581; see
	// [sip.Via.ReplyTo]; received and rport are in it). The layer logs the
	// error and no more: the client retransmits its request.
	SendResponse(res *sip.Response, socket *sip.Socket, source netip.AddrPort) error
}
