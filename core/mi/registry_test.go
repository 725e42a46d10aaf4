package mi

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

func ok(Params) (any, error) { return nil, nil }

func TestRegisterRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Command
		want string
	}{
		{"no module", Command{Name: "uptime", Call: ok}, `command "uptime": want module:command`},
		{"no command", Command{Name: "core:", Call: ok}, `want module:command`},
		{"blank", Command{Name: "core:up time", Call: ok}, `want module:command`},
		{"no Call", Command{Name: "core:x"}, `command core:x has no Call`},
		{"twice", Command{Name: "a:list", Call: ok}, `the name a:list is taken by a:list`},
		{"twice by proto_", Command{Name: "proto_a:list", Call: ok}, `the name a:list is taken`},
		{"alias taken", Command{Name: "b:list", Aliases: []string{"a_list"}, Call: ok}, `the name a_list is taken by a:list`},
		{"alias is a name", Command{Name: "b:list", Aliases: []string{"a:list"}, Call: ok}, `the name a:list is taken`},
		{"nameless parameter", Command{Name: "b:x", Recipes: []Recipe{{{}}}, Call: ok}, `parameter 1 is called ""`},
		{"parameter twice", Command{Name: "b:x", Recipes: []Recipe{{{"p", Int}, {"p", Int}}}, Call: ok}, `parameter 2 is called "p"`},
		{"array first", Command{Name: "b:x", Recipes: []Recipe{{{"p", Array}, {"q", Int}}}, Call: ok}, `parameter p is an array: want it last`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r Registry
			if err := r.Register(Command{Name: "a:list", Aliases: []string{"a_list"}, Call: ok}); err != nil {
				t.Fatal(err)
			}
			err := r.Register(tt.c)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
			if got := r.Names(); !slices.Equal(got, []string{"a:list", "a_list", "list"}) {
				t.Errorf("a refused command left names: %v", got)
			}
		})
	}
}

func TestNames(t *testing.T) {
	var r Registry
	for _, c := range []Command{
		{Name: "core:uptime", Call: ok},
		{Name: "call_center:reload", Aliases: []string{"cc_reload"}, Call: ok},
		{Name: "proto_tcp:reload", Call: ok},
		{Name: "other:cc_reload", Call: ok},
	} {
		if err := r.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"call_center:reload", "cc_reload", "core:uptime", "other:cc_reload", "tcp:reload", "uptime"}
	if got := r.Names(); !slices.Equal(got, want) {
		t.Errorf("Names = %v, want %v", got, want)
	}
	for _, name := range want {
		if _, err := r.Lookup(name); err != nil {
			t.Errorf("%s is listed and not found: %v", name, err)
		}
	}
	if c, _ := r.Lookup("cc_reload"); c.Name != "call_center:reload" {
		t.Errorf("cc_reload is %s: a local name took the alias", c.Name)
	}
	if got := r.Module("proto_tcp"); !slices.Equal(got, []string{"tcp:reload"}) {
		t.Errorf("Module(proto_tcp) = %v", got)
	}
	if got := r.Module("no"); got != nil {
		t.Errorf("Module(no) = %v", got)
	}
}

// TestTogether is for the race detector: commands come while others run.
func TestTogether(t *testing.T) {
	r := testRegistry(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_ = r.Register(Command{Name: "late:c" + string(rune('a'+i)), Call: ok})
			r.Handle([]byte(`{"jsonrpc":"2.0","method":"uptime","id":1}`))
			r.Names()
			r.Module("late")
		})
	}
	wg.Wait()
	if got := len(r.Module("late")); got != 8 {
		t.Errorf("%d commands, want 8", got)
	}
}
