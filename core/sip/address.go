package sip

import (
	"errors"
	"fmt"
	"strings"
)

// Address is a name-addr or addr-spec with its header parameters, as From,
// To, Contact, Route and Refer-To carry it (RFC 3261 section 20.10).
type Address struct {
	Display string // as received: the quotes of a quoted name are kept
	URI     URI
	Params  Params // parameters of the header, such as tag
}

// ErrAddress is wrapped by the errors of [ParseAddress] that no URI caused.
var ErrAddress = errors.New("bad address")

// Tag returns the tag parameter, or "".
func (a Address) Tag() string { t, _ := a.Params.Get("tag"); return t }

// Name returns the display name without quotes and escapes.
func (a Address) Name() string { return Unquote(a.Display) }

// String writes the address with angle brackets, which is always allowed.
func (a Address) String() string {
	var b strings.Builder
	if a.Display != "" {
		b.WriteString(a.Display)
		b.WriteByte(' ')
	}
	b.WriteByte('<')
	b.WriteString(a.URI.String())
	b.WriteByte('>')
	b.WriteString(a.Params.String())
	return b.String()
}

// ParseAddress reads one address. Without angle brackets every parameter
// belongs to the header, not to the URI (RFC 3261 section 20).
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	var a Address
	if i := control(s); i >= 0 {
		return a, fmt.Errorf("%w %q: control character %q", ErrAddress, clip(s), s[i])
	}
	rest := s
	if strings.HasPrefix(s, `"`) {
		end := quoteEnd(s)
		if end < 0 {
			return a, fmt.Errorf("%w %q: unclosed quote", ErrAddress, clip(s))
		}
		a.Display, rest = s[:end+1], strings.TrimSpace(s[end+1:])
		if !strings.HasPrefix(rest, "<") {
			return a, fmt.Errorf("%w %q: want <URI> after the name", ErrAddress, clip(s))
		}
	} else if lt := strings.IndexByte(s, '<'); lt > 0 {
		a.Display, rest = strings.TrimSpace(s[:lt]), s[lt:]
		if strings.ContainsAny(a.Display, `"`) {
			return a, fmt.Errorf("%w %q: quote inside the name", ErrAddress, clip(s))
		}
	}
	uri, params := rest, ""
	if strings.HasPrefix(rest, "<") {
		gt := strings.IndexByte(rest, '>')
		if gt < 0 {
			return a, fmt.Errorf("%w %q: < without >", ErrAddress, clip(s))
		}
		uri, params = rest[1:gt], strings.TrimSpace(rest[gt+1:])
		if params != "" && params[0] != ';' {
			return a, fmt.Errorf("%w %q: %q after the URI", ErrAddress, clip(s), clip(params))
		}
	} else {
		uri, params, _ = strings.Cut(rest, ";")
	}
	var err error
	if a.URI, err = ParseURI(strings.TrimSpace(uri)); err != nil {
		return a, err
	}
	a.Params = ParseParams(params)
	return a, nil
}

// control returns the index of the first control character that is not
// allowed, or -1. A quoted string may escape any but CR and LF (RFC 3261
// section 25.1, quoted-pair; RFC 4475 section 3.1.1.2).
func control(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\' && i+1 < len(s) && s[i+1] != '\r' && s[i+1] != '\n':
			i++
		case c == '"':
			quoted = !quoted
		case c < ' ' && c != '\t' || c == 0x7f:
			return i
		}
	}
	return -1
}

// quoteEnd returns the index of the quote that closes the one at s[0], or -1.
func quoteEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// Quote makes a quoted-string of text: backslash and quote are escaped,
// control characters are left out (RFC 3261 section 25.1).
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r != 0x7f:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Unquote undoes [Quote]; text without quotes is returned as it is.
func Unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
