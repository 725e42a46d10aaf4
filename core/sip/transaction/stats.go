package transaction

import "sync/atomic"

// Stats counts what a layer has seen since it began.
type Stats struct {
	Client          uint64 // client transactions, CANCEL included
	Server          uint64 // server transactions
	Retransmissions uint64 // messages sent again, by timer or for a retransmitted request
	Absorbed        uint64 // retransmissions received
	Timeouts        uint64 // local 408
	Failures        uint64 // requests that could not be sent
	Rejected        uint64 // 503: MaxTransactions
	Merged          uint64 // 482
	Malformed       uint64 // requests without what a response needs, and responses without Via
	Stray           uint64 // responses that match no transaction
}

type counters struct {
	client, server, retransmissions, absorbed, timeouts, failures, rejected, merged, malformed, stray atomic.Uint64
}

// Stats returns the counters.
func (l *Layer) Stats() Stats {
	c := &l.stats
	return Stats{
		Client: c.client.Load(), Server: c.server.Load(),
		Retransmissions: c.retransmissions.Load(), Absorbed: c.absorbed.Load(),
		Timeouts: c.timeouts.Load(), Failures: c.failures.Load(),
		Rejected: c.rejected.Load(), Merged: c.merged.Load(),
		Malformed: c.malformed.Load(), Stray: c.stray.Load(),
	}
}
