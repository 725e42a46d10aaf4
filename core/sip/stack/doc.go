// Package stack speaks SIP on real sockets: it implements [sip.Endpoint] over
// UDP and TCP, on top of core/sip/transaction. It is the only package that
// imports sipgo.
//
// # What is sipgo's and what is ours
//
// sipgo parses: header fields, folding and start line of every message that
// is accepted go through its parser. Sockets and transactions are our own,
// because its transports and transaction layer
//
//   - handle each message in a goroutine of its own, so that a CANCEL can
//     overtake its INVITE and a BYE the ACK before it;
//   - answer a CANCEL by themselves, with a 487 of a random tag;
//   - have process-wide timers, so that two stacks share them and no test can
//     shorten them;
//   - keep one map entry for each UDP address ever seen, and 32 kB for each
//     TCP connection, both without a limit;
//   - stop reading a UDP socket for good after one error.
//
// Nor does its stream parser frame the TCP streams: an error in the start
// line, which it reports before the header fields have come, would leave
// nothing to put into a 400, 416 or 505. [framer] cuts a stream at
// Content-Length instead, so that one parser sees whole messages from UDP and
// TCP alike.
//
// # The way of a message in
//
//	socket → filter → parse → sanity → transaction.Layer → Handler
//
// in the one goroutine that reads the socket or connection, hence in order.
// The filter (filter.go, source.go) works on bytes: size, start line, rate
// per source. The parser (parse.go) reads the start line itself, to tell a
// wrong version from a wrong URI, and leaves the rest to sipgo. What sipgo
// refuses is read by a lenient splitter (split.go), only to answer it. The
// package core/sip/sanity then judges what the message means. A refusal
// leaves no state: its To tag is a keyed hash of the request, by which its ACK
// is recognised. A message without a readable Via is dropped.
//
// A panic while one message is handled is logged and counted, and the reader
// goes on.
//
// # The way of a message out
//
// Responses to UDP go to the address the request came from, from the socket
// that received it, to the port that RFC 3261 section 18.2.2 and RFC 3581
// say. maddr in a Via is not followed: it would let anyone aim our responses
// at others. Responses to TCP go back on the connection; when it is gone, a
// new one is made to the port in Via.
//
// Requests are routed by RFC 3263 (resolve.go): maddr, numeric hosts, transport
// parameter, SRV by priority and weight, then A and AAAA. NAPTR is not asked:
// it could only choose between UDP and TCP, which SRV does as well. Answers
// are cached for their TTL. A request that needs DNS is resolved in a
// goroutine, of which there are at most [Limits].MaxLookups; all others are
// sent before Request returns. A UDP request of more than 1300 bytes is tried
// on TCP first, unless its URI says transport=udp (RFC 3261 section 18.1.1);
// when that fails, or without a TCP socket, it goes by UDP all the same, as
// peers that refuse fragments are rarer than peers without TCP. TLS is not
// supported: a sips URI has no next hop.
//
// Writing to a TCP connection never blocks: each has a bounded queue, and a
// peer that does not read loses its connection. Nothing is ever sent to a
// multicast, broadcast or unspecified address.
//
// # Limits
//
// Everything a peer can make grow has a limit with a default, and a counter
// that moves when it is hit: see [Limits] and [Stack.Counters].
package stack
