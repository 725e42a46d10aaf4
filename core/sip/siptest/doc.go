// Package siptest is a SIP network in memory for tests in virtual time, and
// scripted phones to talk to what is tested.
//
// A [Network] carries messages between endpoints, each a transaction layer
// like that of a real server. Every message is serialised and read again, so
// sender and receiver share nothing, and every one is in the trace: when a
// test fails, its ladder is printed.
//
//	synctest.Test(t, func(t *testing.T) {
//		net := siptest.NewNetwork(t)
//		pbx := net.Endpoint("pbx", handler)
//		net.Phone("bob", siptest.Script{Answer: 3 * time.Second})
//		call := net.Phone("alice", siptest.Script{}).Call("sip:bob@pbx", siptest.SDP("alice", 1))
//		call.Wait(siptest.Confirmed)
//		call.Bye()
//	})
//
// All messages are delivered one after the other in the order of their
// arrival times, so a run with the same inputs has the same trace, as long as
// the test itself does not act in the very instant of a message: wait a
// moment of virtual time before, or act from a callback.
package siptest
