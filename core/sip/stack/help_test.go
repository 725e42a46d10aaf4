package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// patience bounds what a test waits for; nothing normally takes that long.
const patience = 20 * time.Second

// start opens a stack that is closed when the test ends.
func start(t testing.TB, o Options) *Stack {
	t.Helper()
	if o.Listen == nil {
		o.Listen = []Listen{{Proto: "udp", Host: "127.0.0.1"}, {Proto: "tcp", Host: "127.0.0.1"}}
	}
	if o.Handler == nil {
		o.Handler = uas
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// uas is a simple server: every request has one obvious answer.
func uas(tx sip.ServerRequest) {
	req := tx.Request()
	code := map[string]int{sip.INVITE: 200, sip.OPTIONS: 200, sip.MESSAGE: 200, sip.REGISTER: 200, sip.BYE: 481}[req.Method]
	var extra sip.Headers
	switch {
	case req.Method == sip.ACK:
		return
	case code == 0:
		code = 405
		extra.Add("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, REGISTER")
	case req.Headers.Has("Authorization"):
		code = 401
		extra.Add("WWW-Authenticate", `Digest realm="test", nonce="fresh"`)
	}
	res := sip.NewResponse(req, code, "", "uas")
	res.Headers = append(res.Headers, extra...)
	if err := tx.Respond(res); err != nil {
		panic(err)
	}
}

// socket returns the first socket of a transport.
func (s *Stack) first(proto string) *sip.Socket {
	for _, x := range s.sockets {
		if x.Proto == proto {
			return x
		}
	}
	return nil
}

func addrOf(x *sip.Socket) string { return sip.HostPort(x.Host, x.Port) }

// peer is the other side: a UDP socket or a TCP connection.
type peer struct {
	t     testing.TB
	proto string
	conn  net.Conn
	f     framer
	p     *parser
}

func connect(t testing.TB, s *Stack, proto string) *peer {
	t.Helper()
	conn, err := net.Dial(proto, addrOf(s.first(proto)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return &peer{t: t, proto: proto, conn: conn, f: framer{max: 65535}, p: newParser(256)}
}

func (p *peer) local() netip.AddrPort { return netip.MustParseAddrPort(p.conn.LocalAddr().String()) }

// send writes, and does not mind that the stack has closed the connection.
func (p *peer) send(raw string) { _, _ = io.WriteString(p.conn, raw) }

// next returns the next message; an error when there will be none.
func (p *peer) next() (message, error) {
	buf := make([]byte, 65536)
	for {
		if p.proto == "tcp" {
			if fr, ok := p.f.next(); ok {
				if fr.fault != nil {
					return message{}, fr.fault
				}
				return p.p.parse(fr.raw)
			}
		}
		n, err := p.conn.Read(buf)
		if err != nil {
			return message{}, err
		}
		if p.proto == "udp" {
			return p.p.parse(buf[:n])
		}
		p.f.write(buf[:n])
	}
}

// final returns the next final response.
func (p *peer) final() (*sip.Response, error) {
	for {
		m, err := p.next()
		if err != nil {
			return nil, err
		}
		if m.res != nil && m.res.IsFinal() {
			return m.res, nil
		}
	}
}

// mustFinal is final for a response that has to come.
func (p *peer) mustFinal(code int) *sip.Response {
	p.t.Helper()
	res, err := p.final()
	if err != nil {
		p.t.Fatalf("no %d: %v", code, err)
	}
	if res.Code != code {
		p.t.Fatalf("%d %s, want %d", res.Code, res.Reason, code)
	}
	return res
}

// mustClose fails unless the stack ends the connection without a response.
func (p *peer) mustClose() {
	p.t.Helper()
	if res, err := p.final(); err == nil {
		p.t.Fatalf("%d %s, want the end of the connection", res.Code, res.Reason)
	} else if isTimeout(err) {
		p.t.Fatal("the connection is still open")
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// request writes a sound request of the peer.
func (p *peer) request(method, id string, extra ...string) string {
	via := "SIP/2.0/UDP "
	if p.proto == "tcp" {
		via = "SIP/2.0/TCP "
	}
	raw := method + " sip:test@127.0.0.1 SIP/2.0\r\n" +
		"Via: " + via + p.conn.LocalAddr().String() + ";rport;branch=z9hG4bK" + id + "\r\n" +
		"From: <sip:peer@127.0.0.1>;tag=peer\r\nTo: <sip:test@127.0.0.1>\r\n" +
		"Call-ID: " + id + "\r\nCSeq: 1 " + method + "\r\nMax-Forwards: 70\r\n"
	for _, line := range extra {
		raw += line + "\r\n"
	}
	return raw + "Content-Length: 0\r\n\r\n"
}

// ping sends an OPTIONS and waits for its answer.
func (p *peer) ping(id string) {
	p.t.Helper()
	p.send(p.request(sip.OPTIONS, id))
	if res := p.mustFinal(200); res.Headers.Get("Call-ID") != id {
		p.t.Fatalf("the answer to %q, want %q", res.Headers.Get("Call-ID"), id)
	}
}

// counts fails unless a counter reaches n: what was sent may still be on its
// way to a reader.
func counts(t testing.TB, s *Stack, name string, n uint64) {
	t.Helper()
	for deadline := time.After(10 * time.Second); ; {
		have, ok := s.Counters()[name]
		if ok && have >= n {
			return
		}
		select {
		case <-deadline:
			t.Errorf("%s is %d, want %d: %v", name, have, n, fmt.Sprint(s.Counters()))
			return
		case <-time.After(time.Millisecond):
		}
	}
}
