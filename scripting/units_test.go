package scripting

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestShared(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := newShared(func() time.Time { return now })
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.set("a", "x", time.Second))
	check(s.set("b", 1, 0))
	now = now.Add(time.Second)
	if s.get("a") != nil || s.get("b") != 1 {
		t.Errorf("after its time: %v, %v", s.get("a"), s.get("b"))
	}
	check(s.set("c", 5, time.Minute))
	if n, err := s.incr("c", 2.5, 0); n != 7.5 || err != nil {
		t.Errorf("incr: %v %v", n, err)
	}
	now = now.Add(time.Minute)
	if s.get("c") != nil {
		t.Error("incr without a lifetime ended the old one")
	}
	check(s.set("t", "text", 0))
	if _, err := s.incr("t", 1, 0); err == nil {
		t.Error("a text was incremented")
	}
	check(s.set("t", nil, 0))
	if ok, err := s.swap("t", nil, 3, 0); !ok || err != nil {
		t.Error("swap of nothing", err)
	}
	if err := s.set(strings.Repeat("k", maxSharedKey+1), 1, 0); err == nil {
		t.Error("a long key was taken")
	}
}

// TestSharedFull: the store ends, makes room for what is over, and its size
// is counted right.
func TestSharedFull(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := newShared(func() time.Time { return now })
	text := strings.Repeat("x", maxValue)
	var err error
	for i := 0; err == nil && i < 1e5; i++ {
		err = s.set(fmt.Sprint("k", i), text, time.Minute)
	}
	if !errors.Is(err, errSharedFull) {
		t.Fatalf("got %v", err)
	}
	now = now.Add(time.Minute)
	for i := range 200 {
		if err := s.set(fmt.Sprint("n", i), text, 0); err != nil {
			t.Fatalf("no room after the time of the others: %v", err)
		}
	}
	if err := s.set("n0", "shorter", 0); err != nil {
		t.Fatal(err)
	}
	for i := range s.shards {
		h, size := &s.shards[i], 0
		for k, e := range h.entries {
			size += cost(k, e.value)
		}
		if size != h.size {
			t.Errorf("shard %d counts %d, holds %d", i, h.size, size)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"cc_handle_call", "send_reply", "route"}
	for name, want := range map[string]string{"cc_handel_call": "cc_handle_call", "sendreply": "send_reply", "zzz": "", "": ""} {
		if got := Nearest(name, words); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// FuzzPattern: no pattern makes the matcher panic or run for ever, and a
// match lies inside the text.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"(%w+)=(%w+)", ".-.-.-b", "%b()", "%f[%a]x", "[^%]a-z]*", "()a()%1", "^a$", "%", "[", "%b", "(", ")", "%f", "[a-", "[]", "[^]"} {
		f.Add("key=value (x(y)) ]", p)
	}
	f.Fuzz(func(t *testing.T, src, pattern string) {
		left := 20_000
		m := &matcher{src: src, pat: pattern, spend: func(n int) error {
			if left -= n; left < 0 {
				return errComplex
			}
			return nil
		}}
		for s := 0; s <= len(src); s++ {
			end, err := m.matchAt(s, 0)
			if err != nil {
				return
			}
			if end > len(src) || end >= 0 && end < s {
				t.Fatalf("%q in %q: match %d to %d", pattern, src, s, end)
			}
			for _, c := range m.captures {
				if end >= 0 && c.size > 0 && c.start+c.size > len(src) {
					t.Fatalf("%q in %q: capture %+v", pattern, src, c)
				}
			}
		}
	})
}

// FuzzExpand: no text with dollars panics.
func FuzzExpand(f *testing.F) {
	for _, s := range []string{"$ru", "$(ru)", "$(hdr(X))", "$hdr(", "$$", "$", "$(", "$avp(x)$var(y)", "$socket_in(ip)", "$()", "$(()"} {
		f.Add(s)
	}
	st := &state{vars: nil}
	f.Fuzz(func(t *testing.T, text string) {
		if got := st.expand(text); !strings.Contains(text, "$") && got != text {
			t.Fatalf("%q became %q", text, got)
		}
		parseVar("$"+text, func(string) bool { return true })
	})
}
