package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// progress is a bar on a terminal, and nothing anywhere else.
type progress struct {
	out   io.Writer // nil: no terminal
	shown string
}

func newProgress(out io.Writer) *progress {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &progress{out: out}
	}
	return &progress{}
}

// barWidth is the length of a full bar in characters.
const barWidth = 40

// show draws how many are done. It draws only what is new.
func (p *progress) show(done, all int) {
	if p.out == nil || all == 0 {
		return
	}
	full := done * barWidth / all
	text := fmt.Sprintf("\r[%s%s] %d of %d runs", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done, all)
	if text != p.shown {
		p.shown = text
		fmt.Fprint(p.out, text)
	}
}

// clear takes the bar away.
func (p *progress) clear() {
	if p.shown != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
