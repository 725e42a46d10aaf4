// Package sip holds the SIP vocabulary of sipd: messages, URIs, addresses,
// and the two interfaces between the people who speak SIP (core/sip/stack on
// real sockets, core/sip/siptest in memory) and the people who decide what is
// said (core and the modules).
//
// It imports the standard library only. Nothing here opens a socket, keeps a
// transaction or starts a goroutine.
package sip
