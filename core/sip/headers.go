package sip

import "strings"

// Header is one header field line: a name in its long form and a value with
// folding removed.
type Header struct{ Name, Value string }

// Headers are the header fields of a message, in order. Names compare without
// case, and compact forms ("i", "v") are the same as long ones
// (RFC 3261 section 7.3).
type Headers []Header

// compact maps the compact forms of RFC 3261 section 7.3.3 and of its
// extensions to the long ones.
func compact(c byte) string {
	switch c | 0x20 {
	case 'a':
		return "Accept-Contact"
	case 'b':
		return "Referred-By"
	case 'c':
		return "Content-Type"
	case 'd':
		return "Request-Disposition"
	case 'e':
		return "Content-Encoding"
	case 'f':
		return "From"
	case 'i':
		return "Call-ID"
	case 'j':
		return "Reject-Contact"
	case 'k':
		return "Supported"
	case 'l':
		return "Content-Length"
	case 'm':
		return "Contact"
	case 'o':
		return "Event"
	case 'r':
		return "Refer-To"
	case 's':
		return "Subject"
	case 't':
		return "To"
	case 'u':
		return "Allow-Events"
	case 'v':
		return "Via"
	case 'x':
		return "Session-Expires"
	case 'y':
		return "Identity"
	}
	return ""
}

// LongName returns the long form of a header name; a name that has none is
// returned as it is.
func LongName(name string) string {
	if len(name) == 1 {
		if long := compact(name[0]); long != "" {
			return long
		}
	}
	return name
}

func sameName(a, b string) bool {
	return strings.EqualFold(LongName(a), LongName(b))
}

// Get returns the value of the first field called name, or "".
func (h Headers) Get(name string) string {
	for i := range h {
		if sameName(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Has reports whether there is a field called name.
func (h Headers) Has(name string) bool {
	for i := range h {
		if sameName(h[i].Name, name) {
			return true
		}
	}
	return false
}

// Values returns the value of every field called name, one a line as
// received. A comma list in one line stays one value: see [SplitList].
func (h Headers) Values(name string) []string {
	var vs []string
	for i := range h {
		if sameName(h[i].Name, name) {
			vs = append(vs, h[i].Value)
		}
	}
	return vs
}

// Add appends a field.
func (h *Headers) Add(name, value string) { *h = append(*h, Header{name, value}) }

// Prepend puts a field before all others, where a Via belongs.
func (h *Headers) Prepend(name, value string) {
	*h = append(Headers{{name, value}}, *h...)
}

// Set puts value in the first field called name and removes the others; with
// none it appends one.
func (h *Headers) Set(name, value string) {
	for i := range *h {
		if sameName((*h)[i].Name, name) {
			(*h)[i].Value = value
			rest := (*h)[i+1:]
			rest.Del(name)
			*h = (*h)[:i+1+len(rest)]
			return
		}
	}
	h.Add(name, value)
}

// Del removes every field called name and reports how many there were.
func (h *Headers) Del(name string) int {
	kept := (*h)[:0]
	for _, f := range *h {
		if !sameName(f.Name, name) {
			kept = append(kept, f)
		}
	}
	n := len(*h) - len(kept)
	*h = kept
	return n
}

// Clone returns a copy that shares nothing with h.
func (h Headers) Clone() Headers { return append(Headers(nil), h...) }

// SplitList splits a comma list as Via, Route, Contact or Supported carry it,
// and trims each item. Commas inside quotes and angle brackets do not split.
func SplitList(s string) []string {
	var items []string
	quoted, depth, start := false, 0, 0
	add := func(end int) {
		if item := strings.TrimSpace(s[start:end]); item != "" {
			items = append(items, item)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			depth++
		case c == '>' && depth > 0:
			depth--
		case c == ',' && depth == 0:
			add(i)
			start = i + 1
		}
	}
	add(len(s))
	return items
}
