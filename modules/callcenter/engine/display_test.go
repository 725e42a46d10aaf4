package engine

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCallerName(t *testing.T) {
	tests := []struct {
		name, prefix, display, user string
		shown, first                string // on later legs and in rows; on the first leg
	}{
		{"user", "", "", "c2", "c2", ""},
		{"quoted", "", `"Bob B"`, "bob", `"Bob B"`, `"Bob B"`},
		{"quoted, blanks around", "", ` "Bob B" `, "bob", `"Bob B"`, `"Bob B"`},
		{"words", "", "Bob B", "bob", "Bob B", "Bob B"},
		{"escapes stay", "", `"Bob \"B\""`, "bob", `"Bob \"B\""`, `"Bob \"B\""`},
		{"empty", "", `""`, "bob", "bob", ""},
		{"not tokens", "", "Bøb, B", "bob", `"Bøb, B"`, `"Bøb, B"`},
		{"a lone quote", "", `"Bob`, "bob", `"\"Bob"`, `"\"Bob"`},
		{"a quote inside", "", `"Bob" B"`, "bob", `"Bob\" B"`, `"Bob\" B"`},
		{"an escape at the end", "", `"Bob\"`, "bob", `"Bob"`, `"Bob"`},
		{"line break", "", "\"Bob\r\nX: y\"", "bob", `"BobX: y"`, `"BobX: y"`},
		{"not UTF-8", "", "\"B\xffb\"", "bob", "\"B\uFFFDb\"", "\"B\uFFFDb\""},
		{"user that is no token", "", "", "a;b", `"a;b"`, ""},
		{"nothing at all", "", "", "", `""`, ""},
		{"prefix and user", "Sales", "", "bob", `"Sales bob"`, ""},
		{"prefix and name", "Sales", `"Bob B"`, "bob", `"Sales Bob B"`, `"Bob B"`},
		{"prefix and words", "Sales", "Bob B", "bob", `"Sales Bob B"`, "Bob B"},
		{"prefix, escapes", `a"b`, `"x\\y"`, "bob", `"a\"b x\\y"`, `"x\\y"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCaller(tt.prefix, CallArrived{Display: tt.display, User: tt.user})
			if c.name != tt.shown {
				t.Errorf("shown as %s, want %s", c.name, tt.shown)
			}
			if c.display != tt.first {
				t.Errorf("first as %s, want %s", c.display, tt.first)
			}
		})
	}
}

func TestLongCallerName(t *testing.T) {
	for _, name := range []string{strings.Repeat("é", 100), strings.Repeat(`"`, 100), strings.Repeat(`x"`, 100)} {
		got := newCaller("Prefix", CallArrived{User: name}).name
		if n := utf8.RuneCountInString(got); n < maxName-1 || n > maxName {
			t.Errorf("%d characters in %s", n, got)
		}
		if !isQuoted(got) {
			t.Errorf("badly cut: %s", got)
		}
	}
}

func FuzzCallerName(f *testing.F) {
	f.Add("Sales", `"Bob \"B\""`, "bob")
	f.Add("", "Bob\r\n", "b;ob")
	f.Fuzz(func(t *testing.T, prefix, display, user string) {
		c := newCaller(prefix, CallArrived{Display: display, User: user})
		for _, s := range []string{c.name, c.display} {
			if s != "" && !isQuoted(s) && !isWords(s) {
				t.Errorf("%q may not stand in From", s)
			}
		}
		if n := utf8.RuneCountInString(c.name); prefix != "" && n > maxName {
			t.Errorf("%d characters in %q", n, c.name)
		}
	})
}

func TestWithParam(t *testing.T) {
	tests := []struct{ uri, want string }{
		{"sip:moh@media", "sip:moh@media;cc_pos=3"},
		{"sip:moh@media:5060;transport=tcp", "sip:moh@media:5060;transport=tcp;cc_pos=3"},
		{"sip:moh@media?Subject=x", "sip:moh@media;cc_pos=3?Subject=x"},
		{"sip:moh?x@media;a=b?Subject=x", "sip:moh?x@media;a=b;cc_pos=3?Subject=x"},
		{"sip:media?H=v", "sip:media;cc_pos=3?H=v"},
		{"player:moh", "player:moh;cc_pos=3"},
	}
	for _, tt := range tests {
		if got := withParam(tt.uri, "cc_pos", 3); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.uri, got, tt.want)
		}
	}
}
