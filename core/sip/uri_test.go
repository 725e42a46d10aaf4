package sip

import (
	"errors"
	"testing"
)

func TestParseURI(t *testing.T) {
	for _, c := range []struct {
		in   string
		want URI
		out  string // "" when it is in
	}{
		{in: "sip:atlanta.com", want: URI{Scheme: "sip", Host: "atlanta.com"}},
		{in: "SIP:alice:secret@atlanta.com:5070", want: URI{Scheme: "sip", User: "alice", Password: "secret", Host: "atlanta.com", Port: 5070}, out: "sip:alice:secret@atlanta.com:5070"},
		{in: "sips:alice@[2001:db8::1]:5061;transport=tcp;lr", want: URI{Scheme: "sips", User: "alice", Host: "2001:db8::1", Port: 5061,
			Params: Params{{"transport", "tcp", true}, {"lr", "", false}}}},
		{in: "sip:bob@b.com?subject=a&priority=urgent", want: URI{Scheme: "sip", User: "bob", Host: "b.com", Headers: "subject=a&priority=urgent"}},
		{in: "sip:+1-212;phone-context=x@gw.com;user=phone", want: URI{Scheme: "sip", User: "+1-212;phone-context=x", Host: "gw.com", Params: Params{{"user", "phone", true}}}},
		{in: "tel:+12125551212", want: URI{Scheme: "tel", Opaque: "+12125551212"}},
		// RFC 4475, sections 3.1.1.2 and 3.1.1.4
		{in: "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
			want: URI{Scheme: "sip", User: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*", Password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)", Host: "example.com"}},
		{in: "sip:sip%3Auser%40example.com@company.com;other-param=summit",
			want: URI{Scheme: "sip", User: "sip%3Auser%40example.com", Host: "company.com", Params: Params{{"other-param", "summit", true}}}},
	} {
		u, err := ParseURI(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		want := c.out
		if want == "" {
			want = c.in
		}
		if u.String() != want {
			t.Errorf("%s: written as %s", c.in, u)
		}
		if !sameURI(u, c.want) {
			t.Errorf("%s: %+v, want %+v", c.in, u, c.want)
		}
	}
}

func sameURI(a, b URI) bool {
	if len(a.Params) != len(b.Params) {
		return false
	}
	for i := range a.Params {
		if a.Params[i] != b.Params[i] {
			return false
		}
	}
	return a.Scheme == b.Scheme && a.Opaque == b.Opaque && a.User == b.User && a.Password == b.Password &&
		a.Host == b.Host && a.Port == b.Port && a.Headers == b.Headers
}

func TestParseURIErrors(t *testing.T) {
	for _, in := range []string{"", "sip", "sip:", "sip:@host", "sip:a@", "sip:a@h:0", "sip:a@h:65536", "sip:a@h:", "sip:a@h:x",
		"sip:a@[::1", "sip:a@[host]", "sip:a@[1.2.3.4]", "sip:a@[::1]5060", "sip:a b@h", "sip:a@h\r\nX: y", "sip:a@h>", "1sip:h", ":h",
		"sip:a@h/path", "tel:1\r\nX: y"} {
		if u, err := ParseURI(in); !errors.Is(err, ErrURI) {
			t.Errorf("%q: %+v, %v", in, u, err)
		}
	}
}

func TestURIClone(t *testing.T) {
	u, _ := ParseURI("sip:a@h;x=1")
	c := u.Clone()
	c.Params.Set("x", "2")
	if u.String() != "sip:a@h;x=1" || c.String() != "sip:a@h;x=2" {
		t.Errorf("%s and its clone %s", u, c)
	}
	if u.Transport() != "" || !u.IsSIP() || u.IsZero() || !(URI{}).IsZero() {
		t.Error("transport or kind")
	}
}

func FuzzURI(f *testing.F) {
	for _, s := range []string{"sip:a:b@h:5060;lr;x=\"y;z\"?h=v", "sips:[::1]", "tel:+1;x=y", "sip:a@b@c", "sip:;@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURI(s)
		if err != nil {
			if !errors.Is(err, ErrURI) {
				t.Fatal(err)
			}
			return
		}
		out := u.String()
		again, err := ParseURI(out)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, out, err)
		}
		if !sameURI(u, again) || again.String() != out {
			t.Fatalf("%q, %q, %q", s, out, again.String())
		}
		checkLine(t, out)
	})
}

// checkLine fails when a value could end its line on the wire.
func checkLine(t *testing.T, s string) {
	t.Helper()
	for i := 0; i < len(s); i++ {
		if s[i] == '\r' || s[i] == '\n' {
			t.Fatalf("line break in %q", s)
		}
	}
}
