package plot

import (
	"fmt"
	"math"
	"slices"
)

// box is an area of the page.
type box struct{ x, y, w, h float64 }

func (a box) overlap(b box) float64 {
	w := min(a.x+a.w, b.x+b.w) - max(a.x, b.x)
	h := min(a.y+a.h, b.y+b.h) - max(a.y, b.y)
	return max(w, 0) * max(h, 0)
}

// label writes a point's name where it hides least.
func (p Point) label(k *canvas, x, y scale, taken []box) box {
	px, py, w := x.at(p.X), y.at(p.Y), width(p.Name)
	best, cost := box{}, math.Inf(1)
	for _, b := range []box{
		{px + 9, py - 8, w, 15}, {px + 7, py - 24, w, 15}, {px + 7, py + 8, w, 15},
		{px - 9 - w, py - 8, w, 15}, {px - w/2, py - 26, w, 15}, {px - w/2, py + 10, w, 15},
		{px - 7 - w, py - 24, w, 15}, {px - 7 - w, py + 8, w, 15},
	} {
		c := 0.0
		for _, t := range taken {
			c += b.overlap(t)
		}
		if b.x < x.start || b.x+b.w > k.w-4 || b.y < y.end-8 || b.y+b.h > y.start {
			c += 1000
		}
		if c < cost {
			best, cost = b, c
		}
	}
	k.text(best.x, best.y+12, fmt.Sprintf("end f%d", p.Color%colors), "start", p.Name)
	return best
}

// ends writes the names of the lines at their ends, none over another.
func (c Chart) ends(k *canvas, x, y scale) {
	type end struct {
		Line
		at float64
	}
	var list []end
	for _, l := range c.Lines {
		for i := len(l.Y) - 1; i >= 0; i-- {
			if !math.IsNaN(l.Y[i]) && !math.IsInf(l.Y[i], 0) {
				list = append(list, end{l, y.at(min(max(l.Y[i], y.from), y.to))})
				break
			}
		}
	}
	slices.SortStableFunc(list, func(a, b end) int { return int(math.Copysign(1, a.at-b.at)) })
	const apart = 15
	for i := 1; i < len(list); i++ {
		list[i].at = max(list[i].at, list[i-1].at+apart)
	}
	low := y.start + 4
	for i := len(list) - 1; i >= 0; i-- {
		list[i].at = min(list[i].at, low)
		low = list[i].at - apart
	}
	for _, e := range list {
		k.text(x.end+8, e.at+4, fmt.Sprintf("end f%d", e.Color%colors), "start", e.Name)
	}
}
