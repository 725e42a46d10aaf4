package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// packedAt tells for commands whose last parameter is an array at which word
// it begins: those that come after belong to it.
func packedAt(method string) (int, bool) {
	switch method {
	case "get_statistics", "list_statistics", "reset_statistics", "statistics:get", "statistics:list", "statistics:reset":
		return 0, true
	case "raise_event", "evi:raise":
		return 1, true
	}
	return 0, false
}

// assignment is what stands before the = of a named argument. A SIP URI with
// parameters has other characters there.
var assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=`)

// Params turns the words of a command line into the params of a request, as
// opensips-cli does: words of the form name=value make an object, others an
// array, all of strings. The words of statistics commands go into one array.
// No word at all is nil. It is an error to mix the two forms.
func Params(method string, words []string) (any, error) {
	if len(words) == 0 {
		return nil, nil
	}
	named := make(map[string]any)
	for _, w := range words {
		if m := assignment.FindStringSubmatch(w); m != nil {
			if _, twice := named[m[1]]; twice {
				return nil, fmt.Errorf("argument %s is given twice", m[1])
			}
			named[m[1]] = w[len(m[0]):]
		}
	}
	switch len(named) {
	case len(words):
		return named, nil
	case 0:
		return positional(method, words), nil
	}
	return nil, errors.New("some arguments have names and some do not: name all or none, or give them as JSON with -j")
}

func positional(method string, words []string) []any {
	at, packed := packedAt(method)
	var list []any
	for i, w := range words {
		if packed && i == at {
			return append(list, words[at:])
		}
		list = append(list, w)
	}
	return list
}

// JSONParams reads words that are JSON (-j): one array or object is the
// params, anything else the elements of an array.
func JSONParams(words []string) (any, error) {
	if len(words) == 0 {
		return nil, nil
	}
	list := make([]json.RawMessage, len(words))
	for i, w := range words {
		if !json.Valid([]byte(w)) {
			return nil, fmt.Errorf("argument %d is not JSON: %.100q", i+1, w)
		}
		list[i] = bytes.TrimSpace([]byte(w))
	}
	if first := list[0][0]; len(list) == 1 && (first == '[' || first == '{') {
		return list[0], nil
	}
	return list, nil
}

// Print writes a result for people: JSON with an indent of four, as
// opensips-cli prints it.
func Print(w io.Writer, result json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, result, "", "    "); err != nil {
		return fmt.Errorf("the result is not JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
