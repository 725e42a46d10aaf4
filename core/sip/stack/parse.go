package stack

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/sanity"
)

// message is what a parser made of bytes: a request or a response. A request
// that cannot be accepted comes with the answer to it, and with no more in it
// than the answer needs.
type message struct {
	req    *sip.Request
	res    *sip.Response
	refuse *sanity.Verdict
}

// parser turns bytes into messages. It may be used by many goroutines.
type parser struct {
	sipgo      *sipgo.Parser
	maxHeaders int
}

// newParser makes a parser. sipgo is left without parsers for single header
// fields: core/sip reads them when they are wanted, and tolerates what must
// be answered rather than dropped.
func newParser(maxHeaders int) *parser {
	return &parser{sipgo.NewParser(sipgo.WithHeadersParsers(map[string]sipgo.HeaderParser{})), maxHeaders}
}

// parse reads one whole message. An error means that it cannot even be
// answered. Nothing of raw is kept.
func (p *parser) parse(raw []byte) (message, error) {
	line, _ := cutLine(raw)
	if isSIP(line) {
		return p.response(raw, string(line))
	}
	return p.request(raw, string(line))
}

func (p *parser) request(raw []byte, line string) (message, error) {
	req, refuse := startRequest(line)
	head, body, whole := cutHead(raw)
	switch {
	case refuse != nil:
	case !whole:
		refuse = &sanity.Verdict{Code: 400, Reason: "no empty line after the header fields"}
	default:
		var err error
		if req.Headers, err = p.headers(head); err != nil {
			refuse = &sanity.Verdict{Code: 400, Reason: "bad header field"}
		}
	}
	if refuse != nil {
		req.Headers = splitHeaders(head, p.maxHeaders)
		return message{req: req, refuse: refuse}, nil
	}
	req.Body = trimBody(body, req.Headers)
	return message{req: req}, nil
}

// startRequest reads a request line. It does so itself because sipgo folds
// the case of methods, which matters (RFC 3261 section 7.1), and does not say
// what is wrong with a line. The method is set whenever there is one.
func startRequest(line string) (*sip.Request, *sanity.Verdict) {
	fields := strings.Split(line, " ")
	req := &sip.Request{Method: fields[0]}
	if len(fields) != 3 {
		return req, &sanity.Verdict{Code: 400, Reason: "bad request line"}
	}
	if v := sanity.CheckVersion(fields[2]); v != nil {
		return req, v
	}
	var err error
	if req.URI, err = sip.ParseURI(fields[1]); err != nil {
		return req, &sanity.Verdict{Code: 400, Reason: "bad Request-URI"}
	}
	return req, sanity.CheckScheme(req.URI) // sipgo refuses some schemes, without saying that
}

func (p *parser) response(raw []byte, line string) (message, error) {
	version, rest, _ := strings.Cut(line, " ")
	digits, reason, _ := strings.Cut(rest, " ")
	code, err := strconv.ParseUint(digits, 10, 16)
	if v := sanity.CheckVersion(version); v != nil || err != nil || len(digits) != 3 {
		return message{}, errors.New("bad status line")
	}
	head, body, whole := cutHead(raw)
	if !whole {
		return message{}, errors.New("no empty line after the header fields")
	}
	headers, err := p.headers(head)
	if err != nil {
		return message{}, err
	}
	return message{res: &sip.Response{Code: int(code), Reason: reason, Headers: headers, Body: trimBody(body, headers)}}, nil
}

// headers reads the header fields of head, which includes the start line and
// the empty one, with sipgo.
func (p *parser) headers(head []byte) (sip.Headers, error) {
	if n := bytes.Count(head, []byte("\r\n")) - 2; n > p.maxHeaders {
		return nil, fmt.Errorf("%d header lines: want at most %d", n, p.maxHeaders)
	}
	msg, _, err := p.sipgo.ParseHeaders(head, false)
	if err != nil {
		return nil, errors.New("bad header field") // sipgo's error quotes it, and it may hold credentials
	}
	var list []sipgo.Header
	switch m := msg.(type) {
	case *sipgo.Request:
		list = m.Headers()
	case *sipgo.Response:
		list = m.Headers()
	}
	headers := make(sip.Headers, 0, len(list)+2) // a B2BUA adds a Via
	for _, h := range list {
		headers.Add(sip.LongName(h.Name()), h.Value())
	}
	return headers, nil
}

// cutHead splits a message after its empty line. Without one, whole is false
// and all is head.
func cutHead(raw []byte) (head, body []byte, whole bool) {
	i := bytes.Index(raw, []byte("\r\n\r\n"))
	if i < 0 {
		return raw, nil, false
	}
	return raw[:i+4], raw[i+4:], true
}

// trimBody copies the body, without what follows Content-Length in a datagram
// (RFC 3261 section 18.3). It allocates no more than came.
func trimBody(body []byte, h sip.Headers) []byte {
	if n, err := strconv.ParseUint(h.Get("Content-Length"), 10, 31); err == nil && n < uint64(len(body)) {
		body = body[:n]
	}
	if len(body) == 0 {
		return nil
	}
	return bytes.Clone(body)
}
