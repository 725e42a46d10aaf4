package plot

import (
	"math"
	"strconv"
	"strings"
)

// Axis is one of a chart.
type Axis struct {
	Label  string // with the unit: "mean wait (s)"
	Format Format
	Min    float64 // where it starts
	Max    float64 // where it ends; 0: at the largest value
}

// Format writes a value of an axis.
type Format int

// The formats.
const (
	Plain   Format = iota // 12.5
	Percent               // 0.8 as 80 %
	Hours                 // seconds as 1:30
)

func (f Format) write(x, step float64) string {
	switch f {
	case Percent:
		return fixed(100*x, 100*step) + " %"
	case Hours:
		m := int(math.Round(x / 60))
		return strconv.Itoa(m/60) + ":" + string(rune('0'+m%60/10)) + string(rune('0'+m%10))
	}
	return fixed(x, step)
}

// fixed has the digits that tell steps apart.
func fixed(x, step float64) string {
	digits := 0
	if step > 0 {
		digits = max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	}
	if x == 0 {
		x = 0 // no "-0"
	}
	return strings.Replace(strconv.FormatFloat(x, 'f', min(digits, 6), 64), "-", "−", 1)
}

// scale maps values to the page.
type scale struct {
	from, to   float64 // values
	start, end float64 // on the page
}

func (s scale) at(x float64) float64 {
	if s.to == s.from {
		return s.start
	}
	return s.start + (x-s.from)/(s.to-s.from)*(s.end-s.start)
}

// ticks are about n round values.
func ticks(from, to float64, n int, f Format) (list []float64, step float64) {
	if !(to > from) {
		return []float64{from}, 0
	}
	raw := (to - from) / float64(max(n, 1))
	step = round(raw, f)
	for k := math.Ceil(from/step - 1e-9); k*step <= to+1e-9*step; k++ {
		list = append(list, k*step)
	}
	return list, step
}

func round(raw float64, f Format) float64 {
	if f == Hours {
		for _, m := range []float64{1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440} {
			if raw <= 60*m {
				return 60 * m
			}
		}
		return 86400 * math.Ceil(raw/86400)
	}
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if raw <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// nice is the end of an axis that reaches x: a tick, or x where one would
// leave much empty.
func nice(from, x float64, n int, f Format) float64 {
	if f == Hours || !(x > from) {
		return max(x, from+1e-9)
	}
	_, step := ticks(from, x, n, f)
	return math.Ceil(x/step-1e-9) * step
}
