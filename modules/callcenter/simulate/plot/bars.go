package plot

import (
	"fmt"
	"math"
)

// Bars are values in the order given, one bar each, such as the load of each
// agent. Bars of one colour are of one kind; Kinds names them.
type Bars struct {
	Title, Sub string
	Axis       Axis
	Bars       []Bar
	Kinds      []string // by colour
	X          string   // what a bar is
	Width      float64
	Height     float64
}

// Bar is one of them.
type Bar struct {
	Name  string // shown when the pointer rests on it
	Color int
	Value float64
}

// Draw draws it.
func (b Bars) Draw() Drawing {
	w, h := b.Width, b.Height
	if w == 0 {
		w = 540
	}
	if h == 0 {
		h = 220
	}
	k := &canvas{w: w, h: h}
	top := k.heading(b.Title, b.Sub) + 16
	k.text(8, top-8, "soft", "start", b.Axis.Label)
	y := scale{from: b.Axis.Min, to: b.Axis.Max, start: h - 40, end: top + 4}
	if b.Axis.Max == 0 {
		for _, bar := range b.Bars {
			y.to = max(y.to, bar.Value)
		}
		y.to = nice(y.from, y.to, 4, b.Axis.Format)
	}
	left, right := 52.0, w-12
	list, step := ticks(y.from, y.to, 4, b.Axis.Format)
	for _, v := range list {
		k.line(left, y.at(v), right, y.at(v), "rule")
		k.text(left-6, y.at(v)+4, "soft", "end", b.Axis.Format.write(v, step))
	}
	each := math.Min((right-left)/float64(max(len(b.Bars), 1)), 36)
	gap := 0.0
	if each > 4 {
		gap = math.Max(1, each*0.18)
	}
	for i, bar := range b.Bars {
		at := y.at(min(max(bar.Value, y.from), y.to))
		k.rect(left+each*float64(i)+gap/2, at, each-gap, y.start-at, fmt.Sprintf("f%d", bar.Color%colors),
			bar.Name+": "+b.Axis.Format.write(bar.Value, 0.001))
	}
	k.line(left, y.start, right, y.start, "axis")
	at := left
	for i, kind := range b.Kinds {
		k.rect(at, h-20, 10, 10, fmt.Sprintf("f%d", i%colors), kind)
		k.text(at+15, h-11, "", "start", kind)
		at += width(kind) + 34
	}
	k.text(right, h-11, "soft", "end", b.X)
	return k.done(b.Title)
}
