package plot

import (
	"fmt"
	"math"
)

// Dots is one measure of several things, each a point with its interval on a
// line of its own.
type Dots struct {
	Title, Sub string
	Axis       Axis
	Rows       []Row
	Ref        *Ref // a line across all: a limit, or no difference
	Width      float64
	Names      float64 // room for the names; 0: as they need
}

// Row is one of them.
type Row struct {
	Name     string
	Color    int
	Value    float64
	Interval float64 // half of it
	Note     string  // written at the right
}

// Ref is a value to compare with.
type Ref struct {
	Value float64
	Name  string
}

// Draw draws it. The axis starts at Min, or lower when values do.
func (d Dots) Draw() Drawing {
	const high = 24
	w := d.Width
	if w == 0 {
		w = 540
	}
	k := &canvas{w: w}
	top := k.heading(d.Title, d.Sub) + 6
	names, notes := d.Names, 0.0
	x := scale{from: d.Axis.Min, to: d.Axis.Max}
	see := func(v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			x.from, x.to = min(x.from, v), max(x.to, v)
		}
	}
	for _, r := range d.Rows {
		names, notes = max(names, width(r.Name)+16), max(notes, width(r.Note)+22)
		see(r.Value - r.Interval)
		see(r.Value + r.Interval)
	}
	if d.Ref != nil {
		see(d.Ref.Value)
	}
	if x.from < d.Axis.Min {
		x.from = -nice(-d.Axis.Min, -x.from, 3, d.Axis.Format)
	}
	if x.from == x.to {
		x.to = x.from + 1
	}
	if d.Axis.Max == 0 {
		x.to = nice(x.from, x.to, 4, d.Axis.Format)
	} else {
		x.to = d.Axis.Max
	}
	x.start, x.end = names, w-max(notes, 24)
	if d.Ref != nil && d.Ref.Name != "" {
		top += 14
	}
	bottom := top + high*float64(len(d.Rows))
	k.h = bottom + 40
	list, step := ticks(x.from, x.to, max(int((x.end-x.start)/70), 2), d.Axis.Format)
	for _, v := range list {
		k.line(x.at(v), top, x.at(v), bottom, "rule")
		k.text(x.at(v), bottom+16, "soft", "middle", d.Axis.Format.write(v, step))
	}
	k.text(x.end, bottom+33, "soft", "end", d.Axis.Label)
	if d.Ref != nil {
		d.ref(k, x, top, bottom)
	}
	for i, r := range d.Rows {
		r.draw(k, x, top+high*(float64(i)+0.5))
	}
	return k.done(d.Title)
}

func (d Dots) ref(k *canvas, x scale, top, bottom float64) {
	at := x.at(d.Ref.Value)
	k.line(at, top, at, bottom, "mark")
	anchor := "start"
	if at+width(d.Ref.Name) > k.w {
		anchor = "end"
	}
	k.text(at, top-4, "soft", anchor, d.Ref.Name)
}

func (r Row) draw(k *canvas, x scale, y float64) {
	k.text(x.start-10, y+4, "", "end", r.Name)
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return
	}
	if r.Interval > 0 {
		k.line(x.at(max(r.Value-r.Interval, x.from)), y, x.at(min(r.Value+r.Interval, x.to)), y, fmt.Sprintf("line s%d", r.Color%colors))
	}
	k.dot(x.at(r.Value), y, 4.5, fmt.Sprintf("dot f%d", r.Color%colors), r.Name+": "+r.Note)
	k.text(k.w-6, y+4, "", "end", r.Note)
}
