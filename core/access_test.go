package core

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestFileAccessParams(t *testing.T) {
	a := FileAccess{Mode: 0o660}
	set := map[string]func(any) error{}
	for _, p := range a.Params("fifo") {
		set[p.Name] = p.Set
		if p.Name == "fifo_mode" && p.Default != "0660" {
			t.Errorf("default %q, want 0660", p.Default)
		}
	}
	for _, tt := range []struct {
		name string
		v    any
		want FileAccess
		err  string
	}{
		{"fifo_mode", 600, FileAccess{Mode: 0o600}, ""},
		{"fifo_mode", 666.0, FileAccess{Mode: 0o666}, ""},
		{"fifo_mode", 7, FileAccess{Mode: 7}, ""},
		{"fifo_mode", "0640", FileAccess{Mode: 0o640}, ""},
		{"fifo_mode", 680, FileAccess{Mode: 0o640}, "want permission bits such as 0660, got 680"},
		{"fifo_mode", 1777, FileAccess{Mode: 0o640}, "want permission bits such as 0660, got 1777"},
		{"fifo_mode", "rw", FileAccess{Mode: 0o640}, `want permission bits such as 0660, got "rw"`},
		{"fifo_mode", "7777", FileAccess{Mode: 0o640}, `want permission bits such as 0660, got "7777"`},
		{"fifo_mode", true, FileAccess{Mode: 0o640}, "want permission bits such as 0660, got true"},
		{"fifo_user", "root", FileAccess{Mode: 0o640, User: "root"}, ""},
		{"fifo_user", 0, FileAccess{Mode: 0o640, User: "0"}, ""},
		{"fifo_group", 5, FileAccess{Mode: 0o640, User: "0", Group: "5"}, ""},
		{"fifo_group", -1, FileAccess{Mode: 0o640, User: "0", Group: "5"}, "want a name or a number, got -1"},
	} {
		err := set[tt.name](tt.v)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != tt.err || a != tt.want {
			t.Errorf("%s = %v: %+v, %v; want %+v, %s", tt.name, tt.v, a, err, tt.want, tt.err)
		}
	}
}

func TestFileAccessApply(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	own := FileAccess{Mode: 0o640, User: strconv.Itoa(os.Getuid()), Group: strconv.Itoa(os.Getgid())}
	if err := own.Apply(path); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode() != fs.FileMode(0o640) {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	for _, a := range []FileAccess{{User: "no-such-user"}, {Group: "no-such-group"}} {
		if err := a.Apply(path); err == nil || !strings.Contains(err.Error(), "no-such-") {
			t.Errorf("%+v: %v", a, err)
		}
	}
}
