package mi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEffect holds that changes, and only they, are told and refused to those
// who may look only.
func TestEffect(t *testing.T) {
	var r Registry
	ran := 0
	call := func(Params) (any, error) {
		ran++
		return nil, nil
	}
	optional := []Recipe{{}, {{"n", Int}}}
	for _, c := range []Command{
		{Name: "test:change", Call: call},
		{Name: "test:fail", Call: func(Params) (any, error) { return nil, &Error{Code: 404, Message: "Not there"} }},
		{Name: "test:read", Effect: Reads, Recipes: optional, Call: call},
		{Name: "test:level", Effect: ReadsBare, Recipes: optional, Call: call},
	} {
		if err := r.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	r.OnChange = func(command string, ps Params, err *Error) {
		told = append(told, fmt.Sprintf("%s%v%t", command, ps, err != nil))
	}
	for _, tt := range []struct {
		method, params string
		change         string
	}{
		{"change", `[]`, "test:changemap[]false"},
		{"fail", `[]`, "test:failmap[]true"},
		{"read", `[]`, ""},
		{"read", `[1]`, ""},
		{"level", `{}`, ""},
		{"level", `["1"]`, "test:levelmap[n:1]false"},
		{"level", `["x"]`, ""},
		{"nothing", `[]`, ""},
	} {
		request := fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q,"params":%s,"id":1}`, tt.method, tt.params)
		told = nil
		r.Handle(request)
		if want := strings.Fields(tt.change); !slices.Equal(told, want) {
			t.Errorf("%s %s: told %q, want %q", tt.method, tt.params, told, want)
		}
		before := ran
		got := string(r.HandleReads(request))
		refused := strings.Contains(got, `{"code":403,"message":"Read-only interface","data":"test:`)
		if refused != (tt.change != "") || refused && ran != before {
			t.Errorf("%s %s for a reader: %s", tt.method, tt.params, got)
		}
	}
}
