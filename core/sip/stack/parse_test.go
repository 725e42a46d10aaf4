package stack

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/sanity"
)

func TestParse(t *testing.T) {
	p := newParser(100)
	m, err := p.parse([]byte("!Odd-method sip:bob@example.com;x SIP/2.0\r\nv:\r\n SIP/2.0/UDP\r\n\ta\r\nX-y : z \r\nl: 3\r\n\r\nabcdef"))
	if err != nil || m.refuse != nil {
		t.Fatal(err, m.refuse)
	}
	if m.req.Method != "!Odd-method" || m.req.URI.String() != "sip:bob@example.com;x" || string(m.req.Body) != "abc" ||
		fmt.Sprint(m.req.Headers) != "[{Via SIP/2.0/UDP a} {X-y z} {Content-Length 3}]" {
		t.Errorf("%+v", m.req)
	}
	m, err = p.parse([]byte("SIP/2.0 180 It rings\r\nVia: x\r\n\r\n"))
	if err != nil || m.res.Code != 180 || m.res.Reason != "It rings" || m.res.Body != nil {
		t.Errorf("%+v, %v", m.res, err)
	}
	for raw, code := range map[string]int{
		"A sip:b SIP/2.0\r\nVia: x\r\n":             400, // no empty line
		"A sip:b SIP/2.0\r\nno colon\r\n\r\n":       400,
		"A sip:b SIP/2.0\r\na: b\rc\r\n\r\n":        400,
		"A  sip:b SIP/2.0\r\nVia: x\r\n\r\n":        400,
		"A sip:b SIP/3.0\r\nVia: x\r\n\r\n":         505,
		"A sip: SIP/2.0\r\nVia: x\r\n\r\n":          400,
		"A http://x/y SIP/2.0\r\nVia: x\r\n\r\n":    416,
		strings.Repeat("A sip:b SIP/2.0\r\n", 3):    400,
		"A sip:b SIP/2.0" + many(101) + "\r\n\r\n":  400,
		"A sip:b SIP/2.0" + many(100) + "\r\n\r\n":  0,
		"A sip:b SIP/2.0\r\n : x\r\nVia: x\r\n\r\n": 0, // the sanity check sees an empty name
	} {
		m, err := p.parse([]byte(raw))
		switch {
		case err != nil:
			t.Errorf("%.40q: %v", raw, err)
		case (m.refuse == nil) != (code == 0) || m.refuse != nil && m.refuse.Code != code:
			t.Errorf("%.40q: %v, want %d", raw, m.refuse, code)
		case len(m.req.Headers) > 100:
			t.Errorf("%.40q: %d header fields", raw, len(m.req.Headers))
		}
	}
	for _, raw := range []string{"SIP/2.0 20 OK\r\n\r\n", "SIP/2.0 2000 OK\r\n\r\n", "SIP/2.0 +20 OK\r\n\r\n", "SIP/1.0 200 OK\r\n\r\n", "SIP/2.0 200 OK\r\n", "SIP/2.0 200 OK\r\nx\r\n\r\n", "SIP/2.0\r\n\r\n"} {
		if m, err := p.parse([]byte(raw)); err == nil {
			t.Errorf("%q: %+v", raw, m)
		}
	}
}

func many(n int) string { return strings.Repeat("\r\nX: y", n) }

func TestContentLength(t *testing.T) {
	for head, want := range map[string]any{
		"Content-Length: 5": int64(5), "l:5": int64(5), "L :\r\n  5": int64(5), "CONTENT-LENGTH: 9223372036854775807": int64(9223372036854775807),
		"X: y": errNoLength, "l: 5\r\nl: 5": errBadLength, "l: -5": errBadLength, "l: +5": errBadLength, "l: 5, 5": errBadLength,
		"l:": errBadLength, "l: 9223372036854775808": errBadLength, "l: x\r\nContent-Length: 5": errBadLength,
		"X: y\r\n l: 5": errNoLength, // folding
	} {
		n, err := contentLength([]byte("A b C\r\n" + head + "\r\n\r\nl: 7\r\n"))
		if e, ok := want.(error); ok && !errors.Is(err, e) || !ok && (err != nil || n != want) {
			t.Errorf("%q: %d, %v, want %v", head, n, err, want)
		}
	}
}

// TestFramer cuts the same stream at random places: the frames must not
// depend on how the bytes come.
func TestFramer(t *testing.T) {
	msg := func(i int) string {
		body := strings.Repeat("\r\n\r\nx", i%7)
		return fmt.Sprintf("A b SIP/2.0\r\nN: %d\r\nl: %d\r\n\r\n%s", i, len(body), body)
	}
	var stream, want strings.Builder
	for i := range 50 {
		stream.WriteString(strings.Repeat("\r\n", i%4))
		stream.WriteString(msg(i))
		want.WriteString(msg(i))
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		f := framer{max: 1000}
		var have strings.Builder
		for rest := []byte(stream.String()); len(rest) > 0; {
			n := 1 + r.IntN(min(len(rest), 1+r.IntN(300)))
			f.write(rest[:n])
			rest = rest[n:]
			for fr, ok := f.next(); ok; fr, ok = f.next() {
				have.Write(fr.raw)
			}
			f.release()
		}
		if have.String() != want.String() || !f.empty() {
			t.Fatalf("seed %d: %q", seed, have.String())
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, raw := range tortureFiles(f) {
		f.Add(raw)
	}
	p := newParser(256)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 65535 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		checkMessage(t, p, raw)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20+uint64(200*len(raw)) {
			t.Fatalf("%d bytes allocated for %d", n, len(raw))
		}
		checkFrames(t, raw)
	})
}

// checkMessage: what is accepted can be written, and means the same then.
func checkMessage(t *testing.T, p *parser, raw []byte) {
	if !plausible(raw) {
		return
	}
	m, err := p.parse(raw)
	if err != nil {
		return
	}
	if m.res != nil {
		if sanity.CheckResponse(m.res) == nil {
			again, err := p.parse(m.res.Append(nil))
			if err != nil || again.res == nil || again.res.Code != m.res.Code || !bytes.Equal(again.res.Body, m.res.Body) {
				t.Fatalf("%q was written as %q: %v", raw, m.res.Append(nil), err)
			}
		}
		return
	}
	if m.refuse != nil || sanity.Check(m.req) != nil {
		answer := *m.req
		answer.Headers = onlyFirst(m.req.Headers)
		sip.NewResponse(&answer, 400, "", "tag").Append(nil)
		return
	}
	out := m.req.Append(nil)
	again, err := p.parse(out)
	if err != nil || again.req == nil || again.refuse != nil {
		t.Fatalf("%q was written as %q: %v, %v", raw, out, err, again.refuse)
	}
	if v := sanity.Check(again.req); v != nil {
		t.Fatalf("%q was written as %q: %v", raw, out, v)
	}
	if again.req.Method != m.req.Method || again.req.CallID() != m.req.CallID() || again.req.FromTag() != m.req.FromTag() || !bytes.Equal(again.req.Body, m.req.Body) {
		t.Fatalf("%q was written as %q", raw, out)
	}
}

// checkFrames: a stream gives each byte once, at most.
func checkFrames(t *testing.T, raw []byte) {
	fr, n := framer{max: 65535}, 0
	fr.write(raw)
	for {
		frame, ok := fr.next()
		if !ok || frame.fault != nil {
			return
		}
		if n += len(frame.raw); n > len(raw) || !frame.ping && len(frame.raw) == 0 {
			t.Fatalf("%d bytes of %d", n, len(raw))
		}
	}
}

func BenchmarkParse(b *testing.B) {
	raw := tortureFiles(b)["ipv6-in-sdp"]
	p := newParser(256)
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.parse(raw)
		if err != nil || m.refuse != nil || sanity.Check(m.req) != nil {
			b.Fatal(err, m.refuse)
		}
	}
}
