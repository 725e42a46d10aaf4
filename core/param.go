package core

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Param is a parameter that modparam sets. Make one with [Int], [Seconds],
// [Millis], [Bool], [String] or [Enum].
type Param struct {
	Name string
	Doc  string // meaning, unit and range, for the operator
	Want string // what the error message asks for: "seconds"
	// Default is the value before any modparam, as text.
	Default string
	// Many is set for a parameter that may be given more than once.
	Many bool
	// Unneeded is set for a parameter that is taken and does nothing: Doc says
	// why.
	Unneeded bool
	// Set takes a string, an int, a float64 or a bool from the script. Its
	// error says only what is wrong with the value.
	Set func(v any) error
}

// wrong is the error of a value that is not what the parameter wants.
func wrong(want string, v any) error {
	if s, ok := v.(string); ok {
		return fmt.Errorf("want %s, got %q", want, s)
	}
	return fmt.Errorf("want %s, got %v", want, v)
}

// whole reads an integer between low and high. Text is not a number: an
// OpenSIPS modparam has the type it was declared with.
func whole(v any, low, high int, want string) (int, error) {
	n, ok := v.(int)
	if f, isFloat := v.(float64); isFloat && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		n, ok = int(f), true
	}
	if !ok || n < low || n > high {
		return 0, wrong(want, v)
	}
	return n, nil
}

// Int declares an integer parameter between low and high.
func Int(name string, p *int, low, high int, doc string) Param {
	want := fmt.Sprintf("an integer from %d to %d", low, high)
	return Param{Name: name, Doc: doc, Want: want, Default: fmt.Sprint(*p), Set: func(v any) error {
		n, err := whole(v, low, high, want)
		if err == nil {
			*p = n
		}
		return err
	}}
}

// maxSeconds keeps durations far from overflow: about 68 years.
const maxSeconds = math.MaxInt32

// Seconds declares a duration in whole seconds, 0 or more.
func Seconds(name string, p *time.Duration, doc string) Param {
	return duration(name, p, time.Second, "seconds", doc)
}

// Millis declares a duration in whole milliseconds, 0 or more.
func Millis(name string, p *time.Duration, doc string) Param {
	return duration(name, p, time.Millisecond, "milliseconds", doc)
}

func duration(name string, p *time.Duration, unit time.Duration, want, doc string) Param {
	return Param{Name: name, Doc: doc, Want: want, Default: fmt.Sprint(int64(*p / unit)), Set: func(v any) error {
		n, err := whole(v, 0, maxSeconds, want)
		if err == nil {
			*p = time.Duration(n) * unit
		}
		return err
	}}
}

// Bool declares a switch: 0 or 1, or a Lua boolean.
func Bool(name string, p *bool, doc string) Param {
	def := "0"
	if *p {
		def = "1"
	}
	return Param{Name: name, Doc: doc, Want: "0 or 1", Default: def, Set: func(v any) error {
		if b, ok := v.(bool); ok {
			*p = b
			return nil
		}
		n, err := whole(v, 0, 1, "0 or 1")
		if err == nil {
			*p = n == 1
		}
		return err
	}}
}

// String declares a text parameter.
func String(name string, p *string, doc string) Param {
	return Param{Name: name, Doc: doc, Want: "a string", Default: *p, Set: func(v any) error {
		s, ok := v.(string)
		if !ok {
			return wrong("a string", v)
		}
		*p = s
		return nil
	}}
}

// Enum declares a parameter that takes one of some words, in any case.
func Enum(name string, p *string, words []string, doc string) Param {
	want := "one of " + strings.Join(words, ", ")
	return Param{Name: name, Doc: doc, Want: want, Default: *p, Set: func(v any) error {
		s, _ := v.(string)
		for _, w := range words {
			if strings.EqualFold(s, w) {
				*p = w
				return nil
			}
		}
		return wrong(want, v)
	}}
}
