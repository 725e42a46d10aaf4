package main

import (
	"strings"
	"unicode"
)

// board is one table of the wallboard.
type board struct {
	columns []column
	rows    []row
	always  bool // shown when empty, too
}

// column is a column of a board. The one of width 0 takes what is left.
type column struct {
	title string
	width int
	left  bool
}

type row struct {
	cells  []string
	colour string
}

// least is what the widest column keeps; columns on the right make room.
const least = 12

// lines writes title and rows for a width. What does not fit is left out from
// the right, and long names are cut.
func (b board) lines(width int) (list []line) {
	columns := b.columns
	rest := func() int {
		n := width
		for _, c := range columns {
			n -= c.width
		}
		return n - 2*(len(columns)-1)
	}
	for len(columns) > 2 && rest() < least {
		columns = columns[:len(columns)-1]
	}
	write := func(cells []string) string {
		parts := make([]string, len(columns))
		for i, c := range columns {
			w := c.width
			if w == 0 {
				w = max(rest(), least)
			}
			text := fit(plain(cells[i]), w)
			if pad := strings.Repeat(" ", w-cellWidth(text)); c.left {
				parts[i] = text + pad
			} else {
				parts[i] = pad + text
			}
		}
		return strings.Join(parts, "  ")
	}
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	list = append(list, line{text: write(titles), colour: colourHead})
	for _, r := range b.rows {
		list = append(list, line{text: write(r.cells), colour: r.colour})
	}
	return list
}

// fit cuts a text to a number of cells, with an ellipsis.
func fit(text string, width int) string {
	if cellWidth(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for _, r := range text {
		w := runeWidth(r)
		if used+w > width-1 {
			break
		}
		used += w
		b.WriteRune(r)
	}
	if width > 0 {
		b.WriteString("…")
	}
	return b.String()
}

func cellWidth(text string) (n int) {
	for _, r := range text {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is how many cells a terminal gives to a character: none to marks
// that combine, two to East Asian wide ones and emoji (Unicode TR11).
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f680 && r <= 0x1f6ff, r >= 0x1f900 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// maxMarks is how many combining marks one character keeps: more is an
// attack on the lines around it.
const maxMarks = 2

// plain takes control characters, direction marks and heaps of combining
// marks out of what others wrote, so that it cannot command the terminal.
func plain(text string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co):
			return -1
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				return -1
			}
		default:
			marks = 0
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}
