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
	if n := r.Reset([]string{"cc:"}); n != 3 || calls.Value() != 0 || live.Value() != 5 {
		t.Errorf("Reset knew %d, left calls %d and live %d; want 3, 0 and 5", n, calls.Value(), live.Value())
	}
	if vs, _ := r.Find([]string{"core:now"}); vs[0].Value != 0 {
		t.Errorf("a negative value came out as %d", vs[0].Value)
	}
}

// TestResetCollected holds that counters which somebody else counts read 0
// after a reset, and what has come since.
func TestResetCollected(t *testing.T) {
	var r Registry
	counted, level := int64(7), int64(3)
	r.Collect("dyn", func() []Value {
		return []Value{{Group: "dyn", Name: "counted", Kind: Counter, Value: counted}, {Group: "dyn", Name: "level", Kind: Gauge, Value: level}}
	})
	want := func(step string, c, l int64) {
		t.Helper()
		for _, v := range r.All() {
			if want := map[string]int64{"counted": c, "level": l}[v.Name]; v.Value != want {
				t.Errorf("%s: %s = %d, want %d", step, v.Name, v.Value, want)
			}
		}
	}
	want("at the start", 7, 3)
	if n := r.Reset([]string{"nothing"}); n != 0 {
		t.Errorf("nothing matched %d", n)
	}
	if n := r.Reset([]string{"dyn:", "counted"}); n != 2 {
		t.Errorf("Reset knew %d, want 2", n)
	}
	want("after the reset", 0, 3)
	counted += 5
	want("then", 5, 3)
	r.Reset([]string{"counted"})
	want("after another", 0, 3)
	counted = 2 // its owner set it back
	want("set back", 2, 3)
	counted = 100
	want("and counted on", 100, 3)
	r.Reset([]string{"all"})
	r.Restarted("other")
	want("another group restarted", 0, 3)
	counted = 150
	r.Restarted("DYN")
	want("its group restarted", 150, 3)
}
