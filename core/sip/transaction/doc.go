// Package transaction is the transaction layer of SIP: RFC 3261 section 17
// with the corrections of RFC 6026, and the failover of RFC 3263 section 4.3,
// over an abstract [Transport]. core/sip/stack puts real sockets under it,
// core/sip/siptest a network in memory, so that both behave alike.
//
// A transport hands every message to [Layer.HandleRequest] and
// [Layer.HandleResponse], in the order of arrival. The layer absorbs what is
// a retransmission and calls the [sip.Handler] or the callback of the request
// for everything else.
//
// # Locks and callbacks
//
// Each transaction has one lock. Messages go to the transport with the lock
// held, hence in the order of the decisions; callbacks run without any lock,
// one at a time and in order, in the goroutine that brought the message or
// the timer. So a callback may call everything, also on its own transaction.
// The calls of an owner ([Layer.Request], Cancel) never call back before they
// return. The layer starts no goroutine: timers are [time.AfterFunc], which
// makes it run under testing/synctest.
//
// # Bounds
//
// A remote can grow nothing but the number of transactions, and that has a
// limit: see [Options]. CANCEL, 482, 481 and 503 are answered without state.
// A transaction that waits for retransmissions keeps no request.
package transaction
