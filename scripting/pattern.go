package scripting

import (
	"errors"
	"fmt"
	"strings"
)

// A Lua pattern can take exponential time, and the one who rings chooses the
// text it is matched against. This matcher does what the Lua 5.1 manual says
// (section 5.4.1) and counts its steps.

const (
	maxCaptures = 32
	maxDepth    = 200 // nesting of the matcher
	capOpen     = -1  // a capture that is not closed yet
	capPosition = -2  // () captures a position
)

var (
	errPatternEnd = errors.New("malformed pattern (ends with '%')")
	errPatternSet = errors.New("malformed pattern (missing ']')")
	errPatternBal = errors.New("malformed pattern (missing arguments to '%b')")
	errPatternCap = errors.New("invalid pattern capture")
	errComplex    = errors.New("pattern too complex")
)

type capture struct{ start, size int }

// matcher matches one pattern against one text.
type matcher struct {
	src, pat string
	spend    func(int) error
	steps    int
	depth    int
	captures []capture
}

// fault carries an error out of the recursion.
type fault struct{ err error }

// matchAt matches pat[p:] at src[s:] and returns where the match ends, or -1.
func (m *matcher) matchAt(s, p int) (end int, err error) {
	defer func() {
		if e := m.flush(); err == nil && e != nil {
			err = e
		}
	}()
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(fault)
			if !ok {
				panic(r)
			}
			end, err = -1, f.err
		}
	}()
	m.captures, m.depth = m.captures[:0], 0
	return m.match(s, p), nil
}

func (m *matcher) fail(err error) { panic(fault{err}) }

// step counts; every 256 steps the budget is asked.
func (m *matcher) step() {
	m.steps++
	if m.steps >= 256 {
		if err := m.flush(); err != nil {
			m.fail(err)
		}
	}
}

func (m *matcher) flush() error {
	n := m.steps
	m.steps = 0
	return m.spend(n)
}

func (m *matcher) match(s, p int) int {
	m.depth++
	if m.depth > maxDepth {
		m.fail(errComplex)
	}
	defer func() { m.depth-- }()
	for {
		m.step()
		if p == len(m.pat) {
			return s
		}
		switch c := m.pat[p]; {
		case c == '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.open(s, p+2, capPosition)
			}
			return m.open(s, p+1, capOpen)
		case c == ')':
			return m.close(s, p+1)
		case c == '$' && p+1 == len(m.pat):
			if s == len(m.src) {
				return s
			}
			return -1
		case c == '%' && p+1 < len(m.pat) && m.pat[p+1] == 'b':
			if s = m.balance(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(m.pat) && m.pat[p+1] == 'f':
			next := p + 2
			if next >= len(m.pat) || m.pat[next] != '[' {
				m.fail(errors.New("missing '[' after '%f' in pattern"))
			}
			end := m.classEnd(next)
			if m.inSet(m.at(s-1), next, end-1) || !m.inSet(m.at(s), next, end-1) {
				return -1
			}
			p = end
			continue
		case c == '%' && p+1 < len(m.pat) && m.pat[p+1] >= '0' && m.pat[p+1] <= '9':
			if s = m.backReference(s, m.pat[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		}
		end := m.classEnd(p)
		single := s < len(m.src) && m.single(m.src[s], p, end)
		var quantifier byte
		if end < len(m.pat) {
			quantifier = m.pat[end]
		}
		switch quantifier {
		case '?':
			if single {
				if e := m.match(s+1, end+1); e >= 0 {
					return e
				}
			}
			p = end + 1
		case '*':
			return m.most(s, p, end, 0)
		case '+':
			return m.most(s, p, end, 1)
		case '-':
			return m.least(s, p, end)
		default:
			if !single {
				return -1
			}
			s, p = s+1, end
		}
	}
}

// at is the byte at i, or 0 outside the text, for the frontier.
func (m *matcher) at(i int) byte {
	if i < 0 || i >= len(m.src) {
		return 0
	}
	return m.src[i]
}

func (m *matcher) most(s, p, end, least int) int {
	n := 0
	for s+n < len(m.src) && m.single(m.src[s+n], p, end) {
		m.step()
		n++
	}
	for ; n >= least; n-- {
		if e := m.match(s+n, end+1); e >= 0 {
			return e
		}
	}
	return -1
}

func (m *matcher) least(s, p, end int) int {
	for {
		if e := m.match(s, end+1); e >= 0 {
			return e
		}
		if s >= len(m.src) || !m.single(m.src[s], p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) open(s, p, size int) int {
	if len(m.captures) >= maxCaptures {
		m.fail(errors.New("too many captures"))
	}
	m.captures = append(m.captures, capture{s, size})
	n := len(m.captures)
	e := m.match(s, p)
	if e < 0 {
		m.captures = m.captures[:n-1]
	}
	return e
}

func (m *matcher) close(s, p int) int {
	for i := len(m.captures) - 1; i >= 0; i-- {
		if m.captures[i].size == capOpen {
			m.captures[i].size = s - m.captures[i].start
			e := m.match(s, p)
			if e < 0 {
				m.captures[i].size = capOpen
			}
			return e
		}
	}
	m.fail(errPatternCap)
	return -1
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.fail(errPatternBal)
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	open, shut, depth := m.pat[p], m.pat[p+1], 1
	for i := s + 1; i < len(m.src); i++ {
		m.step()
		switch m.src[i] {
		case shut:
			if depth--; depth == 0 {
				return i + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

func (m *matcher) backReference(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= len(m.captures) || m.captures[i].size < 0 {
		m.fail(fmt.Errorf("invalid capture index %%%c", digit))
	}
	c := m.captures[i]
	m.steps += c.size
	if !strings.HasPrefix(m.src[s:], m.src[c.start:c.start+c.size]) {
		return -1
	}
	return s + c.size
}

// classEnd returns the end of the single character class at p.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	if c == '%' {
		if p == len(m.pat) {
			m.fail(errPatternEnd)
		}
		return p + 1
	}
	if c != '[' {
		return p
	}
	if p < len(m.pat) && m.pat[p] == '^' {
		p++
	}
	for first := true; first || p >= len(m.pat) || m.pat[p] != ']'; first = false {
		if p >= len(m.pat) {
			m.fail(errPatternSet)
		}
		if m.pat[p] == '%' {
			p++
		}
		p++
	}
	return p + 1
}

func (m *matcher) single(c byte, p, end int) bool {
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// inSet reports whether c is in the set pat[p:last+1], brackets included.
func (m *matcher) inSet(c byte, p, last int) bool {
	in := true
	p++
	if m.pat[p] == '^' {
		in = false
		p++
	}
	for ; p < last; p++ {
		m.steps++
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return in
			}
		case p+2 < last && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return in
			}
			p += 2
		case m.pat[p] == c:
			return in
		}
	}
	return !in
}

func inClass(c, class byte) bool {
	lower := class | 0x20
	var in bool
	switch lower {
	case 'a':
		in = isAlpha(c)
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 0x20 && c < 0x7f && !isAlpha(c) && !isDigit(c)
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isAlpha(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	return in == (class == lower)
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
