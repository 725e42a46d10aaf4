package stack

import (
	"context"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"
)

// counter is an index into [counters].
type counter int

const (
	rcvRequests counter = iota
	rcvReplies
	sentRequests
	sentReplies
	keepalives
	refusals
	dropSize
	dropRate
	dropGarbage
	dropRequest
	dropReply
	readErrors
	sendErrors
	panics
	tcpAccepted
	tcpDialed
	tcpRefused
	tcpTimeouts
	tcpOverflow
	dnsLookups
	dnsFailures
	dnsRefused
	counterCount
)

// name returns the name of the statistic.
func (c counter) name() string {
	return [counterCount]string{
		rcvRequests:  "rcv_requests",  // sound requests, retransmissions included
		rcvReplies:   "rcv_replies",   // sound responses
		sentRequests: "sent_requests", // requests written, retransmissions included
		sentReplies:  "sent_replies",  // responses written
		keepalives:   "keepalives",    // CRLF pings
		refusals:     "err_requests",  // requests answered by the parser or the sanity check
		dropSize:     "drop_size",     // messages beyond MaxMessage
		dropRate:     "drop_rate",     // messages beyond RatePerSource
		dropGarbage:  "drop_garbage",  // bytes without a SIP start line
		dropRequest:  "drop_requests", // unsound requests that cannot be answered
		dropReply:    "drop_replies",  // unsound responses
		readErrors:   "read_errors",   // errors of listening sockets
		sendErrors:   "send_errors",   // messages that could not be sent
		panics:       "panics",        // faults of sipd while it handled a message
		tcpAccepted:  "tcp_accepted",  // connections taken
		tcpDialed:    "tcp_dialed",    // connections made
		tcpRefused:   "tcp_refused",   // connections beyond MaxConns or MaxConnsPerSource
		tcpTimeouts:  "tcp_timeouts",  // connections closed by ReadTimeout, IdleTimeout or IdleNew
		tcpOverflow:  "tcp_overflow",  // connections closed by MaxQueue
		dnsLookups:   "dns_lookups",   // requests that asked DNS
		dnsFailures:  "dns_failures",  // requests for which DNS had no answer
		dnsRefused:   "dns_refused",   // requests beyond MaxLookups
	}[c]
}

// counters counts, and logs what is dropped without letting a flood fill the
// log: each kind once in logEvery.
type counters struct {
	n      [counterCount]atomic.Uint64
	logged [counterCount]atomic.Int64 // when, in Unix nanoseconds
	log    *slog.Logger
}

const logEvery = 10 * time.Second

func (c *counters) add(k counter) { c.n[k].Add(1) }

// drop counts and logs; level is that of the log line. Content never goes to
// the log, which may hold credentials.
func (c *counters) drop(k counter, from netip.AddrPort, why error) {
	n := c.n[k].Add(1)
	now, last := time.Now().UnixNano(), c.logged[k].Load()
	if now-last < int64(logEvery) || !c.logged[k].CompareAndSwap(last, now) {
		return
	}
	level := slog.LevelInfo
	if k == panics || k == readErrors {
		level = slog.LevelError
	}
	c.log.Log(context.Background(), level, "sip "+k.name(), "from", from, "error", why, "total", n)
}

// Counters returns what the stack has seen since it began, by name, with
// "transactions" and "tcp_connections" for those of this moment.
func (s *Stack) Counters() map[string]uint64 {
	m := make(map[string]uint64, counterCount+8)
	for k := range counterCount {
		m[k.name()] = s.counters.n[k].Load()
	}
	t := s.layer.Stats()
	m["client_transactions"] = t.Client
	m["server_transactions"] = t.Server
	m["retransmissions"] = t.Retransmissions
	m["absorbed"] = t.Absorbed
	m["timeouts"] = t.Timeouts
	m["rejected"] = t.Rejected
	m["merged"] = t.Merged
	m["stray_replies"] = t.Stray
	m["transactions"] = uint64(s.layer.Len())
	m["tcp_connections"] = uint64(s.conns.len())
	return m
}
