package logic

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata")

// TestTranscripts runs testdata/*.txt: commands, one a line, above a line of
// dashes; what the session did below it.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(data))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(data) {
				t.Errorf("differs; run go test -run Transcripts -update and look at the diff\n%s", got)
			}
		})
	}
}

// replay runs the commands of a transcript and writes it anew.
func replay(t *testing.T, text string) string {
	var b strings.Builder
	var s *Session
	now := epoch
	skip := false
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "#"):
			b.WriteString(l + "\n")
		case l == "----":
			skip = true
		case l == "":
			skip = false
		case !skip:
			f := strings.Fields(l)
			b.WriteString("\n" + l + "\n----\n")
			if f[0] == "caller" {
				cfg := testConfig()
				if arg(f, 2) == "watched" {
					cfg.Ping, cfg.Silence = 30*time.Second, 90*time.Second
				}
				s = New(now, cfg, sdpNamed(arg(f, 1)))
				b.WriteString("ok\n")
				continue
			}
			ev := command(t, s, f, &now)
			n := b.Len()
			for _, a := range s.Step(now, ev) {
				b.WriteString(show(a) + "\n")
			}
			if b.Len() == n {
				b.WriteString("nothing\n")
			}
		}
	}
	return b.String()
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testConfig() Config {
	return Config{InitTimeout: time.Minute, MaxDuration: 12 * time.Hour, RingTimeout: 2 * time.Minute,
		Rand: func(n int) int { return n / 2 }}
}

func arg(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

func number(t *testing.T, f []string, i int) int {
	n, err := strconv.Atoi(arg(f, i))
	if err != nil {
		t.Fatalf("%v: want a number at place %d", f, i)
	}
	return n
}

func command(t *testing.T, s *Session, f []string, now *time.Time) Event {
	leg := func() Leg { return Leg(number(t, f, 1)) }
	switch f[0] {
	case "connect":
		c := Connect{ID: number(t, f, 1)}
		for _, o := range f[2:] {
			switch o {
			case "caller-offer":
				c.CallerOffer = true
			case "drop-old":
				c.DropOld = true
			case "announce":
				c.Announce = true
			default:
				t.Fatalf("connect %q", o)
			}
		}
		return c
	case "reply":
		return Reply{Code: number(t, f, 1)}
	case "terminate":
		return Terminate{}
	case "wake": // to the next instant at which a tick is due
		at, ok := s.Wake()
		if !ok {
			t.Fatal("wake: nothing to wait for")
		}
		*now = at
		return Tick{}
	case "wait":
		*now = now.Add(time.Duration(number(t, f, 1)) * time.Second)
		return Tick{}
	case "heard":
		return Heard{Leg: leg()}
	case "vanished":
		return Vanished{Leg: leg()}
	case "timed": // leg, seconds to the refresh and to the end
		return Timed{Leg: leg(), Refresh: time.Duration(number(t, f, 2)) * time.Second,
			Expire: time.Duration(number(t, f, 3)) * time.Second, Update: arg(f, 4) == "update"}
	case "unrefreshed":
		return Unrefreshed{Leg: leg(), Code: number(t, f, 2)}
	case "progress":
		return Progress{Leg: leg(), Code: number(t, f, 2), SDP: sdpNamed(arg(f, 3))}
	case "answered":
		return Answered{Leg: leg(), SDP: sdpNamed(arg(f, 2))}
	case "refused":
		return Refused{Leg: leg(), Code: number(t, f, 2)}
	case "reinvite":
		return Offered{Leg: leg(), Ref: number(t, f, 2), SDP: sdpNamed(arg(f, 3))}
	case "ack":
		return Acked{Leg: leg(), SDP: sdpNamed(arg(f, 2))}
	case "noack":
		return AckTimeout{Leg: leg()}
	case "bye":
		return Bye{Leg: leg()}
	case "cancel":
		return Cancelled{Leg: leg()}
	case "request":
		return Requested{Leg: leg(), Ref: number(t, f, 2), Method: arg(f, 3), SDP: sdpNamed(arg(f, 4))}
	case "replied":
		return Replied{Ref: number(t, f, 1), Code: number(t, f, 2), SDP: sdpNamed(arg(f, 3))}
	}
	t.Fatalf("no such command: %v", f)
	return nil
}

// sdpNamed makes a description that [nameOf] knows again. Its origin is its
// own, so that a transcript also runs through the rewriting of origins.
func sdpNamed(name string) string {
	if name == "" {
		return ""
	}
	return "v=0\r\no=" + name + " 7 1 IN IP4 192.0.2.1\r\ns=" + name + "\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n" +
		"m=audio 4000 RTP/AVP 0\r\n"
}

// nameOf is the name of a description that sdpNamed made; one of our own
// making is called by what it does.
func nameOf(sdp string) string {
	name := strings.TrimPrefix(line(sdp, "s="), "s=")
	_, media := parts(sdp)
	switch {
	case name == "-" && strings.Contains(sdp, "m=audio 0 "):
		return "refusal"
	case name == "-":
		return "hold"
	case len(media) > 0 && strings.Contains(sdp, "a=inactive"):
		return name + "-inactive"
	}
	return name
}

// show writes an action or event as "ReInvite Leg=0 SDP=A"; zero fields are left out.
func show(a any) string {
	v := reflect.ValueOf(a)
	out := v.Type().Name()
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch {
		case name == "Leg" || name == "To":
			out += fmt.Sprintf(" %s=%d", name, f.Int())
		case name == "RetryAfter" && f.Int() < 0, f.IsZero():
		case name == "SDP":
			out += " SDP=" + nameOf(f.String())
		default:
			out += fmt.Sprintf(" %s=%v", name, f)
		}
	}
	return out
}
