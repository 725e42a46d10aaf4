package sip

import "errors"

// Endpoint sends requests. core/sip/stack implements it on sockets,
// core/sip/siptest in memory; both share core/sip/transaction.
type Endpoint interface {
	// Sockets lists the listening sockets, in the order of the configuration.
	Sockets() []*Socket

	// SocketFor returns the socket from which a request to uri will leave. It
	// does not resolve names: prefer is taken when it carries the transport
	// that uri asks for, else the first socket that does. The error names uri
	// when no socket fits.
	SocketFor(uri URI, prefer *Socket) (*Socket, error)

	// Request starts a client transaction: it adds Via, Max-Forwards (70 when
	// missing) and Content-Length, resolves the next hop (RFC 3263) and sends.
	// on is called once for each provisional response except 100, then once
	// with the final one; for INVITE also for every further 2xx, be it a
	// retransmission or another fork, until Timer M ends. Calls of one
	// transaction come one after another and in order. on must not block.
	// Time-outs and transport failures arrive as responses with Local set
	// (408, 503), never as an error. ACK to a non-2xx is sent by the
	// transaction itself. Request never blocks on the network.
	Request(req *Request, on func(*Response)) ClientTransaction

	// Send sends req without a transaction: an ACK for a 2xx. It adds what
	// Request adds, and never blocks. Failures are only logged; the peer
	// retransmits its 2xx.
	Send(req *Request)

	// Resume takes up the transaction of an INVITE that an earlier process
	// sent in the way that sent says, and whose final response may still
	// come. Nothing is sent before Cancel, which does so at once; what comes
	// is acknowledged as usual. When nothing comes for 64*T1 the transaction
	// ends with a local 408. Of req the Request-URI, Route, From, To, Call-ID
	// and CSeq must be those of the INVITE.
	Resume(req *Request, sent Sent, on func(*Response)) ClientTransaction

	// Reopen makes the server transaction of an INVITE that an earlier process
	// received and may have answered. Of its headers those are needed that a
	// response copies. Nothing is sent; the INVITE, should it come again, gets
	// 100 or what was responded since. It is nil when the request has come
	// again already, or its headers cannot be used.
	Reopen(req *Request) ServerRequest
}

// ClientTransaction is a request that was sent.
type ClientTransaction interface {
	// Cancel cancels an INVITE: at once when a provisional response has come,
	// else as soon as one does (RFC 3261 section 9.1). The transaction ends
	// with its own final response, which may still be a 2xx; when none comes
	// within 64*T1 after the CANCEL, with a local 487. headers (Reason) go
	// into the CANCEL. It is harmless twice and after the end.
	Cancel(headers Headers)
	// Abandon stops all retransmission and callbacks, for an owner that is
	// gone. It is harmless after the end.
	Abandon()
}

// ServerRequest is a request that came in, with its server transaction.
// Retransmissions never reach it.
type ServerRequest interface {
	// Request returns the message; it must not be changed.
	Request() *Request
	// Respond sends a response, provisional or final. After a 2xx to an
	// INVITE it may be called again with the same 2xx, whose retransmission
	// belongs to the caller (RFC 6026). Otherwise, after a final response and
	// for ACK it returns [ErrFinal]. Content-Length is added. To keep the
	// dialog's tag in a 487, respond with it before the transaction is
	// cancelled: see OnCancel.
	Respond(*Response) error
	// OnCancel sets what is called once when the request is cancelled. The
	// CANCEL has been answered by then; answering the request (487) is left
	// to the callback. A request cancelled before OnCancel was called calls
	// back at once. Without a callback the transaction answers 487 itself.
	// The callback must not block.
	OnCancel(func(cancel *Request))
}

// Handler receives requests: everything except retransmissions, CANCEL of a
// known INVITE, and ACK of a non-2xx. An ACK of a 2xx comes here. It is
// called in the order of arrival of one connection or source and must not
// block.
type Handler func(ServerRequest)

// ErrFinal is returned by [ServerRequest.Respond] when the request has its
// final response already.
var ErrFinal = errors.New("the request has been answered already")
