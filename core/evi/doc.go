// Package evi is the event interface: it sends the events of the bus to the
// sockets that subscribed to them, as OpenSIPS's Event Interface does.
//
// What a socket is ("udp:host:port") and how bytes get there is the business
// of a [Transport], which a module registers for a scheme. This package keeps
// the subscriptions, ends them when they expire, and gives each socket a
// goroutine and a bounded buffer of its own: a subscriber that is slow or dead
// loses its oldest events, which are counted, and delays nobody.
package evi
