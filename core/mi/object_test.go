package mi

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

func TestObject(t *testing.T) {
	agent := Object{}.With("id", "al").With("Ref", 1)
	for _, tt := range []struct {
		name string
		v    Object
		want string
	}{
		{"list in a list", Object{}.With("x", []any{List{1, slices.Values([]Object{agent})}}), `{"x":[[{"id":"al","Ref":1}]]}`},
		{"empty", Object{}, `{}`},
		{"nil", nil, `{}`},
		{"order is kept", Object{}.With("b", 1).With("a", 2), `{"b":1,"a":2}`},
		{"no escapes", Object{}.With("<&>", "\"TECH Bob\" <sip:b@x>"), `{"<&>":"\"TECH Bob\" <sip:b@x>"}`},
		{"nested list", Object{}.With("Agents", []Object{agent, agent}), `{"Agents":[{"id":"al","Ref":1},{"id":"al","Ref":1}]}`},
		{"nil list", Object{}.With("Agents", []Object(nil)), `{"Agents":[]}`},
		{"nil object", Object{}.With("Agent", Object(nil)), `{"Agent":{}}`},
		{"nil", Object{}.With("Agent", nil), `{"Agent":null}`},
		{"list made on the way", Object{}.With("Agents", List{2, slices.Values([]Object{agent, agent})}), `{"Agents":[{"id":"al","Ref":1},{"id":"al","Ref":1}]}`},
		{"pointers", Object{}.With("id", new("al")).With("Ref", new(7)).With("s", (*string)(nil)).With("n", (*int)(nil)), `{"id":"al","Ref":7,"s":null,"n":null}`},
		{"float", Object{}.With("Avg Call Duration", 12.5).With("n", 3.0), `{"Avg Call Duration":12.5,"n":3}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.v.MarshalJSON()
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
	if got := agent.Get("Ref"); got != 1 {
		t.Errorf("Get = %v, want 1", got)
	}
	if _, err := json.Marshal(Object{}.With("x", make(chan int))); err == nil {
		t.Error("a channel was written")
	}
}

// FuzzText holds the writer against encoding/json, letter for letter.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a b", `"TECH Bob" \ <sip:b@x>&`, "Müller 日本 \U0001F600", "\x00\x1f\x7f\b\f\n\r\t", "bad \xff\xc3", "\u2028 \u2029 \uFFFD", "x\"y\xffz"} {
		f.Add(s, int64(len(s))-4)
	}
	f.Fuzz(func(t *testing.T, s string, n int64) {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode([]map[string]any{{s: s}, {"n": n}, {"yes": n > 0}}); err != nil {
			t.Fatal(err)
		}
		got, err := encode([]Object{Object{}.With(s, s), Object{}.With("n", n), Object{}.With("yes", n > 0)})
		if err != nil || string(got)+"\n" != want.String() {
			t.Errorf("got  %s, %v\nwant %s", got, err, want.Bytes())
		}
	})
}

// TestLongList: the room for a long list is guessed from its beginning.
func TestLongList(t *testing.T) {
	for _, n := range []int{enough - 1, enough, enough + 1, 10 * enough} {
		list := make([]Object, n)
		for i := range list {
			list[i] = Object{}.With("i", i).With("text", "a text that does not grow")
		}
		got, err := encode(list)
		if err != nil {
			t.Fatal(err)
		}
		var back []map[string]any
		if err := json.Unmarshal(got, &back); err != nil || len(back) != n || back[n-1]["i"] != float64(n-1) {
			t.Errorf("%d: %d came out, %v", n, len(back), err)
		}
	}
}
