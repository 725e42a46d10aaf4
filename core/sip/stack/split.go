package stack

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/sipd/sipd/core/sip"
)

// eachHeader calls f with each header field after the start line of head. It
// is lenient: a line without a colon is left out. value may contain the line
// breaks of folding.
func eachHeader(head []byte, f func(name, value []byte)) {
	_, rest := cutLine(head)
	for len(rest) > 0 {
		line, after := cutLine(rest)
		if len(line) == 0 {
			return
		}
		for len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
			_, after = cutLine(after)
		}
		field := rest[:len(rest)-len(after)]
		rest = after
		if name, value, ok := bytes.Cut(field, []byte(":")); ok {
			f(bytes.TrimSpace(name), bytes.TrimSpace(value))
		}
	}
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\r\n"))
	return line, rest
}

// splitHeaders reads what it can of a head that the parser refused, at most
// most fields, to answer it.
func splitHeaders(head []byte, most int) sip.Headers {
	var h sip.Headers
	eachHeader(head, func(name, value []byte) {
		if len(h) < most {
			h.Add(string(name), string(bytes.Join(bytes.Fields(value), []byte(" "))))
		}
	})
	return h
}

var (
	errNoLength  = errors.New("no Content-Length")
	errBadLength = errors.New("bad Content-Length")
)

// contentLength finds the length of a body in a stream. Two of them are an
// error even when they agree. The number may be larger than anything
// acceptable.
func contentLength(head []byte) (int64, error) {
	n, err := int64(0), errNoLength
	eachHeader(head, func(name, value []byte) {
		if !bytes.EqualFold(name, []byte("Content-Length")) && !bytes.EqualFold(name, []byte("l")) {
			return
		}
		if err != errNoLength || len(value) == 0 || len(bytes.Trim(value, "0123456789")) > 0 {
			err = errBadLength
			return
		}
		if n, err = strconv.ParseInt(string(value), 10, 64); err != nil {
			err = errBadLength
		}
	})
	return n, err
}
