package core

import (
	"fmt"
	"time"
)

// Checked returns the parameter with a test that its text must pass before it
// is taken, so that the error names the line of the modparam. The error of
// test says what is wrong and what is wanted.
func (p Param) Checked(test func(text string) error) Param {
	set := p.Set
	p.Set = func(v any) error {
		if text, ok := v.(string); ok {
			if err := test(text); err != nil {
				return err
			}
		}
		return set(v)
	}
	return p
}

// SecondsIn is [Seconds] with bounds, in seconds. Low 0 with gap set allows 0,
// which means never, and nothing between 0 and gap.
func SecondsIn(name string, p *time.Duration, gap, low, high int, doc string) Param {
	want := fmt.Sprintf("seconds from %d to %d", max(gap, low), high)
	if gap > low {
		want = fmt.Sprintf("%d or ", low) + want
	}
	param := Seconds(name, p, doc)
	param.Set = func(v any) error {
		n, err := whole(v, 0, maxSeconds, "seconds")
		if err != nil {
			return err
		}
		if n < low || n > high || n < gap && n != low {
			return wrong(want, v)
		}
		*p = time.Duration(n) * time.Second
		return nil
	}
	return param
}

// Unneeded declares a parameter of OpenSIPS that has nothing to set here, so
// that a route file made for OpenSIPS loads. why ends up in a warning.
func Unneeded(name, why string) Param {
	return Param{Name: name, Doc: "not needed: " + why, Want: "any value", Unneeded: true, Set: func(v any) error {
		switch v.(type) {
		case string, int, float64, bool:
			return nil
		}
		return wrong("text or a number", v)
	}}
}
