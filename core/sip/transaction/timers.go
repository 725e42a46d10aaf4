package transaction

import "time"

// Timers are the durations of RFC 3261 table 4 and of RFC 6026. A zero field
// takes its default, which follows T1 and T4 where the RFC says so.
type Timers struct {
	T1 time.Duration // round trip estimate: first retransmission (A, E, G); 500 ms
	T2 time.Duration // longest interval of retransmissions except INVITE; 4 s
	T4 time.Duration // how long a message stays in the network; 5 s

	B time.Duration // INVITE without any response: local 408; 64*T1
	C time.Duration // INVITE since the last 18x: CANCEL, local 408 at last; 185 s (RFC: more than 3 min)
	D time.Duration // wait for retransmitted non-2xx to INVITE over UDP; 32 s
	F time.Duration // other request without final response: local 408; 64*T1
	H time.Duration // wait for the ACK of a non-2xx; 64*T1
	I time.Duration // wait for retransmitted ACK over UDP; T4
	J time.Duration // wait for a retransmitted request, not INVITE, over UDP; 64*T1
	K time.Duration // wait for a retransmitted response, not INVITE, over UDP; T4
	L time.Duration // wait for a retransmitted INVITE after a 2xx was sent; 64*T1
	M time.Duration // wait for further 2xx after one was received; 64*T1
}

// Defaults returns the durations of RFC 3261.
func Defaults() Timers { return Timers{}.withDefaults() }

func (t Timers) withDefaults() Timers {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&t.T1, 500*time.Millisecond)
	def(&t.T2, 4*time.Second)
	def(&t.T4, 5*time.Second)
	def(&t.C, 185*time.Second)
	def(&t.D, 32*time.Second)
	for _, d := range []*time.Duration{&t.B, &t.F, &t.H, &t.J, &t.L, &t.M} {
		def(d, 64*t.T1)
	}
	def(&t.I, t.T4)
	def(&t.K, t.T4)
	return t
}
