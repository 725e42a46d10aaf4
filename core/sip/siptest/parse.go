package siptest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core/sip"
)

// parse reads what [sip.Request.Append] and [sip.Response.Append] write. It
// is strict, to find what a real peer would refuse; it does not know folding.
func parse(raw []byte) (*message, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, fmt.Errorf("no end of headers in %q", raw)
	}
	lines := strings.Split(string(head), "\r\n")
	var headers sip.Headers
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("bad header line %q", line)
		}
		headers.Add(sip.LongName(name), strings.TrimSpace(value))
	}
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
		if !headers.Has(name) {
			return nil, fmt.Errorf("no %s in %q", name, lines[0])
		}
	}
	if _, err := headers.TopVia(); err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(headers.Get("Content-Length")); err != nil || n != len(body) {
		return nil, fmt.Errorf("Content-Length %q for %d bytes", headers.Get("Content-Length"), len(body))
	}
	m := &message{raw: raw}
	return m, m.start(lines[0], headers, bytes.Clone(body))
}

func (m *message) start(line string, headers sip.Headers, body []byte) error {
	if rest, ok := strings.CutPrefix(line, "SIP/2.0 "); ok {
		digits, reason, _ := strings.Cut(rest, " ")
		code, err := strconv.Atoi(digits)
		if err != nil || code < 100 || code > 699 {
			return fmt.Errorf("bad status line %q", line)
		}
		m.res = &sip.Response{Code: code, Reason: reason, Headers: headers, Body: body}
		return nil
	}
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[2] != "SIP/2.0" {
		return fmt.Errorf("bad request line %q", line)
	}
	uri, err := sip.ParseURI(parts[1])
	if err != nil {
		return err
	}
	m.req = &sip.Request{Method: parts[0], URI: uri, Headers: headers, Body: body}
	return nil
}
