package sanity

import (
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// checkForm judges what requests and responses have in common: header names,
// the fields that every message has, and that nothing is said twice.
func checkForm(h sip.Headers, body int) *Verdict {
	for _, f := range h {
		if !isToken(f.Name) {
			return bad("bad header name")
		}
		// A bare line feed ends a line for some readers and not for others.
		if strings.ContainsAny(f.Value, "\r\n") {
			return bad("line break in a header field")
		}
	}
	if v := checkSingle(h); v != nil {
		return v
	}
	if v := checkVia(h); v != nil {
		return v
	}
	for _, name := range []string{"From", "To"} {
		if v := checkAddress(name, h.Get(name)); v != nil {
			return v
		}
	}
	if h.Get("Call-ID") == "" || strings.ContainsAny(h.Get("Call-ID"), " \t") {
		return bad("bad Call-ID")
	}
	return checkLength(h, body)
}

// checkSingle refuses a missing field that every message has, and a second
// one of those that may appear once. Two equal ones are refused as well: the
// next element might read the other.
func checkSingle(h sip.Headers) *Verdict {
	if !h.Has("Via") {
		return bad("Via is missing")
	}
	// An array, not a package variable: nothing to change, nothing to allocate.
	names := [...]string{"From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length",
		"Content-Type", "Expires", "Event", "Refer-To", "Session-Expires", "RSeq", "RAck"}
	var seen [len(names)]int
	for _, f := range h {
		for i, name := range names {
			if strings.EqualFold(sip.LongName(f.Name), name) {
				seen[i]++
			}
		}
	}
	for i, n := range seen {
		switch {
		case n > 1:
			return bad(names[i] + " appears twice")
		case n == 0 && i < 4:
			return bad(names[i] + " is missing")
		}
	}
	return nil
}

// checkVia wants a readable first value and no stray separators: with those
// it is unclear which value is the first.
func checkVia(h sip.Headers) *Verdict {
	if _, err := h.TopVia(); err != nil {
		return bad("bad Via")
	}
	for _, line := range h.Values("Via") {
		s := squeeze(line)
		for _, stray := range []string{";;", ",,", ";,", ",;"} {
			if strings.Contains(s, stray) {
				return bad("stray separator in Via")
			}
		}
		if strings.HasPrefix(s, ",") || strings.HasSuffix(s, ",") {
			return bad("stray separator in Via")
		}
	}
	return nil
}

// squeeze removes white space, and empties what is quoted.
func squeeze(s string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case quoted, c == ' ', c == '\t':
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// checkAddress judges a name-addr or addr-spec. Without angle brackets a URI
// must not contain what belongs to the header otherwise (RFC 3261 section
// 20).
func checkAddress(name, value string) *Verdict {
	if _, err := sip.ParseAddress(value); err != nil {
		return bad("bad " + name)
	}
	if !strings.Contains(value, "<") && strings.ContainsAny(value, "?,") {
		return bad(name + " needs angle brackets")
	}
	return nil
}

// checkLength compares Content-Length with the body that was read. More bytes
// than announced were cut off by the reader (RFC 3261 section 18.3).
func checkLength(h sip.Headers, body int) *Verdict {
	if !h.Has("Content-Length") {
		return nil
	}
	n, ok := number(h.Get("Content-Length"))
	switch {
	case !ok:
		return bad("Content-Length is not a number")
	case n > body:
		return bad("the body is shorter than Content-Length")
	}
	return nil
}

// checkContact judges every Contact. A REGISTER may bind what sipd can reach
// only.
func checkContact(req *sip.Request) *Verdict {
	for _, line := range req.Headers.Values("Contact") {
		for _, item := range sip.SplitList(line) {
			if item == "*" && req.Method == sip.REGISTER {
				continue
			}
			if v := checkAddress("Contact", item); v != nil {
				return v
			}
			a, _ := sip.ParseAddress(item)
			if req.Method == sip.REGISTER && !a.URI.IsSIP() && a.URI.Scheme != "tel" && a.URI.Scheme != "mailto" {
				return bad("Contact of an unknown scheme")
			}
		}
	}
	return nil
}

// checkRoutes judges what a dialog would keep and use later.
func checkRoutes(req *sip.Request) *Verdict {
	for _, name := range []string{"Route", "Record-Route"} {
		for _, line := range req.Headers.Values(name) {
			for _, item := range sip.SplitList(line) {
				a, err := sip.ParseAddress(item)
				if err != nil || !a.URI.IsSIP() || !strings.Contains(item, "<") {
					return bad("bad " + name)
				}
			}
		}
	}
	return nil
}

// number reads decimal digits; a sign is not one.
func number(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err == nil
}

// isToken reports whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		alnum := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !alnum && strings.IndexByte("-.!%*_+`'~", c) < 0 {
			return false
		}
	}
	return s != ""
}
