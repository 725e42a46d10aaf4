// Package midatagram is the module mi_datagram: the management interface over
// a UDP or UNIX socket, one request and one answer a datagram.
//
// serve.go reads requests and sends answers; an answer that a client's full
// socket does not take at once is tried again beside that, so that such a
// client holds up nobody else.
package midatagram
