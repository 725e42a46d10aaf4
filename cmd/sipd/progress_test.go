package main

import (
	"strings"
	"testing"
)

func TestProgress(t *testing.T) {
	var b strings.Builder
	newProgress(&b).show(1, 2)
	if b.Len() > 0 {
		t.Errorf("no terminal, and yet %q", b.String())
	}
	p := &progress{out: &b}
	p.show(1, 2)
	p.show(1, 2) // nothing new
	p.clear()
	if want := "\r[" + strings.Repeat("=", 20) + strings.Repeat(" ", 20) + "] 1 of 2 runs\r\x1b[K"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	(&progress{out: &b}).clear()
	if b.Len() > 0 {
		t.Errorf("nothing was drawn, and yet %q", b.String())
	}
}
