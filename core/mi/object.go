package mi

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// Object is a JSON object whose keys keep their order. Clients that print
// what they get show them in that order.
//
//	mi.Object{}.With("id", id).With("Ref", 2)
type Object []Member

// Member is one key of an [Object] and its value.
type Member struct {
	Key   string
	Value any
}

// With returns o with one member more. A nil slice is written as [], so that
// an empty list stays a list.
func (o Object) With(key string, value any) Object { return append(o, Member{key, value}) }

// Get returns the value of a key, or nil.
func (o Object) Get(key string) any {
	for _, m := range o {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (o Object) MarshalJSON() ([]byte, error) {
	w := newWriter()
	if err := w.object(o); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// encode returns v as compact JSON. The characters < > & stay as they are:
// the reply is application/json and who shows it escapes it.
func encode(v any) (json.RawMessage, error) {
	w := newWriter()
	if err := w.value(v); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// writer writes objects and lists of them without going through their
// MarshalJSON, whose text would be scanned again at each level.
type writer struct {
	bytes.Buffer
	enc *json.Encoder
}

func newWriter() *writer {
	w := &writer{}
	w.enc = json.NewEncoder(&w.Buffer)
	w.enc.SetEscapeHTML(false)
	return w
}

func (w *writer) object(o Object) error {
	w.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := w.plain(m.Key); err != nil {
			return err
		}
		w.WriteByte(':')
		if err := w.value(m.Value); err != nil {
			return err
		}
	}
	w.WriteByte('}')
	return nil
}

func (w *writer) list(os []Object) error {
	w.WriteByte('[')
	for i, o := range os {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := w.object(o); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	return nil
}

func (w *writer) value(v any) error {
	switch v := v.(type) {
	case Object:
		return w.object(v)
	case []Object:
		return w.list(v)
	}
	if nilSlice(v) {
		w.WriteString("[]")
		return nil
	}
	return w.plain(v)
}

func (w *writer) plain(v any) error {
	if err := w.enc.Encode(v); err != nil {
		return err
	}
	w.Truncate(w.Len() - 1) // Encode ends with a newline
	return nil
}

// nilSlice reports whether v is a list without elements or array, such as
// []string(nil).
func nilSlice(v any) bool {
	if _, is := v.(json.Marshaler); is || v == nil {
		return false
	}
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Slice && rv.IsNil() && rv.Type().Elem().Kind() != reflect.Uint8
}
