// Package ports finds free ports of loopback for servers that tests start.
//
// A port that the system gives out (":0") comes from the range from which it
// also serves outgoing connections, so another test may hold it a moment
// later. These come from below that range.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// The range of ports: below Linux's net.ipv4.ip_local_port_range.
const (
	first = 20000
	last  = 32000
)

// Free returns a port that is free now for UDP and TCP on 127.0.0.1.
func Free(t testing.TB) int {
	t.Helper()
	port, err := Find(1)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Find returns the first of n ports in a row that are free now: baresip takes
// the one after its own for TLS.
func Find(n int) (int, error) {
	for range 1000 {
		port := first + rand.IntN(last-first)
		ok := true
		for i := range n {
			ok = ok && free(port+i)
		}
		if ok {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports in a row between %d and %d", n, first, last)
}

func free(port int) bool {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		return false
	}
	defer u.Close()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	defer l.Close()
	return true
}
