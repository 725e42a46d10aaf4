package core

import (
	"math"
	"testing"
	"time"
)

func TestParams(t *testing.T) {
	var (
		n     = 5
		secs  = 30 * time.Second
		ms    = 20 * time.Millisecond
		flag  = true
		text  = "t"
		word  = "one"
		reset = func() { n, secs, ms, flag, text, word = 5, 30*time.Second, 20*time.Millisecond, true, "t", "one" }
	)
	ps := map[string]Param{
		"int": Int("int", &n, -1, 10, "d"), "seconds": Seconds("seconds", &secs, "d"), "millis": Millis("millis", &ms, "d"),
		"bool": Bool("bool", &flag, "d"), "string": String("string", &text, "d"), "enum": Enum("enum", &word, []string{"one", "two"}, "d"),
	}
	for name, def := range map[string]string{"int": "5", "seconds": "30", "millis": "20", "bool": "1", "string": "t", "enum": "one"} {
		if p := ps[name]; p.Default != def || p.Name != name || p.Doc != "d" || p.Want == "" {
			t.Errorf("%+v, want default %s", p, def)
		}
	}
	value := map[string]func() any{
		"int": func() any { return n }, "seconds": func() any { return secs }, "millis": func() any { return ms },
		"bool": func() any { return flag }, "string": func() any { return text }, "enum": func() any { return word },
	}
	tests := []struct {
		param string
		in    any
		want  any // the value, or the error as a string of type fault
	}{
		{"int", 7, 7}, {"int", 7.0, 7}, {"int", -1, -1}, {"int", 10, 10},
		{"int", 11, fault("want an integer from -1 to 10, got 11")},
		{"int", -2, fault("want an integer from -1 to 10, got -2")},
		{"int", 1.5, fault("want an integer from -1 to 10, got 1.5")},
		{"int", "7", fault(`want an integer from -1 to 10, got "7"`)},
		{"int", true, fault("want an integer from -1 to 10, got true")},
		{"int", nil, fault("want an integer from -1 to 10, got <nil>")},
		{"int", math.NaN(), fault("want an integer from -1 to 10, got NaN")},
		{"int", math.Inf(1), fault("want an integer from -1 to 10, got +Inf")},
		{"int", 1e300, fault("want an integer from -1 to 10, got 1e+300")},
		{"seconds", 0, time.Duration(0)}, {"seconds", 90, 90 * time.Second}, {"seconds", 2.0, 2 * time.Second},
		{"seconds", maxSeconds, maxSeconds * time.Second},
		{"seconds", maxSeconds + 1, fault("want seconds, got 2147483648")},
		{"seconds", -1, fault("want seconds, got -1")},
		{"seconds", 0.5, fault("want seconds, got 0.5")},
		{"seconds", "90", fault(`want seconds, got "90"`)},
		{"millis", 150, 150 * time.Millisecond},
		{"millis", -1, fault("want milliseconds, got -1")},
		{"bool", 0, false}, {"bool", 1, true}, {"bool", false, false}, {"bool", 0.0, false},
		{"bool", 2, fault("want 0 or 1, got 2")},
		{"bool", "no", fault(`want 0 or 1, got "no"`)},
		{"string", "", ""}, {"string", "x", "x"},
		{"string", 1, fault("want a string, got 1")},
		{"string", nil, fault("want a string, got <nil>")},
		{"enum", "two", "two"}, {"enum", "TWO", "two"},
		{"enum", "three", fault(`want one of one, two, got "three"`)},
		{"enum", "", fault(`want one of one, two, got ""`)},
		{"enum", 1, fault("want one of one, two, got 1")},
	}
	for _, tt := range tests {
		reset()
		before := value[tt.param]()
		err := ps[tt.param].Set(tt.in)
		if want, bad := tt.want.(fault); bad {
			if err == nil || err.Error() != string(want) || value[tt.param]() != before {
				t.Errorf("%s = %v: error %v, value %v; want %q and %v", tt.param, tt.in, err, value[tt.param](), want, before)
			}
			continue
		}
		if err != nil || value[tt.param]() != tt.want {
			t.Errorf("%s = %v: %v, %v; want %v", tt.param, tt.in, value[tt.param](), err, tt.want)
		}
	}
	if p := Bool("b", new(bool), ""); p.Default != "0" {
		t.Errorf("default of a switch that is off: %s", p.Default)
	}
}

// fault is an expected error.
type fault string

func TestArgs(t *testing.T) {
	a := Args{"x", 3, true, nil}
	if a.String(0) != "x" || a.Int(1) != 3 || !a.Bool(2) || a.Has(3) || a.Has(4) || !a.Has(0) {
		t.Errorf("args %v", a)
	}
	if a.String(1) != "" || a.Int(0) != 0 || a.Bool(9) || a.String(3) != "" {
		t.Error("an argument of another kind has a value")
	}
}

func TestKinds(t *testing.T) {
	for k, want := range map[Kind]string{StringKind: "a string", IntKind: "an integer", BoolKind: "0 or 1", AnyKind: "any value"} {
		if k.String() != want {
			t.Errorf("kind %d is %q, want %q", k, k, want)
		}
	}
}

func TestPositions(t *testing.T) {
	ps := Problems{{Pos{"r.lua", 3}, "one"}, {Pos{}, "two"}}
	if got := ps.Err().Error(); got != "r.lua:3: one\ntwo" {
		t.Errorf("problems %q", got)
	}
	if (Problems{}).Err() != nil || (Pos{}).String() != "" {
		t.Error("nothing is something")
	}
}
