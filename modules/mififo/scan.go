package mififo

import "github.com/sipd/sipd/core/mi"

// maxName is the longest name of a reply FIFO in bytes; file systems take no
// more.
const maxName = 255

// frame is one request out of the pipe.
type frame struct {
	reply string // name of the reply FIFO, unchecked; empty: no reply is wanted
	body  []byte // the JSON, unchecked; longer than mi.MaxRequest: cut off there
}

// state is where a scanner is.
type state int

const (
	idle   state = iota // between requests
	name                // in the name of the reply FIFO
	begin               // before the first character of the JSON
	nested              // inside an object or array
	line                // in something else, which ends with the line
	skip                // in what is no request, or too long; ends with the line
)

// scanner cuts what is read into requests. Each is a colon, the name of the
// reply FIFO, another colon and a JSON value; space between them is ignored.
// Whatever comes, it keeps at most one byte more than mi.MaxRequest.
type scanner struct {
	state  state
	reply  []byte
	body   []byte
	depth  int
	quoted bool // in a JSON string
	escape bool // after its backslash
	noise  int  // bytes that belonged to no request
}

// pending reports whether a request has begun and not ended.
func (s *scanner) pending() bool { return s.state != idle }

// reset forgets what has begun.
func (s *scanner) reset() { *s = scanner{noise: s.noise} }

// feed takes what was read and gives each request that is complete.
func (s *scanner) feed(p []byte, give func(frame)) {
	for _, c := range p {
		switch s.state {
		case idle:
			s.first(c)
		case name:
			s.named(c)
		case begin:
			s.beginning(c, give)
		case nested:
			s.inside(c, give)
		case line:
			if c == '\n' {
				s.end(give)
			} else {
				s.keep(c, give)
			}
		case skip:
			s.noise++
			if c == '\n' {
				s.state = idle
			}
		}
	}
}

func (s *scanner) first(c byte) {
	switch {
	case c == ':':
		s.state = name
	case !space(c):
		s.noise++
		s.state = skip
	}
}

func (s *scanner) named(c byte) {
	switch {
	case c == ':':
		s.state = begin
	case c == '\n':
		s.noise += len(s.reply) + 1
		s.reset()
	case len(s.reply) == maxName:
		s.noise += len(s.reply) + 1
		s.reset()
		s.state = skip
	default:
		s.reply = append(s.reply, c)
	}
}

func (s *scanner) beginning(c byte, give func(frame)) {
	if space(c) {
		return
	}
	s.state = line
	if c == '{' || c == '[' {
		s.state, s.depth = nested, 1
	}
	s.keep(c, give)
}

// inside follows strings and brackets. A line feed cannot stand in a JSON
// string: it ends the request, so that a quote left open swallows no others.
func (s *scanner) inside(c byte, give func(frame)) {
	switch {
	case s.quoted && c == '\n':
		s.end(give)
		return
	case s.escape:
		s.escape = false
	case s.quoted && c == '\\':
		s.escape = true
	case c == '"':
		s.quoted = !s.quoted
	case s.quoted:
	case c == '{', c == '[':
		s.depth++
	case c == '}', c == ']':
		s.depth--
	}
	if s.keep(c, give) && s.depth == 0 {
		s.end(give)
	}
}

// keep stores a byte of the request. One that is too long is given as it is,
// for the engine to refuse, and the rest of its line is skipped.
func (s *scanner) keep(c byte, give func(frame)) bool {
	s.body = append(s.body, c)
	if len(s.body) <= mi.MaxRequest {
		return true
	}
	s.end(give)
	s.state = skip
	return false
}

func (s *scanner) end(give func(frame)) {
	f := frame{string(s.reply), s.body}
	s.reset()
	give(f)
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
