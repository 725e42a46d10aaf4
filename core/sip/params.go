package sip

import "strings"

// Param is one parameter of a URI or a header value. A parameter without "="
// has HasValue false.
type Param struct {
	Name, Value string
	HasValue    bool
}

// Params are parameters in order. Names compare without case.
type Params []Param

// Get returns the value of the parameter called name, and whether it is there.
func (p Params) Get(name string) (string, bool) {
	for _, q := range p {
		if strings.EqualFold(q.Name, name) {
			return q.Value, true
		}
	}
	return "", false
}

// Set replaces or appends the parameter called name.
func (p *Params) Set(name, value string) {
	for i := range *p {
		if strings.EqualFold((*p)[i].Name, name) {
			(*p)[i].Value, (*p)[i].HasValue = value, true
			return
		}
	}
	*p = append(*p, Param{name, value, true})
}

// Del removes the parameter called name.
func (p *Params) Del(name string) {
	kept := (*p)[:0]
	for _, q := range *p {
		if !strings.EqualFold(q.Name, name) {
			kept = append(kept, q)
		}
	}
	*p = kept
}

// String writes the parameters, each with its leading semicolon.
func (p Params) String() string {
	var b strings.Builder
	for _, q := range p {
		b.WriteByte(';')
		b.WriteString(q.Name)
		if q.HasValue {
			b.WriteByte('=')
			b.WriteString(q.Value)
		}
	}
	return b.String()
}

// ParseParams reads ";a=b;c" with or without the leading semicolon. Quoted
// values keep their quotes; semicolons inside quotes do not split.
func ParseParams(s string) Params {
	var ps Params
	for s != "" {
		var item string
		item, s = cutParam(s)
		name, value, has := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		ps = append(ps, Param{name, strings.TrimSpace(value), has})
	}
	return ps
}

func cutParam(s string) (item, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
