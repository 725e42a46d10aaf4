package mi

import (
	"encoding/json"
	"iter"
)

// Object is a JSON object whose keys keep their order. Clients that print
// what they get show them in that order.
//
//	mi.Object{}.With("id", id).With("Ref", 2)
type Object []Member

// Member is one key of an [Object] and its value. A pointer stands for what it
// points to, as in encoding/json.
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
	var w writer
	err := w.object(o)
	return w.text, err
}

// List is a long list of objects, each made when it is written. So an object, and
// what its values point to, may be used again for the next.
type List struct {
	Len int // of All
	All iter.Seq[Object]
}

// MarshalJSON implements [json.Marshaler].
func (l List) MarshalJSON() ([]byte, error) {
	var w writer
	err := w.list(l)
	return w.text, err
}

// encode returns v as compact JSON. The characters < > & stay as they are:
// the reply is application/json and who shows it escapes it.
func encode(v any) (json.RawMessage, error) {
	var w writer
	err := w.value(v)
	return w.text, err
}
