package mi

import (
	"encoding/json"
	"testing"
)

func TestObject(t *testing.T) {
	agent := Object{}.With("id", "al").With("Ref", 1)
	for _, tt := range []struct {
		name string
		v    Object
		want string
	}{
		{"empty", Object{}, `{}`},
		{"nil", nil, `{}`},
		{"order is kept", Object{}.With("b", 1).With("a", 2), `{"b":1,"a":2}`},
		{"no escapes", Object{}.With("<&>", "\"TECH Bob\" <sip:b@x>"), `{"<&>":"\"TECH Bob\" <sip:b@x>"}`},
		{"nested list", Object{}.With("Agents", []Object{agent, agent}), `{"Agents":[{"id":"al","Ref":1},{"id":"al","Ref":1}]}`},
		{"nil list", Object{}.With("Agents", []Object(nil)), `{"Agents":[]}`},
		{"nil object", Object{}.With("Agent", Object(nil)), `{"Agent":{}}`},
		{"nil", Object{}.With("Agent", nil), `{"Agent":null}`},
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
