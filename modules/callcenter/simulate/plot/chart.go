package plot

import (
	"fmt"
	"math"
	"strings"
)

// Chart has lines and points.
type Chart struct {
	Title string // says what is seen
	Sub   string // and how it was measured
	X, Y  Axis
	Lines []Line
	Dots  []Point
	Marks []Mark
	// Width and Height on the page; 0: 540 and 250.
	Width, Height float64
}

// Line is a series. Points that are NaN are left out.
type Line struct {
	Name      string // written at its end
	Color     int
	Dashed    bool
	X, Y      []float64
	Low, High []float64 // a band; nil: none
}

// Point is one value, with its name beside it and intervals in both directions.
type Point struct {
	Name   string
	Color  int
	X, Y   float64
	DX, DY float64
}

// Mark is a level across the chart: a target.
type Mark struct {
	Y    float64
	Name string
}

// Draw draws it.
func (c Chart) Draw() Drawing {
	w, h := c.Width, c.Height
	if w == 0 {
		w = 540
	}
	if h == 0 {
		h = 250
	}
	k := &canvas{w: w, h: h}
	top := k.heading(c.Title, c.Sub) + 16
	k.text(8, top-8, "soft", "start", c.Y.Label)
	x, y := c.extent()
	right := 16.0
	for _, l := range c.Lines {
		right = max(right, width(l.Name)+22)
	}
	x.start, x.end = 52, w-right
	y.start, y.end = h-40, top+4
	c.grid(k, x, y)
	var taken []box
	for _, l := range c.Lines {
		taken = append(taken, l.draw(k, x, y)...)
	}
	for _, p := range c.Dots {
		p.draw(k, x, y)
		taken = append(taken, box{x.at(p.X) - 5, y.at(p.Y) - 5, 10, 10})
	}
	c.ends(k, x, y)
	for _, p := range c.Dots {
		taken = append(taken, p.label(k, x, y, taken))
	}
	return k.done(c.Title)
}

// extent is the range of the values on both axes.
func (c Chart) extent() (x, y scale) {
	x, y = scale{from: c.X.Min, to: c.X.Max}, scale{from: c.Y.Min, to: c.Y.Max}
	see := func(s *scale, a Axis, v float64) {
		if a.Max == 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.to = max(s.to, v)
		}
	}
	for _, l := range c.Lines {
		for i := range l.X {
			see(&x, c.X, l.X[i])
			see(&y, c.Y, l.Y[i])
			if l.High != nil {
				see(&y, c.Y, l.High[i])
			}
		}
	}
	for _, p := range c.Dots {
		see(&x, c.X, p.X+p.DX)
		see(&y, c.Y, p.Y+p.DY)
	}
	for _, m := range c.Marks {
		see(&y, c.Y, m.Y)
	}
	if c.X.Max == 0 && len(c.Dots) > 0 {
		x.to = nice(x.from, x.to, 6, c.X.Format)
	}
	if c.Y.Max == 0 {
		y.to = nice(y.from, y.to, 4, c.Y.Format)
	}
	return x, y
}

func (c Chart) grid(k *canvas, x, y scale) {
	list, step := ticks(y.from, y.to, 4, c.Y.Format)
	for _, v := range list {
		k.line(x.start, y.at(v), x.end, y.at(v), "rule")
		k.text(x.start-6, y.at(v)+4, "soft", "end", c.Y.Format.write(v, step))
	}
	list, step = ticks(x.from, x.to, int((x.end-x.start)/80), c.X.Format)
	for _, v := range list {
		k.line(x.at(v), y.start, x.at(v), y.start+4, "axis")
		k.text(x.at(v), y.start+17, "soft", "middle", c.X.Format.write(v, step))
	}
	k.line(x.start, y.start, x.end, y.start, "axis")
	k.text(x.end, y.start+34, "soft", "end", c.X.Label)
	for _, m := range c.Marks {
		k.line(x.start, y.at(m.Y), x.end, y.at(m.Y), "mark")
		k.text(x.start+4, y.at(m.Y)-5, "soft", "start", m.Name)
	}
}

// draw draws a line, and returns where it runs.
func (l Line) draw(k *canvas, x, y scale) (taken []box) {
	in := func(v float64) float64 { return min(max(v, y.from), y.to) }
	if l.Low != nil {
		var up, down []string
		for i := range l.X {
			if !math.IsNaN(l.Low[i]) {
				up = append(up, num(x.at(l.X[i]))+","+num(y.at(in(l.High[i]))))
				down = append([]string{num(x.at(l.X[i])) + "," + num(y.at(in(l.Low[i])))}, down...)
			}
		}
		k.add(`<polygon points="%s %s" class="band f%d"/>`, strings.Join(up, " "), strings.Join(down, " "), l.Color%colors)
	}
	class := fmt.Sprintf("line s%d", l.Color%colors)
	if l.Dashed {
		class += " dashed"
	}
	var path strings.Builder
	pen := "M"
	for i := range l.X {
		if math.IsNaN(l.Y[i]) || math.IsInf(l.Y[i], 0) {
			pen = "M"
			continue
		}
		px, py := x.at(l.X[i]), y.at(in(l.Y[i]))
		fmt.Fprintf(&path, "%s%s %s", pen, num(px), num(py))
		pen = "L"
		taken = append(taken, box{px - 4, py - 4, 8, 8})
	}
	k.add(`<path d="%s" class="%s"/>`, path.String(), class)
	return taken
}

func (p Point) draw(k *canvas, x, y scale) {
	class := fmt.Sprintf("line s%d", p.Color%colors)
	if p.DX > 0 {
		k.line(x.at(p.X-p.DX), y.at(p.Y), x.at(p.X+p.DX), y.at(p.Y), class)
	}
	if p.DY > 0 {
		k.line(x.at(p.X), y.at(p.Y-p.DY), x.at(p.X), y.at(p.Y+p.DY), class)
	}
	k.dot(x.at(p.X), y.at(p.Y), 5, fmt.Sprintf("dot f%d", p.Color%colors), p.Name)
}
