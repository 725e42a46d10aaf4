package mi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// writer appends JSON to text, letter for letter as encoding/json does. It
// writes objects, lists of them, and most texts and numbers itself: thousands of
// calls are listed while others are on the phone. The zero value is ready.
type writer struct {
	text []byte
	enc  *json.Encoder // to text, for all other values
}

// Write implements io.Writer for the encoder.
func (w *writer) Write(p []byte) (int, error) {
	w.text = append(w.text, p...)
	return len(p), nil
}

func (w *writer) object(o Object) error {
	w.text = append(w.text, '{')
	for i, m := range o {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if err := w.string(m.Key); err != nil {
			return err
		}
		w.text = append(w.text, ':')
		if err := w.value(m.Value); err != nil {
			return err
		}
	}
	w.text = append(w.text, '}')
	return nil
}

// enough objects of a list tell how long the others are.
const enough = 32

func (w *writer) list(l List) error {
	w.text = append(w.text, '[')
	begin, i := len(w.text), 0
	for o := range l.All {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		if i == enough { // to know how much room all of them need
			w.text = slices.Grow(w.text, (len(w.text)-begin)*max(l.Len-i, 0)/i*9/8)
		}
		if err := w.object(o); err != nil {
			return err
		}
		i++
	}
	w.text = append(w.text, ']')
	return nil
}

func (w *writer) value(v any) error {
	switch v := v.(type) {
	case Object:
		return w.object(v)
	case []Object:
		return w.list(List{len(v), slices.Values(v)})
	case List:
		return w.list(v)
	case string:
		return w.string(v)
	case *string:
		if v != nil {
			return w.string(*v)
		}
	case *int:
		if v != nil {
			return w.value(*v)
		}
	case int:
		w.text = strconv.AppendInt(w.text, int64(v), 10)
		return nil
	case int64:
		w.text = strconv.AppendInt(w.text, v, 10)
		return nil
	case bool:
		w.text = strconv.AppendBool(w.text, v)
		return nil
	}
	if nilSlice(v) {
		w.text = append(w.text, "[]"...)
		return nil
	}
	return w.any(v)
}

// string writes a text. A rare one, with control characters or not UTF-8, goes
// through the encoder.
func (w *writer) string(s string) error {
	begin, done := len(w.text), 0
	w.text = append(w.text, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"', c == '\\':
			w.text = append(append(w.text, s[done:i]...), '\\', c)
			i++
			done = i
		case c >= ' ' && c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if n == 1 || r == '\u2028' || r == '\u2029' {
				w.text = w.text[:begin]
				return w.any(s)
			}
			i += n
		}
	}
	w.text = append(append(w.text, s[done:]...), '"')
	return nil
}

// any writes whatever encoding/json can.
func (w *writer) any(v any) error {
	if w.enc == nil {
		w.enc = json.NewEncoder(w)
		w.enc.SetEscapeHTML(false)
	}
	if err := w.enc.Encode(v); err != nil {
		return err
	}
	w.text = w.text[:len(w.text)-1] // Encode ends with a newline
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
