package sip

import (
	"errors"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ in, name, uri, tag, out string }{
		{`"Bob \"the\" <B>" <sip:bob@b.com;x=1>;tag=a6c`, `Bob "the" <B>`, "sip:bob@b.com;x=1", "a6c", `"Bob \"the\" <B>" <sip:bob@b.com;x=1>;tag=a6c`},
		{"Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", "Anonymous", "sip:c8oqz84zk7z@privacy.org", "hyh8", ""},
		{"sip:+12125551212@phone2net.com;tag=887s", "", "sip:+12125551212@phone2net.com", "887s", "<sip:+12125551212@phone2net.com>;tag=887s"},
		{"<tel:+1>", "", "tel:+1", "", ""},
		{"The Big One<sip:a@b>", "The Big One", "sip:a@b", "", "The Big One <sip:a@b>"},
		{" <sip:a@b> ; q=0.5 ;TAG = x ", "", "sip:a@b", "x", "<sip:a@b>;q=0.5;TAG=x"},
		{`"" <sip:a@b>`, "", "sip:a@b", "", ""},
	} {
		a, err := ParseAddress(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		out := c.out
		if out == "" {
			out = c.in
		}
		if a.Name() != c.name || a.URI.String() != c.uri || a.Tag() != c.tag || a.String() != out {
			t.Errorf("%s: name %q, URI %s, tag %q, written as %s", c.in, a.Name(), a.URI, a.Tag(), a)
		}
	}
}

func TestParseAddressErrors(t *testing.T) {
	for _, in := range []string{"", "<", "*", "<sip:a@b", `"Bob <sip:a@b>`, `"Bob" sip:a@b`, `B"ob <sip:a@b>`, "<sip:a@b>x", "<>", "Bob", "Bob\r\nX: y <sip:a@b>", "<sip:a@b>;x=\r\ny"} {
		if a, err := ParseAddress(in); !errors.Is(err, ErrAddress) && !errors.Is(err, ErrURI) {
			t.Errorf("%q: %+v, %v", in, a, err)
		}
	}
}

func TestQuote(t *testing.T) {
	for _, text := range []string{"", "Bob", `a "b" \c`, "Zoë <1>;,"} {
		if have := Unquote(Quote(text)); have != text {
			t.Errorf("%q became %q", text, have)
		}
	}
	if have := Quote("a\r\nX: y"); have != `"aX: y"` {
		t.Errorf("control characters: %s", have)
	}
	for in, want := range map[string]string{`"`: `"`, `a`: "a", `"a\"`: `a\`} {
		if have := Unquote(in); have != want {
			t.Errorf("Unquote(%s) = %q, want %q", in, have, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{`"a\"b" <sip:a@b;lr>;tag=1`, "sip:a@b;tag=x", "A B <tel:1>;x", "<sip:a@b>;x=\"y;z\";"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		out := a.String()
		checkLine(t, out)
		again, err := ParseAddress(out)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, out, err)
		}
		if again.String() != out || again.Tag() != a.Tag() || !sameURI(a.URI, again.URI) {
			t.Fatalf("%q, %q, %q", s, out, again.String())
		}
	})
}
