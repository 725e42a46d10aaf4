package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/transaction"
)

func TestOpenErrors(t *testing.T) {
	s := start(t, Options{})
	for _, x := range s.Sockets() {
		_, err := Open(t.Context(), Options{Handler: uas, Listen: []Listen{
			{Proto: "udp", Host: "127.0.0.1"}, {Proto: x.Proto, Host: x.Host, Port: x.Port}}})
		want := fmt.Sprintf("listen %s:127.0.0.1:%d: address already in use: another program has it", x.Proto, x.Port)
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, l := range map[string]Listen{
		`listen tls:127.0.0.1: transport "tls": want udp or tcp`:         {Proto: "tls", Host: "127.0.0.1"},
		"listen udp:192.0.2.1: cannot assign requested address: no inte": {Proto: "udp", Host: "192.0.2.1"},
		"listen tcp:[2001:db8::1]: cannot assign requested address":      {Proto: "tcp", Host: "2001:db8::1"},
		"listen udp:127.0.0.1:70000: want a port of 1 to 65535":          {Proto: "udp", Host: "127.0.0.1", Port: 70000},
	} {
		if _, err := Open(t.Context(), Options{Handler: uas, Listen: []Listen{l}}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Open(t.Context(), Options{Handler: uas}); err == nil {
		t.Error("no socket is no error")
	}
	// A failed Open leaves nothing open.
	both := twins(t)
	if _, err := Open(t.Context(), Options{Handler: uas, Listen: append(both, Listen{Proto: "tls"})}); err == nil {
		t.Error("no error")
	}
	start(t, Options{Listen: both})
}

// TestOrder: what one source sends is handled in that order.
func TestOrder(t *testing.T) {
	for _, proto := range []string{"udp", "tcp"} {
		const bursts, burst = 20, 50
		have := make(chan string, bursts*burst)
		s := start(t, Options{Handler: func(tx sip.ServerRequest) {
			have <- tx.Request().CallID()
			uas(tx)
		}})
		p := connect(t, s, proto)
		for i := range bursts {
			for j := range burst {
				p.send(p.request(sip.MESSAGE, fmt.Sprint(i*burst+j)))
			}
			for range burst {
				p.mustFinal(200)
			}
		}
		for i := range bursts * burst {
			if id := <-have; id != fmt.Sprint(i) {
				t.Fatalf("%s: message %s came as number %d", proto, id, i)
			}
		}
	}
}

func TestByteByByte(t *testing.T) {
	bodies := make(chan string, 10)
	s := start(t, Options{Handler: func(tx sip.ServerRequest) { bodies <- string(tx.Request().Body); uas(tx) }})
	p := connect(t, s, "tcp")
	raw := strings.Replace(p.request(sip.MESSAGE, "drip"), "Content-Length: 0\r\n\r\n", "l:\r\n 7\r\n\r\na\r\n\r\nbc", 1)
	for i := range raw {
		p.send(raw[i : i+1])
	}
	p.mustFinal(200)
	if body := <-bodies; body != "a\r\n\r\nbc" {
		t.Errorf("body %q", body)
	}
	p.send(p.request(sip.OPTIONS, "1") + "\r\n" + p.request(sip.OPTIONS, "2") + "\r\n\r\n" + p.request(sip.OPTIONS, "3"))
	for range 3 {
		p.mustFinal(200)
	}
}

// TestRefusedInvite: the ACK of a refusal ends here, that of a 2xx does not.
func TestRefusedInvite(t *testing.T) {
	acks := make(chan string, 10)
	s := start(t, Options{Handler: func(tx sip.ServerRequest) {
		if tx.Request().Method == sip.ACK {
			acks <- tx.Request().CallID()
		}
		uas(tx)
	}})
	p := connect(t, s, "udp")
	invite := p.request(sip.INVITE, "bad", "Require: magic")
	p.send(invite)
	first := p.mustFinal(420)
	p.send(invite)
	if again := p.mustFinal(420); again.ToTag() == "" || again.ToTag() != first.ToTag() {
		t.Errorf("tags %q and %q", first.ToTag(), again.ToTag())
	}
	ack := func(id, tag string) string {
		raw := strings.Replace(p.request(sip.ACK, id), "To: <sip:test@127.0.0.1>", "To: <sip:test@127.0.0.1>;tag="+tag, 1)
		return raw
	}
	p.send(ack("bad", first.ToTag()))
	p.send(ack("good", "uas"))
	if id := <-acks; id != "good" {
		t.Errorf("the ACK of %q reached the handler", id)
	}
	counts(t, s, "err_requests", 2)
}

func TestReply(t *testing.T) {
	for via, want := range map[string]uint16{
		"SIP/2.0/UDP 192.0.2.1":                                    5060,
		"SIP/2.0/UDP 192.0.2.1:5070;branch=x, SIP/2.0/UDP b:1":     5070,
		"SIP/2.0/UDP 192.0.2.1:5070;rport=4444;received=192.0.2.9": 4444,
		"SIP/2.0/UDP 192.0.2.1:5070;rport":                         5070,
		"SIP/2.0/UDP a;maddr=224.2.0.1":                            5060,
		"SIP/7.0/UDP a:5071":                                       5071,
		"rubbish":                                                  5060,
	} {
		if have := replyPort(sip.Headers{{Name: "Via", Value: via}}, true); have != want {
			t.Errorf("%s: port %d, want %d", via, have, want)
		}
	}
	if have := replyPort(sip.Headers{{Name: "Via", Value: "SIP/2.0/TCP 192.0.2.1:5070;rport=4444"}}, false); have != 5070 {
		t.Errorf("port %d of a connection that is gone, want that of sent-by", have)
	}
	for to, ok := range map[string]bool{"192.0.2.1:5060": true, "[2001:db8::1]:1": true, "255.255.255.255:5060": false,
		"224.0.0.1:5060": false, "[ff02::1]:5060": false, "0.0.0.0:5060": false, "192.0.2.1:0": false} {
		if err := sendable(netip.MustParseAddrPort(to)); (err == nil) != ok {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestReceived: the answer goes to the source, whatever Via and maddr say,
// and tells it.
func TestReceived(t *testing.T) {
	s := start(t, Options{})
	p := connect(t, s, "udp")
	raw := p.request(sip.OPTIONS, "nat")
	raw = strings.Replace(raw, p.conn.LocalAddr().String(), "192.0.2.77:5060;maddr=192.0.2.78;received=192.0.2.79", 1)
	p.send(raw)
	via, err := p.mustFinal(200).Headers.TopVia()
	if err != nil {
		t.Fatal(err)
	}
	received, _ := via.Params.Get("received")
	rport, _ := via.Params.Get("rport")
	if received != "127.0.0.1" || rport != fmt.Sprint(p.local().Port()) {
		t.Errorf("%s", via)
	}
}

// wait returns the final response of a request that s sends.
func wait(t *testing.T, s *Stack, req *sip.Request) *sip.Response {
	t.Helper()
	final := make(chan *sip.Response, 10)
	s.Request(req, func(res *sip.Response) {
		if res.IsFinal() {
			final <- res
		}
	})
	select {
	case res := <-final:
		return res
	case <-time.After(patience):
		t.Fatalf("no final response to %s %s", req.Method, req.URI)
		return nil
	}
}

func options(t *testing.T, uri string) *sip.Request {
	t.Helper()
	u, err := sip.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	return &sip.Request{Method: sip.OPTIONS, URI: u, Headers: sip.Headers{
		{Name: "From", Value: "<sip:a@example.com>;tag=a"}, {Name: "To", Value: "<sip:b@example.com>"},
		{Name: "Call-ID", Value: rand.Text()}, {Name: "CSeq", Value: "1 OPTIONS"}}}
}

// TestAdvertise: Via says what the socket advertises, that from which the
// request leaves.
func TestAdvertise(t *testing.T) {
	vias := make(chan sip.Via, 1)
	far := start(t, Options{Handler: func(tx sip.ServerRequest) {
		v, _ := tx.Request().Headers.TopVia()
		vias <- v
		uas(tx)
	}})
	s := start(t, Options{Listen: []Listen{
		{Proto: "udp", Host: "127.0.0.1"},
		{Proto: "udp", Host: "127.0.0.1", AdvertiseHost: "sip.example.com", AdvertisePort: 5099, Tag: "out"},
		{Proto: "tcp", Host: "localhost", AdvertiseHost: "192.0.2.4"},
		{Proto: "udp", Host: "0.0.0.0"},
	}})
	socks := s.Sockets()
	if c := socks[1].Contact("x").String(); c != "sip:x@sip.example.com:5099" || socks[1].Tag != "out" {
		t.Errorf("contact %s", c)
	}
	if a, err := netip.ParseAddr(socks[3].AdvHost); err != nil || a.IsUnspecified() {
		t.Errorf("0.0.0.0 advertises %s", socks[3].AdvHost)
	}
	for i, param := range []string{"", "", ";transport=tcp"} {
		x := socks[i]
		target := far.first(x.Proto)
		req := options(t, "sip:far@"+addrOf(target)+param)
		req.Socket = x
		if res := wait(t, s, req); res.Code != 200 {
			t.Fatalf("%s: %d", x, res.Code)
		}
		via := <-vias
		if via.Host != x.AdvHost || via.Port != x.AdvPort || !strings.EqualFold(via.Transport, x.Proto) {
			t.Errorf("%s: Via %s", x, via)
		}
		if rport, _ := via.Params.Get("rport"); x.Proto == "udp" && rport != fmt.Sprint(x.Port) {
			t.Errorf("%s: sent from port %s", x, rport)
		}
	}
}

func TestSocketFor(t *testing.T) {
	s := start(t, Options{Listen: []Listen{{Proto: "udp", Host: "127.0.0.1"}, {Proto: "udp", Host: "127.0.0.1"}, {Proto: "tcp", Host: "127.0.0.1"}}})
	u1, u2, tcp := s.sockets[0], s.sockets[1], s.sockets[2]
	for _, c := range []struct {
		uri          string
		prefer, want *sip.Socket
	}{
		{"sip:a@b", nil, u1}, {"sip:a@b", u2, u2}, {"sip:a@b", tcp, tcp}, {"sip:a@b;transport=udp", tcp, u1},
		{"sip:a@b;transport=TCP", u2, tcp}, {"sip:a@127.0.0.1", u2, u2}, {"sip:a@[::1]", u1, nil}, {"sips:a@b", u1, nil},
		{"tel:1", u1, nil}, {"sip:a@b;transport=sctp", u1, nil},
	} {
		uri, err := sip.ParseURI(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		if have, err := s.SocketFor(uri, c.prefer); have != c.want || (err != nil) != (c.want == nil) {
			t.Errorf("%s: %v, %v", c.uri, have, err)
		}
	}
}

// TestOutgoingTCP: one connection for all requests to a peer, both ways; a
// refused one is a local 503.
func TestOutgoingTCP(t *testing.T) {
	a, b := start(t, Options{}), start(t, Options{})
	uri := "sip:b@" + addrOf(b.first("tcp")) + ";transport=tcp"
	for range 3 {
		if res := wait(t, a, options(t, uri)); res.Code != 200 || res.Local {
			t.Fatalf("%+v", res)
		}
	}
	counts(t, a, "tcp_dialed", 1)
	if n := b.Counters()["tcp_accepted"]; n != 1 {
		t.Errorf("%d connections", n)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if res := wait(t, a, options(t, "sip:x@"+ln.Addr().String()+";transport=tcp")); res.Code != 503 || !res.Local {
		t.Errorf("refused: %+v", res)
	}
}

// TestBig: a large request takes TCP, and UDP when nobody listens there.
func TestBig(t *testing.T) {
	protos := make(chan string, 1)
	h := func(tx sip.ServerRequest) {
		protos <- tx.Request().Socket.Proto
		uas(tx)
	}
	both := start(t, Options{Handler: h, Listen: twins(t)})
	udp := start(t, Options{Handler: h, Listen: []Listen{{Proto: "udp", Host: "127.0.0.1"}}})
	s := start(t, Options{})
	for _, c := range []struct {
		to    *Stack
		param string
		size  int
		want  string
	}{
		{both, "", 10, "udp"}, {both, "", 1400, "tcp"}, {both, ";transport=udp", 1400, "udp"}, {udp, "", 1400, "udp"},
	} {
		req := options(t, "sip:b@"+addrOf(c.to.first("udp"))+c.param)
		req.Headers.Add("X-Filler", strings.Repeat("x", c.size))
		if res := wait(t, s, req); res.Code != 200 {
			t.Fatalf("%d %s", res.Code, res.Reason)
		}
		if have := <-protos; have != c.want {
			t.Errorf("%d bytes%s went by %s, want %s", c.size, c.param, have, c.want)
		}
	}
}

// twins returns a UDP and a TCP socket with one port that is free.
func twins(t *testing.T) []Listen {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := ln.Addr().(*net.TCPAddr).Port
		pc, err := net.ListenPacket("udp", ln.Addr().String())
		ln.Close()
		if err == nil {
			pc.Close()
			return []Listen{{Proto: "udp", Host: "127.0.0.1", Port: port}, {Proto: "tcp", Host: "127.0.0.1", Port: port}}
		}
	}
	t.Fatal("no port is free for both")
	return nil
}

// TestClose: what was queued is written, what comes later is refused, and a
// peer that does not read delays it no longer than ctx.
func TestClose(t *testing.T) {
	s, err := Open(t.Context(), Options{Handler: uas, Listen: []Listen{{Proto: "tcp", Host: "127.0.0.1"}}, Limits: Limits{MaxQueue: 64 << 20, WriteTimeout: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	p := connect(t, s, "tcp")
	p.ping("first")
	if err := s.send([]byte("SIP/2.0 200 last\r\nContent-Length: 0\r\n\r\n"), s.sockets[0], p.local(), nil); err != nil {
		t.Fatal(err)
	}
	stuck := connect(t, s, "tcp")
	stuck.ping("stuck")
	if err := s.send(make([]byte, 32<<20), s.sockets[0], stuck.local(), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close with a stuck peer: %v", err)
	}
	if res, err := p.final(); err != nil || res.Reason != "last" {
		t.Errorf("the last message: %v, %v", res, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("second close: %v", err)
	}
	if res := wait(t, s, options(t, "sip:a@127.0.0.1:5;transport=tcp")); res.Code != 503 || !res.Local {
		t.Errorf("request after close: %+v", res)
	}
	if err := s.SendRequest(options(t, "sip:a@b"), transaction.Target{Socket: s.sockets[0], Addr: netip.MustParseAddrPort("127.0.0.1:5")}, nil); err == nil {
		t.Error("sent after close")
	}
}
