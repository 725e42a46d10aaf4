package engine

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxName is how many characters a display name with a prefix may have, quotes
// included.
const maxName = 64

// newCaller works out how the caller is shown.
func newCaller(prefix string, ev CallArrived) caller {
	c := caller{user: ev.User, param: ev.Param}
	name := unquote(ev.Display)
	if name != "" {
		c.display = wire(ev.Display, name)
	}
	switch {
	case prefix != "":
		if name == "" {
			name = ev.User
		}
		c.name = quote(prefix+" "+name, maxName)
	case c.display != "":
		c.name = c.display
	default:
		c.name = wire(ev.User, ev.User)
	}
	return c
}

// withParam adds a parameter to a URI, before its headers. The user part may
// have a question mark too (RFC 3261 §25.1, user-unreserved).
func withParam(uri, name string, value int) string {
	host := strings.LastIndexByte(uri, '@') + 1
	end := len(uri)
	if i := strings.IndexByte(uri[host:], '?'); i >= 0 {
		end = host + i
	}
	return uri[:end] + ";" + name + "=" + strconv.Itoa(value) + uri[end:]
}

// unquote reads a display name: a quoted string or words.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	escaped := false
	for _, r := range s[1 : len(s)-1] {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		b.WriteRune(r)
		escaped = false
	}
	return strings.TrimSpace(b.String())
}

// wire is a display name as From may carry it (RFC 3261 §25.1, display-name):
// as it came when that is well formed, else quoted anew.
func wire(received, name string) string {
	received = strings.TrimSpace(received)
	if isWords(received) || isQuoted(received) {
		return received
	}
	return quote(name, 0)
}

// isWords reports whether s is tokens with blanks between.
func isWords(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-.!%*_+`'~ ", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isQuoted reports whether s is one quoted string.
func isQuoted(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' || !utf8.ValidString(s) {
		return false
	}
	inside := s[1 : len(s)-1]
	for i := 0; i < len(inside); i++ {
		switch c := inside[i]; {
		case c == '\\':
			if i++; i == len(inside) {
				return false
			}
		case c == '"' || c < ' ' && c != '\t' || c == 0x7f:
			return false
		}
	}
	return true
}

// quote makes a quoted string of at most limit characters, quotes included (0:
// no limit). It cuts neither a character nor an escape, and drops what may not
// stand in a header.
func quote(s string, limit int) string {
	var b strings.Builder
	b.WriteByte('"')
	n := 2
	for _, r := range strings.ToValidUTF8(s, "") {
		if r < ' ' || r == 0x7f {
			continue
		}
		size := 1
		if r == '"' || r == '\\' {
			size = 2
		}
		if n += size; limit > 0 && n > limit {
			break
		}
		if size == 2 {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
