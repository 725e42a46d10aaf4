package docstest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/mi"
	"github.com/sipd/sipd/core/stat"
)

// order is the order of the sections every README has.
var order = [...]string{"Needs", "Parameters", "Functions", "Commands", "Statistics", "Events", "Example", "Differences from OpenSIPS"}

// problems lists the differences, one sentence each.
func problems(r readme, d declaration) (ps []string) {
	if !slices.ContainsFunc(d.names, func(n string) bool { return strings.Contains(r.title, n) }) {
		ps = append(ps, fmt.Sprintf("the title is %q: want %s", r.title, strings.Join(d.names, " or ")))
	}
	ps = append(ps, sections(r)...)
	ps = append(ps, needs(r.section("Needs"), d)...)
	ps = append(ps, params(r.section("Parameters"), d.Params)...)
	ps = append(ps, funcs(r.section("Functions"), d.Funcs)...)
	ps = append(ps, commands(r.section("Commands"), d.MI)...)
	ps = append(ps, stats(r.section("Statistics"), d)...)
	ps = append(ps, events(r.section("Events"), d)...)
	ps = append(ps, vars(r.section("Pseudo-variables"), d.Vars)...)
	for _, c := range d.Callbacks {
		if !strings.Contains(r.text, "`"+c.Name+"`") {
			ps = append(ps, fmt.Sprintf("callback `%s` is not mentioned", c.Name))
		}
	}
	if len(r.routes) == 0 {
		ps = append(ps, "no ```lua route block")
	}
	return ps
}

func sections(r readme) (ps []string) {
	at := -1
	for _, want := range order {
		i := slices.IndexFunc(r.sections, func(s section) bool { return s.title == want })
		switch {
		case i < 0:
			ps = append(ps, fmt.Sprintf("no section %q", want))
		case i < at:
			ps = append(ps, fmt.Sprintf("section %q comes too early: the order is %s", want, strings.Join(order[:], ", ")))
		}
		at = max(at, i)
	}
	return ps
}

// both compares two sets of names.
func both(what string, declared, written []string) (ps []string) {
	for _, n := range declared {
		if !slices.Contains(written, n) {
			ps = append(ps, fmt.Sprintf("%s %s is not described", what, n))
		}
	}
	for i, n := range written {
		if !slices.Contains(declared, n) {
			ps = append(ps, fmt.Sprintf("%s %s is described and does not exist", what, n))
		}
		if slices.Contains(written[:i], n) {
			ps = append(ps, fmt.Sprintf("%s %s is described twice", what, n))
		}
	}
	return ps
}

// all reports the words that are missing among those in backticks.
func all(where, what string, words []string, text string) (ps []string) {
	have := quoted(text)
	for _, w := range words {
		if !have[w] {
			ps = append(ps, fmt.Sprintf("%s: %s `%s` is not mentioned", where, what, w))
		}
	}
	return ps
}

func needs(s section, d declaration) []string {
	var others []string
	for _, n := range d.Needs {
		if !slices.Contains(d.names, n) {
			others = append(others, n)
		}
	}
	return all("section Needs", "module", others, s.allText())
}

func params(s section, list []core.Param) (ps []string) {
	rows := s.allRows()
	ps = both("parameter", names(list, func(p core.Param) string { return p.Name }), firstCells(rows))
	for _, p := range list {
		row := find(rows, p.Name)
		if row == nil {
			continue
		}
		if len(row) != 4 || row[3] == "" {
			ps = append(ps, fmt.Sprintf("parameter %s: want the cells Name, Type, Default and Meaning", p.Name))
			continue
		}
		if t := typeOf(p.Want); !strings.HasPrefix(row[1], t) {
			ps = append(ps, fmt.Sprintf("parameter %s: type %q: want %q", p.Name, row[1], t))
		}
		if def := value(row[2]); def != p.Default {
			ps = append(ps, fmt.Sprintf("parameter %s: default %q: want %q", p.Name, def, p.Default))
		}
	}
	return ps
}

// typeOf is the word for what a parameter wants; "" where any will do.
func typeOf(want string) string {
	switch {
	case strings.HasPrefix(want, "an integer"):
		return "integer"
	case want == "a string", strings.HasPrefix(want, "one of "):
		return "string"
	case want == "seconds", want == "milliseconds", want == "0 or 1":
		return want
	}
	return ""
}

// value reads a default.
func value(cell string) string {
	cell = strings.Trim(cell, "`\"")
	if cell == "empty" {
		return ""
	}
	return cell
}

func funcs(s section, list []core.Func) (ps []string) {
	var declared, written []string
	for _, f := range list {
		declared = append(declared, signature(f))
	}
	for _, sub := range s.subs {
		written = append(written, strings.ReplaceAll(sub.title, " ", ""))
	}
	ps = both("function", declared, written)
	for _, f := range list {
		i := slices.Index(written, signature(f))
		if i < 0 {
			continue
		}
		want := make([]string, 0, len(f.Codes))
		for code := range f.Codes {
			want = append(want, strconv.Itoa(int(code)))
		}
		slices.Sort(want)
		got := slices.DeleteFunc(firstCells(s.subs[i].rows), func(cell string) bool {
			_, err := strconv.Atoi(cell)
			return err != nil || cell == "1" && f.Codes[1] == ""
		})
		ps = append(ps, both("function "+f.Name+": code", want, got)...)
	}
	return ps
}

// signature writes f(a,b[,c[,d]]), without blanks.
func signature(f core.Func) string {
	text, open := f.Name+"(", 0
	for i, a := range f.Args {
		if a.Optional {
			text += "["
			open++
		}
		if i > 0 {
			text += ","
		}
		text += a.Name
	}
	return text + strings.Repeat("]", open) + ")"
}

func commands(s section, list []mi.Command) (ps []string) {
	ps = both("command", names(list, func(c mi.Command) string { return c.Name }), titles(s.subs))
	for _, sub := range s.subs {
		for _, c := range list {
			if c.Name != sub.title {
				continue
			}
			ps = append(ps, all("command "+c.Name, "alias", c.Aliases, sub.text)...)
			for _, r := range c.Recipes {
				ps = append(ps, all("command "+c.Name, "parameter", names(r, func(p mi.Param) string { return p.Name }), sub.text)...)
			}
		}
	}
	slices.Sort(ps) // a parameter of several recipes is missed once
	return slices.Compact(ps)
}

func stats(s section, d declaration) (ps []string) {
	rows := s.allRows()
	var declared, written []string
	kinds := make(map[string]string)
	for _, st := range d.Stats {
		declared = append(declared, d.statName(st.Name))
		kinds[d.statName(st.Name)] = kindOf(st.Kind)
	}
	for _, name := range firstCells(rows) {
		written = append(written, d.statName(name))
	}
	ps = both("statistic", declared, written)
	for i, row := range rows {
		if want := kinds[written[i]]; want != "" && (len(row) != 3 || row[1] != want || row[2] == "") {
			ps = append(ps, fmt.Sprintf("statistic %s: want the cells Name, Kind %q and Meaning", written[i], want))
		}
	}
	return ps
}

// statName is the name that stands for a statistic: without the group when
// that is the module, and with the family's letter.
func (d declaration) statName(name string) string {
	for _, m := range d.names {
		name = strings.TrimPrefix(name, m+":")
	}
	for long, short := range map[string]string{"-FLOW": "-F", "-AGENT": "-A"} {
		if base, ok := strings.CutSuffix(name, long); ok {
			return base + short
		}
	}
	return name
}

func kindOf(k stat.Kind) string {
	switch k {
	case stat.Counter:
		return "counter"
	case stat.Gauge:
		return "gauge"
	}
	return "function"
}

func events(s section, d declaration) (ps []string) {
	var declared []string
	for _, e := range d.Events {
		declared = append(declared, e.Name)
	}
	ps = both("event", declared, titles(s.subs))
	for _, sub := range s.subs {
		if i := slices.Index(declared, sub.title); i >= 0 {
			ps = append(ps, all("event "+sub.title, "field", d.Events[i].Fields, sub.text)...)
		}
	}
	return ps
}

func vars(s section, list []core.Var) []string {
	var declared, written []string
	for _, v := range list {
		declared = append(declared, v.Name)
	}
	for w := range quoted(s.allText()) {
		if name, ok := strings.CutPrefix(w, "pv."); ok {
			written = append(written, name)
		}
	}
	slices.Sort(written)
	return both("pseudo-variable", declared, written)
}

func names[T any](list []T, name func(T) string) (ns []string) {
	for _, x := range list {
		ns = append(ns, name(x))
	}
	return ns
}

func titles(subs []section) []string {
	return names(subs, func(s section) string { return strings.Trim(s.title, "`") })
}

func firstCells(rows [][]string) []string {
	return names(rows, func(row []string) string { return strings.Trim(row[0], "`") })
}

func find(rows [][]string, name string) []string {
	for _, row := range rows {
		if strings.Trim(row[0], "`") == name {
			return row
		}
	}
	return nil
}
