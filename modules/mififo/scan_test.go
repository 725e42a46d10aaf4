package mififo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/mi"
)

// scan feeds text in pieces of size and returns the requests as "reply|body".
func scan(s *scanner, text string, size int) (got []string) {
	for len(text) > 0 {
		n := min(size, len(text))
		s.feed([]byte(text[:n]), func(f frame) { got = append(got, f.reply+"|"+string(f.body)) })
		text = text[n:]
	}
	return got
}

func TestScan(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
		pending    bool
		noise      int
	}{
		{"nothing", "", nil, false, 0},
		{"space", " \r\n\t", nil, false, 0},
		{"one", `:r:{"a":1}`, []string{`r|{"a":1}`}, false, 0},
		{"no reply", `::{"a":1}`, []string{`|{"a":1}`}, false, 0},
		{"lines", ":a:{}\n:b:{}\n", []string{"a|{}", "b|{}"}, false, 0},
		{"joined", ":a:{}:b:[]", []string{"a|{}", "b|[]"}, false, 0},
		{"space before the JSON", ":a: \n {}", []string{"a|{}"}, false, 0},
		{"pretty", ":a:{\n  \"a\": [\n 1 ]\n}\n", []string{"a|{\n  \"a\": [\n 1 ]\n}"}, false, 0},
		{"brackets in strings", `:a:{"}":"]\"}\\"}:b:{}`, []string{`a|{"}":"]\"}\\"}`, "b|{}"}, false, 0},
		{"no object", ":a:hello\n:b:{}", []string{"a|hello", "b|{}"}, false, 0},
		{"quote left open", ":a:{\"x\n:b:{}", []string{"a|{\"x", "b|{}"}, false, 0},
		{"too many closed", ":a:{}}\n:b:{}", []string{"a|{}", "b|{}"}, false, 2},
		{"noise", "uptime\n:b:{}", []string{"b|{}"}, false, 7},
		{"a line of a name", ":abc\n:b:{}", []string{"b|{}"}, false, 4},
		{"long name", ":" + strings.Repeat("n", maxName+1) + ":{}\n:b:{}", []string{"b|{}"}, false, maxName + 1 + 4},
		{"longest name", ":" + strings.Repeat("n", maxName) + ":{}", []string{strings.Repeat("n", maxName) + "|{}"}, false, 0},
		{"unfinished", `:a:{"a":`, nil, true, 0},
		{"unfinished name", `:a`, nil, true, 0},
		{"old syntax", ":uptime:reply\n\n:b:{}", []string{"uptime|reply", "b|{}"}, false, 0},
	} {
		for _, size := range []int{1, 3, 1 << 20} {
			s := &scanner{}
			got := scan(s, tt.text, size)
			if strings.Join(got, "\x00") != strings.Join(tt.want, "\x00") || s.pending() != tt.pending || s.noise != tt.noise {
				t.Errorf("%s in pieces of %d: %q, pending %t, noise %d; want %q, %t, %d",
					tt.name, size, got, s.pending(), s.noise, tt.want, tt.pending, tt.noise)
			}
		}
	}
}

// TestScanLong holds that a request without an end is given once, cut off,
// and that the next one is heard.
func TestScanLong(t *testing.T) {
	s := &scanner{}
	long := `:a:{"x":"` + strings.Repeat("y", 3*mi.MaxRequest)
	got := scan(s, long+"\n:b:{}", 1<<16)
	if len(got) != 2 || len(got[0]) != len("a|")+mi.MaxRequest+1 || got[1] != "b|{}" {
		t.Fatalf("%d requests", len(got))
	}
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{":a:{}\n:b:[1,2]", `::{"a":"\"}"}`, "x\n:y\n:z:1\n", ":a:{\"\n:b:{}", "::{}}::{}"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		whole, pieces := &scanner{}, &scanner{}
		a := scan(whole, string(text), len(text)+1)
		b := scan(pieces, string(text), int(size)+1)
		if strings.Join(a, "\x00") != strings.Join(b, "\x00") || whole.pending() != pieces.pending() {
			t.Errorf("%q gives %q at once and %q in pieces of %d", text, a, b, int(size)+1)
		}
		// A request that follows any line is heard, unless the line was the
		// beginning of one.
		if whole.pending() {
			whole.reset()
		}
		if got := scan(whole, ":r:{}", 9); len(got) != 1 || got[0] != "r|{}" {
			t.Errorf("after %q: %q", text, got)
		}
		for _, r := range a {
			if _, body, _ := strings.Cut(r, "|"); len(body) > mi.MaxRequest+1 {
				t.Errorf("a request of %d bytes", len(body))
			}
		}
		// Every JSON object written as a request comes out as it is.
		if json.Valid(text) && len(text) > 0 && len(text) < mi.MaxRequest && (text[0] == '{' || text[0] == '[') {
			want := strings.TrimRight(string(text), " \t\r\n")
			if got := scan(&scanner{}, ":r:"+string(text), int(size)+1); len(got) != 1 || got[0] != "r|"+want {
				t.Errorf(":r:%s gives %q", text, got)
			}
		}
	})
}
