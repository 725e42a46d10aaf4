package docstest

import (
	"regexp"
	"strings"
)

// readme is what of a README can be compared.
type readme struct {
	title    string
	sections []section
	routes   []Route
	text     string // all of it
}

// section is a heading with what stands below it.
type section struct {
	title string
	text  string     // without fenced blocks and without subsections
	rows  [][]string // the cells of its tables, without their headers
	subs  []section
}

// parse reads the parts of Markdown that READMEs of modules use.
func parse(text string) (r readme) {
	r.text = text
	var fence *Route // the block that is open
	last := func() *section {
		if len(r.sections) == 0 {
			return &section{}
		}
		s := &r.sections[len(r.sections)-1]
		if len(s.subs) > 0 {
			return &s.subs[len(s.subs)-1]
		}
		return s
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case fence != nil && strings.HasPrefix(line, "```"):
			if fence.File == "lua route" {
				r.routes = append(r.routes, *fence)
			}
			fence = nil
		case fence != nil:
			fence.Text += line + "\n"
		case strings.HasPrefix(line, "```"):
			fence = &Route{File: strings.TrimPrefix(line, "```"), Line: i + 2}
		case strings.HasPrefix(line, "# "):
			r.title = strings.TrimSpace(line[2:])
		case strings.HasPrefix(line, "## "):
			r.sections = append(r.sections, section{title: strings.TrimSpace(line[3:])})
		case strings.HasPrefix(line, "### ") && len(r.sections) > 0:
			s := &r.sections[len(r.sections)-1]
			s.subs = append(s.subs, section{title: strings.TrimSpace(line[4:])})
		default:
			last().add(line)
		}
	}
	return r
}

// rule is the line below the header of a table.
var rule = regexp.MustCompile(`^\|[ |:-]+\|\s*$`)

func (s *section) add(line string) {
	s.text += line + "\n"
	switch {
	case !strings.HasPrefix(line, "|"):
	case rule.MatchString(line) && len(s.rows) > 0:
		s.rows = s.rows[:len(s.rows)-1] // what came before was the header
	default:
		s.rows = append(s.rows, cells(line))
	}
}

// cells splits a row; a pipe inside a cell is written \|.
func cells(line string) []string {
	line = strings.ReplaceAll(line, `\|`, "\x00")
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	list := strings.Split(line, "|")
	for i, c := range list {
		list[i] = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
	}
	return list
}

// section returns the section of that title, or an empty one.
func (r readme) section(title string) section {
	for _, s := range r.sections {
		if s.title == title {
			return s
		}
	}
	return section{}
}

// allRows are the rows of a section and of its subsections.
func (s section) allRows() [][]string {
	rows := s.rows
	for _, sub := range s.subs {
		rows = append(rows, sub.rows...)
	}
	return rows
}

// allText is the text of a section and of its subsections.
func (s section) allText() string {
	text := s.text
	for _, sub := range s.subs {
		text += sub.title + "\n" + sub.text
	}
	return text
}

var (
	inBackticks = regexp.MustCompile("`[^`]+`")
	word        = regexp.MustCompile(`[A-Za-z0-9_.:$-]+`)
)

// quoted is the set of words that stand in backticks.
func quoted(text string) map[string]bool {
	set := make(map[string]bool)
	for _, span := range inBackticks.FindAllString(text, -1) {
		for _, w := range word.FindAllString(span, -1) {
			set[w] = true
		}
	}
	return set
}
