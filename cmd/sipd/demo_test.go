package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// cdrRow is the demo's answered call as it is printed.
var cdrRow = regexp.MustCompile(`(?m)^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  1005    tech_support  1008      0          \d s {8}\d s {10}\d s$`)

// TestDemoOnce holds that the demo tells the whole story, ends with the CDR
// of an answered call, takes free ports for busy ones and leaves nothing
// behind.
func TestDemoOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Setenv("TMPDIR", t.TempDir())
	udp, freeUDP := hold(t, "udp:127.0.0.1:0")
	defer freeUDP()
	tcp, freeTCP := hold(t, "tcp:127.0.0.1:0")
	defer freeTCP()

	exit, out, errs := sipd("demo", "--once", "--listen", "udp:"+udp, "--mi-port", tcp[strings.LastIndexByte(tcp, ':')+1:])
	if exit != exitOK {
		t.Fatalf("exit code %d\n%s%s", exit, out, errs)
	}
	at := 0
	for _, want := range []string{
		"call      agent\n",
		"│──INVITE +SDP───▶│", // the caller
		"1005 hears the welcome, once",
		"1005 hears music and waits",
		"agent 1008 logs in",
		"│──INVITE──────────────────────────▶│",
		"they talk",
		"1005 hangs up",
		"│──BYE───────────▶│",
		"cc_cdrs\n",
	} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or comes too early, in\n%s", want, out)
		}
		at += i + len(want)
	}
	if !cdrRow.MatchString(out[at:]) {
		t.Errorf("no CDR with call_type 0 in\n%s", out[at:])
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "sipd-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestLadder holds the drawing: an arrow from lane to lane in either
// direction, labels cut to the room there is.
func TestLadder(t *testing.T) {
	for _, c := range []struct {
		from, to, text, want string
	}{
		{"a", "b", "INVITE", "   │──INVITE────────▶│                 │                 welcome   free"},
		{"b", "a", "200 OK", "   │◀─200 OK─────────│                 │                 welcome   free"},
		{"a", "c", "BYE", "   │──BYE─────────────────────────────▶│                 welcome   free"},
		{"b", "c", "486 A very long reason", "   │                 │──486 A very lon▶│                 welcome   free"},
	} {
		var out buffer
		l := newLadder(&out, false, "a", "b", "c")
		l.callState("welcome")
		l.agentState("free")
		l.message(c.from, c.to, c.text)
		_, got, _ := strings.Cut(out.String(), ".")
		if got = strings.TrimLeft(got, "0123456789"); got != c.want[1:]+"\n" {
			t.Errorf("%s to %s:\n got %q\nwant %q", c.from, c.to, got, c.want[1:]+"\n")
		}
	}
	var out buffer
	l := newLadder(&out, false, "a", "b")
	l.message("a", "nobody", "INVITE")
	l.message("a", "a", "INVITE")
	if got := out.String(); got != "" {
		t.Errorf("drawn between lanes that are not there: %q", got)
	}
}

// TestReadmeLadder holds that the README shows the lanes of the demo.
func TestReadmeLadder(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]string{laneCaller, laneServer, lanePlayer, laneAgent, "call", "agent"})
	for line := range strings.Lines(string(text)) {
		if fmt.Sprint(strings.Fields(line)) == want {
			return
		}
	}
	t.Errorf("no line with %s", want)
}
