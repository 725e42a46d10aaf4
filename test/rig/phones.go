package rig

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/phone"
	"github.com/sipd/sipd/core/sip/stack"
)

// Phone opens a phone on 127.0.0.1.
func (c *Server) Phone(o phone.Options) *phone.Phone { c.t.Helper(); return Phone(c.t, "127.0.0.1", o) }

// PhoneAt opens a phone on an address of loopback.
func (c *Server) PhoneAt(host string, o phone.Options) *phone.Phone {
	c.t.Helper()
	return Phone(c.t, host, o)
}

// Phone opens a phone on an address until the end of the test.
func Phone(t testing.TB, host string, o phone.Options) *phone.Phone {
	t.Helper()
	p, _ := Mortal(t, host, o)
	return p
}

// Mortal is Phone with a function that switches it off without a word.
func Mortal(t testing.TB, host string, o phone.Options) (*phone.Phone, func()) {
	t.Helper()
	var off func()
	p, err := phone.New(o, func(h sip.Handler) (sip.Endpoint, error) {
		s, err := stack.Open(t.Context(), stack.Options{
			Listen: []stack.Listen{{Proto: "udp", Host: host}}, Handler: h})
		if err != nil {
			return nil, err
		}
		off = sync.OnceFunc(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = s.Close(ctx)
		})
		t.Cleanup(off)
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, off
}

// URI is where a phone is reached.
func URI(p *phone.Phone) string { return p.URI().String() }

// Call calls a flow and fails the test when it is refused.
func (c *Server) Call(p *phone.Phone, flow string, display ...string) *phone.Call {
	c.t.Helper()
	got, err := c.Dial(p, flow, display...)
	if err != nil {
		c.t.Fatalf("call to %s: %v", flow, err)
	}
	return got
}

// Dial calls a flow and waits for the answer; the display name is in wire
// form.
func (c *Server) Dial(p *phone.Phone, flow string, display ...string) (*phone.Call, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), Patience)
	defer cancel()
	return c.dial(ctx, p, flow, display...)
}

func (c *Server) dial(ctx context.Context, p *phone.Phone, flow string, display ...string) (*phone.Call, error) {
	from := sip.Address{URI: p.URI()}
	if len(display) > 0 {
		from.Display = display[0]
	}
	return p.Call(ctx, "sip:"+flow+"@"+c.SIP, from)
}

// RefusedWith calls a flow and checks the final answer.
func (c *Server) RefusedWith(code int, p *phone.Phone, flow string) {
	c.t.Helper()
	_, err := c.Dial(p, flow)
	var refused phone.Refused
	if !errors.As(err, &refused) || refused.Code != code {
		c.t.Errorf("call to %s: %v, want %d", flow, err, code)
	}
}

// CallAsync calls without waiting for the answer. cancel gives the call up
// and waits for the end of it.
func (c *Server) CallAsync(p *phone.Phone, flow string) (cancel func()) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = c.dial(ctx, p, flow) // it is cancelled
	}()
	c.t.Cleanup(stop)
	return func() { stop(); <-done }
}

// Hears waits until the call is joined to the party of that name.
func (c *Server) Hears(call *phone.Call, who string) {
	c.t.Helper()
	deadline := time.After(Patience)
	var others []string
	for {
		select {
		case got := <-call.Heard():
			if got == who {
				return
			}
			others = append(others, got)
		case <-deadline:
			c.t.Fatalf("waited %v to hear %s; heard %v", Patience, who, others)
		}
	}
}

// Invited waits for the next INVITE that opens a call at a phone.
func (c *Server) Invited(p *phone.Phone) *sip.Request {
	c.t.Helper()
	return Receive(c, "an INVITE at "+p.URI().User, p.Invited())
}

// Answered waits for the next call that a phone takes.
func (c *Server) Answered(p *phone.Phone) *phone.Call {
	c.t.Helper()
	return Receive(c, "a call answered by "+p.URI().User, p.Answered())
}

// Ended waits for the end of a call.
func (c *Server) Ended(call *phone.Call) {
	c.t.Helper()
	Receive(c, "the end of a call", call.Ended())
}

// Live fails the test when a call has ended.
func (c *Server) Live(call *phone.Call, what string) {
	c.t.Helper()
	select {
	case <-call.Ended():
		c.t.Fatalf("%s has ended", what)
	default:
	}
}

// None fails the test when a channel has something.
func None[T any](c *Server, what string, ch <-chan T) {
	c.t.Helper()
	select {
	case <-ch:
		c.t.Fatalf("%s, want none", what)
	default:
	}
}

// Receive waits for the next of a channel.
func Receive[T any](c *Server, what string, ch <-chan T) (got T) {
	c.t.Helper()
	select {
	case got = <-ch:
	case <-time.After(Patience):
		c.t.Fatalf("waited %v for %s", Patience, what)
	}
	return got
}

// Raw sends one message as it is, from a socket of its own, and returns the
// final answer; message is given the address of the socket.
func (c *Server) Raw(message func(local string) string) (answer string) {
	c.t.Helper()
	conn, err := net.Dial("udp", c.SIP)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(message(conn.LocalAddr().String()))); err != nil {
		c.t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(Patience))
	buf := make([]byte, 65535)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			c.t.Fatalf("no final answer: %v", err)
		}
		if text := string(buf[:n]); len(text) > 8 && text[8] != '1' { // "SIP/2.0 1"
			return text
		}
	}
}
