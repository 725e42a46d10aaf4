package main

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"text/template"
	"time"
)

//go:embed dispatch.md.tmpl
var pageText string

// page is docs/dispatch.md.
func (r *results) page() (string, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"percent": percent, "s1": func(x float64) string { return digits(x, 1) }, "s3": func(x float64) string { return digits(x, 3) },
		"s4": func(x float64) string { return digits(x, 4) }, "us": micro, "join": strings.Join,
	}).Parse(pageText)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, r)
	return b.String(), err
}

// tables is what is printed: the page without its prose.
func (r *results) tables() string {
	page, err := r.page()
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "|") {
			if strings.HasPrefix(line, "#") {
				b.WriteString("\n")
			}
			b.WriteString(line)
		}
	}
	return b.String()
}

func percent(x float64) string { return digits(100*x, 1) + " %" }

func digits(x float64, n int) string {
	s := fmt.Sprintf("%.*f", n, x)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

func micro(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", max(d.Microseconds(), 1))
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// check is a figure that must be reached.
type check struct {
	What, Want, Got string
	OK              bool
}

// Met is what the page says of a check.
func (c check) Met() string {
	if c.OK {
		return "yes"
	}
	return "**no**"
}

// Checks are the figures that look-ahead, the estimator, plugins and the
// simulator are held to.
func (r *results) Checks() (list []check) {
	add := func(ok bool, what, want, format string, args ...any) {
		list = append(list, check{what, want, fmt.Sprintf(format, args...), ok})
	}
	for _, t := range r.Tiny {
		for _, row := range t.Rows {
			if row.Policy == "look-ahead" {
				add(row.Regret <= 0.05, fmt.Sprintf("tiny, load %g: cost of look-ahead above the optimum", t.Load), "≤ 5 %", "%s ± %s", percent(row.Regret), percent(row.Half))
			}
		}
	}
	for _, m := range r.Mixed {
		base, ahead := m.row("balancing"), m.row("look-ahead")
		at := fmt.Sprintf("mixed, load %g: ", m.Load)
		ratio := ahead.Inversions / math.Max(base.Inversions, 1e-9)
		add(ratio <= 0.25, at+"inversions of look-ahead to those of balancing", "≤ 1/4", "%.2f", ratio)
		add(ahead.Gini <= base.Gini+0.05, at+"Gini of look-ahead less that of balancing", "≤ 0.050", "%s", digits(ahead.Gini-base.Gini, 3))
		add(len(m.LostByAhead) == 0, at+"classes that balancing keeps at 80/20 and look-ahead does not", "none", "%s", orNone(m.LostByAhead))
		add(ahead.Priority == 0, at+"calls that passed one of better priority", "0", "%g", ahead.Priority)
	}
	for _, e := range r.EWT {
		add(math.Abs(e.Bias) <= e.Mean/10 && e.Error < e.TheirError, "announced wait, "+e.Case, "bias ≤ 10 %, error below OpenSIPS's", "%s, %.1f s to %.1f s", percent(e.Bias/e.Mean), e.Error, e.TheirError)
	}
	for _, s := range r.Speed {
		if s.Policy != "look-ahead" || s.Waiting != 1000 {
			continue
		}
		if s.Plugin {
			add(s.P99 <= 5*time.Millisecond, "99 % of decisions of look-ahead as a plugin, 1,000 waiting, 300 agents", "≤ 5 ms", "%s", micro(s.P99))
		} else {
			add(s.P99 <= 2*time.Millisecond, "99 % of decisions of look-ahead, 1,000 waiting, 300 agents", "≤ 2 ms", "%s", micro(s.P99))
		}
	}
	add(r.Days >= 1000, "simulated agent-days of mixed a minute, one core", "≥ 1,000", "%.0f", r.Days)
	return list
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// Full reports whether the page has the full lengths.
func (r *results) Full() bool { return r.Part >= 1 }

// How says where a decision is made.
func (s speed) How() string {
	if s.Plugin {
		return s.Policy + ", as a plugin"
	}
	return s.Policy
}
