package audio

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadNetstring(t *testing.T) {
	r := bufio.NewReader(strings.NewReader("5:hello,0:,12:{\"a\":\"5:x,\"},"))
	for _, want := range []string{"hello", "", `{"a":"5:x,"}`} {
		if got, err := readNetstring(r); err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	for _, bad := range []string{"", "x", "5:hell", "5:hello;", "-1:,", "9999999999:x,"} {
		if got, err := readNetstring(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q read as %q", bad, got)
		}
	}
}

// As baresip 1.0.0 writes it in a call that has had two peers.
const debugText = `
--- Audio stream ---
 tx:   encode: PCMU 8000Hz/1ch ptime=20ms S16LE
       time = 2.120 sec
RTP debug:
 Encode: seq=28520 ssrc=0x5732ba27
----- RTCP Session: -----
  cname=sip:caller@127.0.0.1:25060 SSRC=0x5732ba27/1462942247 rx=8000Hz
  member 0x5e115bba: lost=0 Jitter=0.0ms RTT=0.0ms
                 IP=127.0.0.1:29928 psent=0 rcvd=106
  member 0x00000007: lost=0 Jitter=0.0ms RTT=0.0ms
                 IP=127.0.0.1:29930 psent=0 rcvd=3
  TX: packets=121, octets=16960
`

func TestParseAudio(t *testing.T) {
	got, ok := parseAudio(debugText)
	if !ok || got.SSRC != 0x5732ba27 || got.Sent != 121 || len(got.From) != 2 || got.From[0x5e115bba] != 106 || got.From[7] != 3 || got.Received() != 109 {
		t.Errorf("%+v, %v", got, ok)
	}
	if got, ok := parseAudio("no call\n"); ok {
		t.Errorf("nothing read as %+v", got)
	}
}

func TestAccount(t *testing.T) {
	got := account(5062, Options{User: "agent", AutoAnswer: true, Outbound: "sip:127.0.0.1:5060"})
	if want := "<sip:agent@127.0.0.1:5062>;regint=0;answermode=auto;outbound=\"sip:127.0.0.1:5060\"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !strings.Contains(config(1, 2, Options{}), "audio_source ausine,440\n") {
		t.Error("no tone by default")
	}
}
