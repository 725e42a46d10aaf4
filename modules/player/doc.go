// Package player is the module player: a small media server inside sipd, so
// that nobody needs another one to hear a queue.
//
// It answers INVITEs whose Request-URI names a sound of its own and plays
// that sound as RTP (PCMU or PCMA, 20 ms a packet), once and then BYE, or in
// a loop. To whoever invites it, it is an ordinary SIP user agent: a B2B
// session reaches it through the sockets of the server like any other peer.
//
// The parts, from the wire to the ear:
//
//   - uas.go decides which requests are the player's, and runs all dialogs in
//     one goroutine behind a mailbox; call.go, dialog.go and inside.go are one
//     dialog: RFC 3261 sections 12 to 15, offer and answer both ways round.
//   - sdp.go and sdp_build.go are the negotiation (RFC 3264), functions of bytes.
//   - pacer.go says how many packets are due; sender.go is the one goroutine
//     that sends the packets of all calls; port.go opens their sockets.
//   - wav.go, g711.go and sounds.go turn files into payloads, once, at Init.
//
// No stranger can make it shout at a third party: it sends RTP only after
// the ACK proved that the caller receives what is sent to him, only to the
// address of the SDP, never to a multicast or broadcast address, and never
// longer than max_duration.
//
// G.711 is written out here in two functions because the libraries for it
// could not be had from the module proxy; the tests hold them against the
// tables of the recommendation.
package player
