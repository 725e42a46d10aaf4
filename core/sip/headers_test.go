package sip

import (
	"fmt"
	"slices"
	"testing"
)

func TestHeaders(t *testing.T) {
	h := Headers{{"Via", "1"}, {"v", "2"}, {"CALL-id", "x"}, {"Via", "3"}}
	if h.Get("via") != "1" || h.Get("i") != "x" || h.Get("To") != "" || !h.Has("V") || h.Has("t") {
		t.Error("Get or Has")
	}
	if have := h.Values("Via"); !slices.Equal(have, []string{"1", "2", "3"}) {
		t.Errorf("Values: %q", have)
	}
	c := h.Clone()
	c.Set("VIA", "new")
	c.Set("Max-Forwards", "70")
	c.Prepend("Route", "r")
	if have := fmt.Sprint(c); have != "[{Route r} {Via new} {CALL-id x} {Max-Forwards 70}]" {
		t.Errorf("Set: %s", have)
	}
	if n := c.Del("Via"); n != 1 || c.Has("Via") {
		t.Errorf("Del: %d", n)
	}
	if have := fmt.Sprint(h); have != "[{Via 1} {v 2} {CALL-id x} {Via 3}]" {
		t.Errorf("the original changed: %s", have)
	}
	if LongName("x") != "Session-Expires" || LongName("Q") != "Q" || LongName("To") != "To" || LongName("") != "" {
		t.Error("LongName")
	}
}

func TestSplitList(t *testing.T) {
	for in, want := range map[string][]string{
		"":                          nil,
		" , ,":                      nil,
		"a, b,c":                    {"a", "b", "c"},
		`"x, \", y" <sip:a,b@h>, z`: {`"x, \", y" <sip:a,b@h>`, "z"},
		"> , <a,b":                  {">", "<a,b"},
	} {
		if have := SplitList(in); !slices.Equal(have, want) {
			t.Errorf("%q: %q, want %q", in, have, want)
		}
	}
}

func TestParams(t *testing.T) {
	p := ParseParams(`;a=1; B ;c="x;\";y" ;;=z;d=`)
	if have := p.String(); have != `;a=1;B;c="x;\";y";d=` {
		t.Errorf("written as %s", have)
	}
	if v, ok := p.Get("b"); v != "" || !ok {
		t.Error("Get")
	}
	p.Set("b", "2")
	p.Set("e", "3")
	p.Del("A")
	if have := p.String(); have != `;B=2;c="x;\";y";d=;e=3` {
		t.Errorf("changed to %s", have)
	}
	if _, ok := p.Get("a"); ok {
		t.Error("Del")
	}
}
