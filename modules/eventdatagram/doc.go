// Package eventdatagram is the module event_datagram: it carries events to
// UDP and Unix datagram sockets, one JSON-RPC notification a datagram.
package eventdatagram
