package mi

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

const (
	// MaxRequest is the longest request in bytes. A transport may refuse a
	// longer one earlier and in its own way.
	MaxRequest = 1 << 20

	// maxDepth is how deep a request may be nested; no command needs more
	// than three.
	maxDepth = 32
)

// request is a JSON-RPC request whose form has been checked.
type request struct {
	method string
	params json.RawMessage // nil, an array or an object
	id     json.RawMessage // as it is echoed; nil for a notification
}

// Handle runs one JSON-RPC 2.0 request and returns the reply as one line of
// JSON without a line feed, or nil for a notification. A panic of the command
// is answered with -32000 and told to OnPanic.
func (r *Registry) Handle(raw []byte) []byte { return r.handle(raw, false) }

// HandleReads is Handle for those who may look only: a command that changes
// something is answered with 403.
func (r *Registry) HandleReads(raw []byte) []byte { return r.handle(raw, true) }

func (r *Registry) handle(raw []byte, readsOnly bool) []byte {
	req, fault := parse(raw)
	if fault != nil {
		if req.id == nil {
			req.id = json.RawMessage("null")
		}
		return failure(req.id, fault)
	}
	result, fault := r.call(req, readsOnly)
	if req.id == nil {
		return nil
	}
	if fault != nil {
		return failure(req.id, fault)
	}
	return reply(result, req.id)
}

// call runs a method and returns the reply with its result, but for the id.
func (r *Registry) call(req request, readsOnly bool) ([]byte, *Error) {
	c, fault := r.find(req.method)
	if fault != nil {
		return nil, fault
	}
	ps, fault := match(c, req.params)
	if fault != nil {
		return nil, fault
	}
	changes := c.changes(ps)
	if changes && readsOnly {
		return nil, readOnly(c.Name)
	}
	result, fault := r.run(c, ps)
	if changes && r.OnChange != nil {
		r.OnChange(c.Name, ps, fault)
	}
	return result, fault
}

func (r *Registry) run(c *Command, ps Params) (result []byte, fault *Error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if r.OnPanic != nil {
			r.OnPanic(c.Name, v, debug.Stack())
		}
		result, fault = nil, serverError("the command failed: see the log")
	}()
	v, err := c.Call(ps)
	if own, ok := errors.AsType[*Error](err); ok {
		return nil, own
	}
	if err != nil {
		return nil, serverError(err.Error())
	}
	if v == nil {
		v = "OK"
	}
	if result, err = begin("result", v); err != nil {
		return nil, serverError(fmt.Sprintf("the result of %s cannot be written: %v", c.Name, err))
	}
	return result, nil
}

// parse checks the form of a request. With an error it still returns the id
// where that was readable.
func parse(raw []byte) (request, *Error) {
	if len(raw) > MaxRequest {
		return request{}, invalidRequest(fmt.Sprintf("longer than %d bytes", MaxRequest))
	}
	if !json.Valid(raw) {
		return request{}, parseError("")
	}
	if depth(raw) > maxDepth {
		return request{}, parseError(fmt.Sprintf("nested deeper than %d", maxDepth))
	}
	var fields map[string]json.RawMessage // a struct would match keys without case
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return request{}, invalidRequest("")
	}
	var req request
	if id, ok := fields["id"]; ok {
		if req.id, ok = echo(id); !ok {
			return request{}, invalidRequest("")
		}
	}
	var version *string
	if json.Unmarshal(fields["jsonrpc"], &version) != nil || version == nil || *version != "2.0" {
		return req, invalidRequest("")
	}
	var method *string
	if json.Unmarshal(fields["method"], &method) != nil || method == nil {
		return req, invalidRequest("")
	}
	req.method, req.params = *method, fields["params"]
	if len(req.params) > 0 && req.params[0] != '[' && req.params[0] != '{' {
		return req, invalidRequest("")
	}
	return req, nil
}

// echo returns an id as the reply repeats it: numbers letter for letter,
// strings written anew, so that a reply is valid UTF-8 whatever came in.
func echo(id json.RawMessage) (json.RawMessage, bool) {
	switch c := id[0]; {
	case c == 'n', c == '-', c >= '0' && c <= '9':
		return id, true
	case c != '"':
		return nil, false
	}
	var text string
	if json.Unmarshal(id, &text) != nil {
		return nil, false
	}
	again, err := encode(text)
	return again, err == nil
}

// depth counts how deep valid JSON is nested.
func depth(raw []byte) (deepest int) {
	open, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[', c == '{':
			open++
			deepest = max(deepest, open)
		case c == ']', c == '}':
			open--
		}
	}
	return deepest
}

func failure(id json.RawMessage, e *Error) []byte {
	body := Object{}.With("code", e.Code).With("message", e.Message)
	if e.Data != "" {
		body = body.With("data", strings.ToValidUTF8(e.Data, "\uFFFD"))
	}
	text, err := begin("error", body)
	if err != nil { // texts and a number: it cannot happen
		text = []byte(`{"jsonrpc":"2.0","error":{"code":-32000,"message":"Server error"}`)
	}
	return reply(text, id)
}

// begin writes a reply but for the id.
func begin(key string, value any) ([]byte, error) {
	w := writer{text: []byte(`{"jsonrpc":"2.0","` + key + `":`)}
	err := w.value(value)
	return w.text, err
}

// reply completes what begin wrote. The id has been encoded before.
func reply(text []byte, id json.RawMessage) []byte {
	text = append(append(text, `,"id":`...), id...)
	return append(text, '}')
}
