package db

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, show, dsn string }{
		{"mysql://opensips:pw@localhost/opensips", "mysql://opensips:***@localhost/opensips", "opensips:pw@tcp(localhost:3306)/opensips?"},
		{"mysql://u:p@10.0.0.1:3307/d", "mysql://u:***@10.0.0.1:3307/d", "u:p@tcp(10.0.0.1:3307)/d?"},
		{"mysql://u@h/d", "mysql://u@h/d", "u:@tcp(h:3306)/d?"},
		{"mysql://h/d", "mysql://h/d", ":@tcp(h:3306)/d?"},
		{"mysql://u:a@b:c/d?e%41@h/d", "mysql://u:***@h/d", "u:a@b:c/d?e%41@tcp(h:3306)/d?"},
		{"mysql://u:p@[::1]/d", "mysql://u:***@[::1]:3306/d", "u:p@tcp([::1]:3306)/d?"},
		{"mysql://u:p@[::1]:33/d", "mysql://u:***@[::1]:33/d", "u:p@tcp([::1]:33)/d?"},
		{"mysql://u:p@/d?socket=/run/my.sock", "mysql://u:***@/d?socket=/run/my.sock", "u:p@unix(/run/my.sock)/d?"},
		{"mysql://u:p@h/d?tls=true", "mysql://u:***@h/d", "u:p@tcp(h:3306)/d?"},
		{"sqlite:///var/lib/sipd/x y.db", "sqlite:///var/lib/sipd/x y.db", "file:/var/lib/sipd/x%20y.db?"},
		{"sqlite://x.db", "sqlite://x.db", "file:x.db?"},
		{"sqlite:///a?b", "", ""},
		{"sqlite://:memory:", "", ""},
		{"sqlite://", "", ""},
		{"postgres://u:p@h/d", "", ""},
		{"mysql://u:canary@h", "", ""},
		{"mysql://u:canary@h/", "", ""},
		{"mysql://u:canary@h:0/d", "", ""},
		{"mysql://u:canary@h:x/d", "", ""},
		{"mysql://u:canary@/d", "", ""},
		{"mysql://u:canary@h/d?x=y", "", ""},
		{"mysql://u:canary@h/d?tls=maybe", "", ""},
		{"mysql://u:canary.h/d", "", ""},
		{"mysql://h/d?canary.h", "", ""},
		{"u:canary@h/d", "", ""},
		{"", "", ""},
	} {
		u, err := Parse(c.in)
		if c.show == "" {
			if !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Parse(%q): %v", c.in, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if u.String() != c.show {
			t.Errorf("Parse(%q) shows %q, want %q", c.in, u, c.show)
		}
		if dsn := u.dsn(true); !strings.HasPrefix(dsn, c.dsn) {
			t.Errorf("Parse(%q) dsn %q, want %q...", c.in, dsn, c.dsn)
		}
	}
}

// TestSecret prints a URL in every way there is.
func TestSecret(t *testing.T) {
	u, err := Parse("mysql://u:canary@h/d")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	l := slog.New(slog.NewJSONHandler(&out, nil))
	l.Info("x", "url", u, "ptr", &u, "any", []any{u})
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d", u, u, u, u, u, u, u)
	fmt.Fprintf(&out, "%v %+v %#v", &u, struct{ U URL }{u}, struct{ U *URL }{&u})
	text, err := json.Marshal(u)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if strings.Contains(out.String(), "canary") || strings.Contains(out.String(), fmt.Sprintf("%x", "canary")) {
		t.Errorf("the password is printed: %s", &out)
	}
}

// TestExplainHides has a driver put the password into its error.
func TestExplainHides(t *testing.T) {
	d, err := New("mysql://u:canary@h/d")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Explain(fmt.Errorf("invalid DSN u:canary@tcp(h:3306)/d"))
	if strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "u:***@") {
		t.Error(err)
	}
	if d.Explain(nil) != nil {
		t.Error("Explain(nil) is an error")
	}
}

func TestURLID(t *testing.T) {
	id := func(s string) string {
		u, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u.ID()
	}
	if a, b := id("mysql://u:p@h/d"), id("mysql://v:q@h:3306/d"); a != b || len(a) != 16 {
		t.Errorf("another user or password changes the journal: %s, %s", a, b)
	}
	if id("mysql://u:p@h/d") == id("mysql://u:p@h/e") {
		t.Error("two databases share a journal")
	}
}
