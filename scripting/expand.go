package scripting

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sipd/sipd/core"
)

// expand fills the $variables of a text: $name, $(name), $hdr(X), $avp(x),
// $var(x), $socket_in(ip) and $$. A variable without value becomes <null>, as
// in OpenSIPS; an unknown name stays as it is.
func (st *state) expand(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var out strings.Builder
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			out.WriteString(rest)
			break
		}
		out.WriteString(rest[:i])
		rest = rest[i:]
		if strings.HasPrefix(rest, "$$") {
			out.WriteByte('$')
			rest = rest[2:]
			continue
		}
		value, n := st.variable(rest)
		if n == 0 {
			value, n = "$", 1
		}
		out.WriteString(value)
		rest = rest[n:]
		if out.Len() > maxText {
			break
		}
	}
	return out.String()
}

// variable evaluates the variable at the start of s and returns how much of s
// it takes; 0 when it is none.
func (st *state) variable(s string) (string, int) {
	ref, n := parseVar(s, func(name string) bool { _, ok := st.vars[name]; return ok })
	if n == 0 {
		return "", 0
	}
	v := st.refValue(ref)
	if v == nil {
		return "<null>", n
	}
	if b, ok := v.(bool); ok {
		return strconv.FormatBool(b), n
	}
	return fmt.Sprint(v), n
}

func (st *state) refValue(ref varRef) any {
	var m *core.Msg
	if st.run != nil {
		m = st.run.msg
	}
	switch ref.class {
	case "hdr":
		if m == nil || m.Req == nil || !m.Req.Headers.Has(ref.name) {
			return nil
		}
		return m.Req.Headers.Get(ref.name)
	case "avp":
		if m != nil && len(m.AVPs[ref.name]) > 0 {
			return m.AVPs[ref.name][0]
		}
		return nil
	case "var":
		if st.run == nil || st.run.vars[ref.name] == nil {
			return nil
		}
		return st.run.vars[ref.name].String()
	}
	if st.run == nil {
		return nil
	}
	return st.vars[ref.name].Get(m)
}

// varRef is a parsed $variable.
type varRef struct{ class, name string }

// parseVar reads the variable at the start of s; n is 0 when there is none
// that is known.
func parseVar(s string, known func(string) bool) (ref varRef, n int) {
	if strings.HasPrefix(s, "$(") {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return ref, 0
		}
		inner := s[2:end]
		if strings.Contains(inner, "(") { // $(hdr(X))
			if !strings.HasPrefix(s[end+1:], ")") {
				return ref, 0
			}
			inner, end = inner+")", end+1
		}
		ref, n = parseVar("$"+inner, known)
		if n != len(inner)+1 {
			return ref, 0
		}
		return ref, end + 1
	}
	i := 1
	for i < len(s) && (isAlpha(s[i]) || isDigit(s[i]) || s[i] == '_' || s[i] == '.') {
		i++
	}
	if i < len(s) && s[i] == '(' {
		if end := strings.IndexByte(s[i:], ')'); end > 0 {
			class, name := s[1:i], s[i+1:i+end]
			switch {
			case class == "hdr" || class == "avp" || class == "var":
				return varRef{class, name}, i + end + 1
			case known(class + "." + name):
				return varRef{"", class + "." + name}, i + end + 1
			}
		}
	}
	for ; i > 1; i-- { // the longest known name: "$fU." is $fU and a full stop
		if known(s[1:i]) {
			return varRef{"", s[1:i]}, i
		}
	}
	return ref, 0
}
