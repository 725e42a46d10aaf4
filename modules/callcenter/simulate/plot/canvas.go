package plot

import (
	"fmt"
	"html"
	"strings"
)

// canvas collects the elements of a drawing.
type canvas struct {
	b    strings.Builder
	w, h float64
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

// text writes at a point; anchor is start, middle or end.
func (c *canvas) text(x, y float64, class, anchor, s string) {
	c.add(`<text x="%s" y="%s" class="%s" text-anchor="%s">%s</text>`, num(x), num(y), class, anchor, html.EscapeString(s))
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	c.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" class="%s"/>`, num(x1), num(y1), num(x2), num(y2), class)
}

// dot draws a point with what is shown when the pointer rests on it.
func (c *canvas) dot(x, y, r float64, class, hint string) {
	c.add(`<circle cx="%s" cy="%s" r="%s" class="%s"><title>%s</title></circle>`, num(x), num(y), num(r), class, html.EscapeString(hint))
}

func (c *canvas) rect(x, y, w, h float64, class, hint string) {
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" class="%s"><title>%s</title></rect>`, num(x), num(y), num(w), num(h), class, html.EscapeString(hint))
}

// done wraps it up; title is read to those who cannot see.
func (c *canvas) done(title string) Drawing {
	return Drawing(fmt.Sprintf("<svg class=\"plot\" viewBox=\"0 0 %s %s\" width=\"%s\" height=\"%s\" role=\"img\" aria-label=\"%s\">\n%s</svg>",
		num(c.w), num(c.h), num(c.w), num(c.h), html.EscapeString(title), c.b.String()))
}

// num is a coordinate, with as few bytes as the eye needs.
func num(x float64) string {
	s := fmt.Sprintf("%.1f", x)
	return strings.TrimSuffix(s, ".0")
}

// width is about how wide a text is.
func width(s string) float64 { return 6.6 * float64(len([]rune(s))) }

func (c *canvas) heading(title, sub string) (y float64) {
	y = 20
	for _, l := range wrap(title, c.w-16, 7.6) {
		c.text(8, y, "title", "start", l)
		y += 18
	}
	for _, l := range wrap(sub, c.w-16, 6.3) {
		c.text(8, y, "soft", "start", l)
		y += 16
	}
	return y
}

// wrap breaks a text into lines.
func wrap(s string, room, perRune float64) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && perRune*float64(len([]rune(line))+1+len([]rune(word))) > room {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
