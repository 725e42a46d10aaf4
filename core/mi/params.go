package mi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// The texts of -32602, as OpenSIPS gives them.
const (
	wrongCount = "Too few or too many parameters"
	wrongNames = "Named parameters do not match"
	manyFit    = "Ambiguous call, use named parameters instead"
	namedOnly  = "Command only supports named parameters"
)

func badType(name string) *Error {
	return invalidParams(fmt.Sprintf("Bad type for parameter '%s'", name))
}

// match finds the recipe of c that raw, the params of a request, calls for,
// and reads the arguments by it. raw is nil, an array or an object.
func match(c *Command, raw json.RawMessage) (Params, *Error) {
	recipes := c.recipes()
	if len(raw) > 0 && raw[0] == '{' {
		var named map[string]json.RawMessage
		if err := json.Unmarshal(raw, &named); err != nil {
			return nil, invalidParams(err.Error())
		}
		if len(named) > 0 {
			return matchNamed(recipes, named)
		}
		raw = nil
	}
	var list []json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, invalidParams(err.Error())
		}
	}
	if c.Named && len(list) > 0 {
		return nil, invalidParams(namedOnly)
	}
	return matchList(recipes, list)
}

func matchNamed(recipes []Recipe, named map[string]json.RawMessage) (Params, *Error) {
	fault := wrongCount
	for _, r := range recipes {
		if len(r) != len(named) {
			continue
		}
		if values := pick(r, named); values != nil {
			return r.read(values)
		}
		fault = wrongNames
	}
	return nil, invalidParams(fault)
}

// pick orders the named values as r does, or returns nil when a name is
// missing.
func pick(r Recipe, named map[string]json.RawMessage) (values []json.RawMessage) {
	for _, p := range r {
		v, ok := named[p.Name]
		if !ok {
			return nil
		}
		values = append(values, v)
	}
	return values
}

func matchList(recipes []Recipe, values []json.RawMessage) (Params, *Error) {
	var fit []Recipe
	for _, r := range recipes {
		if len(r) == len(values) {
			fit = append(fit, r)
		}
	}
	if len(fit) > 1 {
		return nil, invalidParams(manyFit)
	}
	if len(fit) == 1 {
		return fit[0].read(values)
	}
	for _, r := range recipes {
		if packed := r.pack(values); packed != nil {
			return r.read(packed)
		}
	}
	return nil, invalidParams(wrongCount)
}

// pack gathers the values beyond the last parameter into one array when that
// parameter is one: ["a", "b"] is what some clients send for [["a", "b"]]. It
// returns nil where that does not apply.
func (r Recipe) pack(values []json.RawMessage) []json.RawMessage {
	last := len(r) - 1
	if last < 0 || r[last].Kind != Array || len(values) <= len(r) {
		return nil
	}
	rest, err := json.Marshal(values[last:])
	if err != nil {
		return nil
	}
	return append(values[:last:last], rest)
}

// read converts the values, one for each parameter of r.
func (r Recipe) read(values []json.RawMessage) (Params, *Error) {
	ps := make(Params, len(r))
	for i, p := range r {
		v, err := p.read(values[i])
		if err != nil {
			return nil, err
		}
		ps[p.Name] = v
	}
	return ps, nil
}

func (p Param) read(raw json.RawMessage) (any, *Error) {
	if p.Kind == Array {
		return p.readArray(raw)
	}
	text, ok := scalar(raw)
	if !ok {
		return nil, badType(p.Name)
	}
	if p.Kind == String {
		return text, nil
	}
	n, ok := integer(text)
	if !ok {
		return nil, badType(p.Name)
	}
	return n, nil
}

func (p Param) readArray(raw json.RawMessage) (any, *Error) {
	if text, ok := scalar(raw); ok {
		return []string{text}, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		return nil, badType(p.Name)
	}
	if len(items) == 0 {
		return nil, invalidParams(fmt.Sprintf("Empty array in parameter '%s'", p.Name))
	}
	texts := make([]string, len(items))
	for i, item := range items {
		text, ok := scalar(item)
		if !ok {
			return nil, badType(p.Name)
		}
		texts[i] = text
	}
	return texts, nil
}

// scalar returns the text of a JSON string or number.
func scalar(raw json.RawMessage) (string, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// integer reads a whole number, which a client may have written as 1.0 or 1e3.
func integer(text string) (int, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, false // ParseFloat would take " inf", "nan" and "0x1p4" alike
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return 0, false
	}
	return int(f), true
}
