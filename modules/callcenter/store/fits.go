package store

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sipd/sipd/core/db"
)

// values checks changes against the columns of the table, and returns them by
// parameter.
func (e *Editor) values(c Changes) (map[string]*string, error) {
	values := map[string]*string{}
	for param, word := range e.words {
		text, given := c[word]
		if !given {
			continue
		}
		column, there := e.types[param]
		if !there {
			return nil, fmt.Errorf("table %s, with the layout of %s, has no column %s: sipd db upgrade adds it", e.table, e.era, word)
		}
		if text == "" && !column.NotNull {
			values[param] = nil
			continue
		}
		if err := e.fits(field{param: param, name: column.Name}, text); err != nil {
			return nil, err
		}
		values[param] = &text
	}
	for word := range c {
		if !e.knows(word) {
			return nil, fmt.Errorf("table %s has no column %s", e.table, word)
		}
	}
	return values, nil
}

func (e *Editor) knows(word string) bool {
	for _, w := range e.words {
		if w == word {
			return true
		}
	}
	return false
}

// width finds the number of characters in a type such as CHAR(64).
var width = regexp.MustCompile(`(?i)^(?:var)?char\((\d+)\)`)

func (e *Editor) isText(f field) bool { return isText(e.types[f.param]) }

func isText(c db.Column) bool {
	t := strings.ToLower(c.Type)
	return strings.Contains(t, "char") || strings.Contains(t, "text")
}

// fits refuses what MySQL would cut or refuse and SQLite would take.
func (e *Editor) fits(f field, text string) error {
	column := e.types[f.param]
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s.%s %q: holds a character that cannot be stored: want plain UTF-8 text", e.table, column.Name, text)
	}
	if isText(column) {
		m := width.FindStringSubmatch(column.Type)
		if m == nil {
			return nil
		}
		most, _ := strconv.Atoi(m[1])
		if n := utf8.RuneCountInString(text); n > most {
			return fmt.Errorf("%s.%s has %d characters and the column takes %d: shorten it", e.table, column.Name, n, most)
		}
		return nil
	}
	most := uint64(math.MaxInt32)
	if strings.Contains(strings.ToLower(column.Type), "unsigned") {
		most = math.MaxUint32
	}
	if n, err := strconv.ParseUint(text, 10, 64); err != nil || n > most {
		return fmt.Errorf("%s.%s %q: want a whole number from 0 to %d", e.table, column.Name, text, most)
	}
	return nil
}
