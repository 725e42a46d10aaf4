package plot

import (
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		from, to float64
		n        int
		f        Format
		want     []string
	}{
		{0, 10, 5, Plain, []string{"0", "2", "4", "6", "8", "10"}},
		{0, 0.9, 4, Percent, []string{"0 %", "50 %"}},
		{-3, 1, 4, Plain, []string{"−3", "−2", "−1", "0", "1"}},
		{0, 0.04, 4, Plain, []string{"0.00", "0.01", "0.02", "0.03", "0.04"}},
		{0, 8 * 3600, 4, Hours, []string{"0:00", "2:00", "4:00", "6:00", "8:00"}},
		{5, 5, 4, Plain, []string{"5"}},
	} {
		list, step := ticks(tt.from, tt.to, tt.n, tt.f)
		var got []string
		for _, v := range list {
			got = append(got, tt.f.write(v, step))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("from %g to %g: %q, want %q", tt.from, tt.to, got, tt.want)
		}
	}
	if got := nice(0, 22.3, 4, Plain); got != 30 {
		t.Errorf("an axis to 22.3 ends at %g", got)
	}
}

// wellFormed holds that a drawing can be read, has only numbers where numbers
// must be, and lets no text become an element.
func wellFormed(t *testing.T, name string, d Drawing) {
	t.Helper()
	for _, s := range []string{string(d), Standalone(d)} {
		dec := xml.NewDecoder(strings.NewReader(s))
		for {
			tok, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, s)
			}
			if e, ok := tok.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "b") {
				t.Errorf("%s: an element %s", name, e.Name.Local)
			}
		}
		if strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s: not a number in %s", name, s)
		}
	}
}

func TestDraw(t *testing.T) {
	const evil = `<b>"&'</b>`
	nan, inf := math.NaN(), math.Inf(1)
	for name, d := range map[string]Drawing{
		"chart": Chart{Title: evil, Sub: evil, X: Axis{Label: evil}, Y: Axis{Label: evil}, Marks: []Mark{{1, evil}},
			Lines: []Line{{Name: evil, Color: 99, X: []float64{0, 1, 2, 3}, Y: []float64{1, nan, inf, 2}, Low: []float64{0, 0, nan, 1}, High: []float64{1, 1, nan, 3}}},
			Dots:  []Point{{Name: evil, X: 1, Y: 1, DX: 1, DY: 1}, {Name: "over it", X: 1, Y: 1}}}.Draw(),
		"nothing":     Chart{}.Draw(),
		"all nought":  Chart{Lines: []Line{{X: []float64{0, 1}, Y: []float64{0, 0}}}}.Draw(),
		"dots":        Dots{Title: evil, Rows: []Row{{evil, 7, 1, 0.5, evil}, {"-", 0, nan, 0, ""}, {"=", 0, inf, inf, ""}}, Ref: &Ref{9, evil}}.Draw(),
		"no dots":     Dots{}.Draw(),
		"differences": Dots{Axis: Axis{Min: -4.4}, Rows: []Row{{"a", 0, -4, 0.4, ""}}, Ref: &Ref{}}.Draw(),
		"bars":        Bars{Title: evil, Bars: []Bar{{evil, 0, 0.5}, {evil, 1, 2}, {"neg", 2, -1}}, Kinds: []string{evil}, X: evil}.Draw(),
		"no bars":     Bars{}.Draw(),
	} {
		wellFormed(t, name, d)
	}
}

// TestEnds holds that names at the ends of lines do not lie over each other.
func TestEnds(t *testing.T) {
	c := Chart{X: Axis{Max: 1}, Y: Axis{Max: 1}}
	for range 5 {
		c.Lines = append(c.Lines, Line{Name: "one", X: []float64{0, 1}, Y: []float64{0, 0}})
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(string(c.Draw()), "<text ") {
		if strings.Contains(part, "end f0") {
			_, y, _ := strings.Cut(part, `y="`)
			y, _, _ = strings.Cut(y, `"`)
			if seen[y] {
				t.Errorf("two names at y=%s", y)
			}
			seen[y] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d names, want 5", len(seen))
	}
}
