package evi

import (
	"encoding/json"

	"github.com/sipd/sipd/core/event"
	"github.com/sipd/sipd/core/mi"
)

// Message is an event as JSON-RPC 2.0: a notification, or a request when ID
// is set.
type Message struct {
	Event  event.Event
	Method string // empty: the name of the event
	Name   string // when set, a parameter of this name that holds the name of the event
	ID     uint64 // of the request; 0: a notification
}

// JSON writes the message on one line, without a line end.
func (m Message) JSON() ([]byte, error) {
	o := mi.Object{}.With("jsonrpc", "2.0")
	if m.ID > 0 {
		o = mi.Object{}.With("id", m.ID).With("jsonrpc", "2.0")
	}
	method := m.Method
	if method == "" {
		method = m.Event.Name
	}
	fields := m.Event.Fields
	if m.Name != "" {
		fields = append([]event.Field{{Name: m.Name, Value: m.Event.Name}}, fields...)
	}
	return o.With("method", method).With("params", params(fields)).MarshalJSON()
}

// Params writes the fields of an event as JSON: an object with the fields in
// their order or, when one of them has no name, a list of the values.
func Params(e event.Event) ([]byte, error) {
	if o, ok := params(e.Fields).(mi.Object); ok {
		return o.MarshalJSON()
	}
	return json.Marshal(params(e.Fields))
}

func params(fields []event.Field) any {
	o, list, named := mi.Object{}, []any{}, true
	for _, f := range fields {
		o, list = o.With(f.Name, f.Value), append(list, f.Value)
		named = named && f.Name != ""
	}
	if named {
		return o
	}
	return list
}
