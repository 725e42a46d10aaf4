package stat

import "testing"

func TestAlias(t *testing.T) {
	var r Registry
	r.Collect("cc", func() []Value { return []Value{{Group: "cc", Name: "flow-a", Kind: Counter, Value: 3}} })
	r.Alias("cc", func(name string) (string, bool) { return "flow-a", name == "flow_a" })
	for _, name := range []string{"flow_a", "cc:flow_a"} {
		if vs, unknown := r.Find([]string{name}); len(vs) != 1 || vs[0] != (Value{Group: "cc", Name: "flow_a", Kind: Counter, Value: 3}) || unknown != "" {
			t.Errorf("%s: %v, unknown %q", name, vs, unknown)
		}
	}
	for _, name := range []string{"core:flow_a", "flow_b"} {
		if vs, unknown := r.Find([]string{name}); len(vs) != 0 || unknown != name {
			t.Errorf("%s: %v, unknown %q", name, vs, unknown)
		}
	}
	if vs, _ := r.Find([]string{"all"}); len(vs) != 1 {
		t.Errorf("all: %v", vs)
	}
	if n := r.Reset([]string{"CC:flow_a", "flow_b"}); n != 1 {
		t.Errorf("Reset by another spelling knew %d", n)
	}
	if vs, _ := r.Find([]string{"flow-a"}); vs[0].Value != 0 {
		t.Errorf("after the reset: %v", vs)
	}
}
