package stack

import (
	"bytes"
	"errors"
)

var (
	errTooBig  = errors.New("message beyond MaxMessage")
	errGarbage = errors.New("no SIP start line")
	errRate    = errors.New("source beyond RatePerSource: name its network in Trusted if it is a friend's")
)

// longestStart bounds the search for the end of a start line.
const longestStart = 8 << 10

// isPing reports whether a datagram is a keep-alive: line breaks, or the
// zeros that some phones send.
func isPing(raw []byte) bool {
	return len(raw) < 16 && len(bytes.Trim(raw, "\r\n\x00 ")) == 0
}

// plausible reports whether raw may be a message: a start line that names
// SIP. It looks at the first line only, and allocates nothing.
func plausible(raw []byte) bool {
	line := raw[:min(len(raw), longestStart)]
	end := bytes.Index(line, []byte("\r\n"))
	if end < 0 {
		return false
	}
	line = line[:end]
	if isSIP(line) {
		return true
	}
	if i := bytes.LastIndexByte(bytes.TrimRight(line, " \t"), ' '); i > 0 {
		return isSIP(line[i+1:])
	}
	return false
}

// isSIP reports whether b begins with "SIP/", in any case.
func isSIP(b []byte) bool { return len(b) >= 4 && bytes.EqualFold(b[:4], []byte("SIP/")) }
