package dispatch

import (
	"fmt"
	"strconv"
	"time"
)

// reader takes typed values out of settings and keeps the first error.
type reader struct {
	Settings
	err error
}

// number is a setting from least on, or def if it is not set.
func (r *reader) number(name string, def, least float64) float64 {
	text, ok := r.Settings[name]
	if !ok {
		return def
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= least && n <= 1e9) {
		r.fail("%s is %q: want a number, %v or more", name, text, least)
	}
	return n
}

// whole is a whole number from 0 on, or def if it is not set.
func (r *reader) whole(name string, def int, want string) int {
	text, ok := r.Settings[name]
	if !ok {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		r.fail("%s is %q: want %s", name, text, want)
	}
	return n
}

// seconds is a time above zero: a number of seconds, or a number with a unit as
// in 2m30s.
func (r *reader) seconds(name string, def time.Duration) time.Duration {
	text, ok := r.Settings[name]
	if !ok {
		return def
	}
	d, err := time.ParseDuration(text)
	if n, e := strconv.Atoi(text); e == nil && n < 1e9 {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d <= 0 {
		r.fail("%s is %q: want a number of seconds above 0, or a time as 90s or 2m", name, text)
	}
	return d
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}
