// Package eventsse is the module event_sse: it streams events to web clients
// as Server-Sent Events (WHATWG HTML, section 9.2).
//
// The newest events are kept in a ring (ring.go) with sequence numbers that
// grow over all events and over restarts. A client is a position in the ring
// and nothing more: one that falls behind is told how many events it lost,
// and one that comes back goes on where it was.
package eventsse
