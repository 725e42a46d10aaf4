package stack

import (
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// nobody is a list of trusted networks that is empty, so that the tests on
// the loopback meet the limits.
var nobody = []netip.Prefix{}

// TestHugeContentLength: a claim of 2 GiB costs nothing (PROTOS case 2390).
func TestHugeContentLength(t *testing.T) {
	for _, proto := range []string{"udp", "tcp"} {
		s := start(t, Options{ForceRport: true})
		p := connect(t, s, proto)
		p.ping("warm")
		for _, length := range []string{"2147483648", "4294967296", "9223372036854775807", "99999999999999999999999"} {
			if proto == "tcp" {
				p = connect(t, s, proto) // the last one was closed
			}
			raw := strings.Replace(p.request(sip.OPTIONS, "huge"+length), "Content-Length: 0", "Content-Length: "+length, 1)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.send(raw)
			res, err := p.final()
			runtime.ReadMemStats(&after)
			if err != nil || res.Code != 400 && res.Code != 513 {
				t.Errorf("%s %s: %+v, %v", proto, length, res, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("%s %s: %d bytes allocated", proto, length, n)
			}
		}
		connect(t, s, proto).ping("after")
	}
}

// TestSlowMessage: a message that comes too slowly costs its connection.
func TestSlowMessage(t *testing.T) {
	for name, raw := range map[string]string{
		"line":    "OPTIONS sip:a@b SIP",
		"headers": "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n",
		"body":    "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 10\r\n\r\n123",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Limits: Limits{ReadTimeout: 50 * time.Millisecond}})
			p := connect(t, s, "tcp")
			p.ping("first")
			p.send(raw)
			p.mustClose()
			counts(t, s, "tcp_timeouts", 1)
		})
	}
}

// TestDrip: one byte after the other does not extend the time of a message.
func TestDrip(t *testing.T) {
	s := start(t, Options{Limits: Limits{ReadTimeout: 100 * time.Millisecond}})
	p := connect(t, s, "tcp")
	drip(p, "a")
	counts(t, s, "tcp_timeouts", 1)
}

// drip sends raw again and again until the stack closes the connection.
func drip(p *peer, raw string) {
	p.t.Helper()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(p.conn, raw); err != nil {
				return
			}
		}
	}()
	for err := error(nil); err == nil; {
		if _, err = p.conn.Read(make([]byte, 100)); err != nil && isTimeout(err) {
			p.t.Error("the connection is still open")
		}
	}
	p.conn.Close()
	<-gone
}

func TestIdle(t *testing.T) {
	s := start(t, Options{Limits: Limits{IdleNew: 50 * time.Millisecond, IdleTimeout: time.Hour}})
	silent, proven := connect(t, s, "tcp"), connect(t, s, "tcp")
	proven.ping("first")
	pinging := connect(t, s, "tcp") // pings prove nothing
	pinging.send("\r\n\r\n")
	pong := make([]byte, 2)
	if _, err := io.ReadFull(pinging.conn, pong); err != nil || string(pong) != "\r\n" {
		t.Errorf("pong %q, %v", pong, err)
	}
	drip(pinging, "\r\n\r\n")
	silent.mustClose()
	proven.ping("second")
	counts(t, s, "tcp_timeouts", 2)
	counts(t, s, "keepalives", 1)
}

func TestRate(t *testing.T) {
	s := start(t, Options{Limits: Limits{RatePerSource: 0.001, Burst: 3, Trusted: nobody}})
	p := connect(t, s, "udp")
	for i := range 3 {
		p.ping(fmt.Sprint("in", i))
	}
	p.send(p.request(sip.OPTIONS, "beyond"))
	c := connect(t, s, "tcp")
	c.send(c.request(sip.OPTIONS, "beyond"))
	c.mustClose()
	c = connect(t, s, "tcp") // still the same source
	c.send(c.request(sip.OPTIONS, "beyond"))
	c.mustClose()
	counts(t, s, "drop_rate", 3)
	if n := s.Counters()["rcv_requests"]; n != 3 {
		t.Errorf("%d requests came through", n)
	}
}

func TestSources(t *testing.T) {
	l := Limits{RatePerSource: 10, Burst: 2, MaxSources: 100}
	s := newSources(&l)
	now := time.Now()
	addr := netip.MustParseAddr
	take := func(a string, want bool) {
		t.Helper()
		if s.allow(addr(a), now) != want {
			t.Errorf("%s: want %v", a, want)
		}
	}
	take("192.0.2.1", true)
	take("::ffff:192.0.2.1", true) // the same
	take("192.0.2.1", false)
	take("192.0.2.2", true)
	take("2001:db8::1", true)
	take("2001:db8::2", true)
	take("2001:db8::ffff", false) // one /64
	take("2001:db8:0:1::", true)
	now = now.Add(100 * time.Millisecond)
	take("192.0.2.1", true)
	take("192.0.2.1", false)
	for i := range 1000 {
		s.allow(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), now)
		s.allow(addr("192.0.2.1"), now)
	}
	if s.len() > 100 {
		t.Errorf("%d sources kept", s.len())
	}
	take("192.0.2.1", false) // a flood of others does not forgive it
}

func TestConnLimits(t *testing.T) {
	s := start(t, Options{Limits: Limits{MaxConnsPerSource: 2, Trusted: nobody}})
	a, b := connect(t, s, "tcp"), connect(t, s, "tcp")
	a.ping("a")
	b.ping("b")
	connect(t, s, "tcp").mustClose()
	counts(t, s, "tcp_refused", 1)
	a.conn.Close()
	b.ping("still")
	waitConns(t, s, 1)
	connect(t, s, "tcp").ping("again")

	s = start(t, Options{Limits: Limits{MaxConns: 1, Trusted: nobody}})
	a = connect(t, s, "tcp")
	a.ping("a")
	connect(t, s, "tcp").mustClose()
	counts(t, s, "tcp_refused", 1)
	a.ping("still")
}

// waitConns waits until the stack has n connections.
func waitConns(t *testing.T, s *Stack, n int) {
	t.Helper()
	for end := time.Now().Add(patience); s.conns.len() != n; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d connections, want %d", s.conns.len(), n)
		}
	}
}

// TestQueue: a peer that does not read loses its connection, and the server
// does not wait for it.
func TestQueue(t *testing.T) {
	s := start(t, Options{Limits: Limits{MaxQueue: 32 << 20}})
	p := connect(t, s, "tcp")
	p.ping("first")
	c := s.conns.get(connKey{s.first("tcp"), p.local()})
	if c == nil {
		t.Fatal("no connection")
	}
	// More than the kernel can take, so that something stays in the queue.
	lost := make(chan error, 1000)
	data := make([]byte, 1<<20)
	for err := error(nil); err == nil; {
		err = c.write(outgoing{data, func(err error) { lost <- err }})
	}
	select {
	case err := <-lost:
		if err == nil {
			t.Error("lost without an error")
		}
	case <-time.After(patience):
		t.Error("what was not written is not reported")
	}
	counts(t, s, "tcp_overflow", 1)
	waitConns(t, s, 0)
	connect(t, s, "tcp").ping("after")
}

func TestMaxMessageAndHeaders(t *testing.T) {
	s := start(t, Options{Limits: Limits{MaxMessage: 2000, MaxHeaders: 20}})
	p := connect(t, s, "udp")
	p.send(p.request(sip.OPTIONS, "big", "X: "+strings.Repeat("x", 2000)))
	p.ping("after")
	counts(t, s, "drop_size", 1)
	p.send(p.request(sip.OPTIONS, "many", strings.Split(strings.Repeat("X: y\n", 30), "\n")[:30]...))
	p.mustFinal(400)
	c := connect(t, s, "tcp")
	c.send(c.request(sip.OPTIONS, "big", "X: "+strings.Repeat("x", 2000)))
	c.mustFinal(513)
	c.mustClose()
}

// TestLastAnswer: the answer that ends a connection arrives although the peer
// has sent more than was read.
func TestLastAnswer(t *testing.T) {
	s := start(t, Options{})
	for range 20 {
		p := connect(t, s, "tcp")
		p.send(strings.Replace(p.request(sip.OPTIONS, "bad"), "Content-Length: 0", "Content-Length: -1", 1) + strings.Repeat("x", 256<<10))
		p.mustFinal(400)
		if _, err := p.final(); err != io.EOF { // a reset may destroy the answer on its way
			t.Fatalf("the connection ends with %v", err)
		}
	}
}

func TestMaxTransactions(t *testing.T) {
	s := start(t, Options{Limits: Limits{MaxTransactions: 2}})
	p := connect(t, s, "udp")
	p.ping("1")
	p.ping("2")
	p.send(p.request(sip.OPTIONS, "3"))
	if res := p.mustFinal(503); res.Headers.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	counts(t, s, "rejected", 1)
}

// TestReadErrors: no error but its end stops a reader.
func TestReadErrors(t *testing.T) {
	s := start(t, Options{})
	u := s.udp[s.first("udp")]
	u.conn.SetReadDeadline(time.Now().Add(-time.Second))
	for end := time.Now().Add(patience); s.Counters()["read_errors"] < 2; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("no read error")
		}
	}
	u.conn.SetReadDeadline(time.Time{})
	connect(t, s, "udp").ping("after")
}

// TestPanic: a fault while one message is handled does not end the reader.
func TestPanic(t *testing.T) {
	s := start(t, Options{Handler: func(tx sip.ServerRequest) {
		if tx.Request().Method == sip.MESSAGE {
			panic("a fault")
		}
		uas(tx)
	}})
	for _, proto := range []string{"udp", "tcp"} {
		p := connect(t, s, proto)
		p.send(p.request(sip.MESSAGE, "bad"+proto))
		p.ping("after" + proto)
	}
	counts(t, s, "panics", 2)
}

func TestGarbage(t *testing.T) {
	s := start(t, Options{})
	p := connect(t, s, "udp")
	for _, raw := range []string{"x", "\r\n\r\n", "\x00\x01\x00\x00", "GET / HTTP/1.1\r\n\r\n", strings.Repeat("a", 20000), "SIP/2.0 200 OK\r\n\r\n", "A sip:b SIP/2.0\r\n\r\n"} {
		p.send(raw)
	}
	p.ping("after")
	counts(t, s, "drop_garbage", 4)
	counts(t, s, "drop_replies", 1)
	counts(t, s, "drop_requests", 1)
	counts(t, s, "keepalives", 1)
	c := connect(t, s, "tcp")
	c.send("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
	c.mustClose()
}
