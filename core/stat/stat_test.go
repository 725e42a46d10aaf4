package stat

import (
	"slices"
	"testing"
)

func TestRegistry(t *testing.T) {
	var r Registry
	calls, err := r.New("cc", "calls", Counter)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.New("CC", "Calls", Gauge); err == nil {
		t.Error("names differ only by case, and both were taken")
	}
	live, _ := r.New("cc", "live", Gauge)
	if _, err := r.NewFunc("core", "now", func() int64 { return -7 }); err != nil {
		t.Fatal(err)
	}
	r.Collect("dyn", func() []Value { return []Value{{Group: "cc", Name: "flow-a", Kind: Counter, Value: 3}} })
	calls.Add(2)
	live.Set(5)
	tests := []struct {
		names   []string
		want    []string
		unknown string
	}{
		{[]string{"all"}, []string{"calls", "flow-a", "live", "now"}, ""},
		{[]string{"cc:"}, []string{"calls", "flow-a", "live"}, ""},
		{[]string{"CC:CALLS"}, []string{"calls"}, ""},
		{[]string{"flow-A", "nothing"}, []string{"flow-a"}, "nothing"},
	}
	for _, tt := range tests {
		vs, unknown := r.Find(tt.names)
		var got []string
		for _, v := range vs {
			got = append(got, v.Name)
		}
		if !slices.Equal(got, tt.want) || unknown != tt.unknown {
			t.Errorf("Find(%v) = %v, %q; want %v, %q", tt.names, got, unknown, tt.want, tt.unknown)
		}
	}
	if n := r.Reset([]string{"cc:"}); n != 2 || calls.Value() != 0 || live.Value() != 5 {
		t.Errorf("Reset knew %d, left calls %d and live %d; want 2, 0 and 5", n, calls.Value(), live.Value())
	}
	if vs, _ := r.Find([]string{"core:now"}); vs[0].Value != 0 {
		t.Errorf("a negative value came out as %d", vs[0].Value)
	}
}
