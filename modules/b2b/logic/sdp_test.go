package logic

import (
	"strings"
	"testing"
)

const head = "v=0\r\no=u 5 9 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"

func TestFit(t *testing.T) {
	audio, video := "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000\r\n", "m=video 5000 RTP/AVP 97\r\n"
	tests := []struct{ name, got, want string }{
		{"answer padded", fitAnswer(head+audio, head+audio+video), head + audio + "m=video 0 RTP/AVP 97\r\n"},
		{"answer cut", fitAnswer(head+audio+video, head+audio), head + audio},
		{"answer fits", fitAnswer(head+audio, head+audio), head + audio},
		{"offer padded", fitOffer(head+audio, head+audio+video), head + audio + "m=video 0 RTP/AVP 97\r\n"},
		{"offer may grow", fitOffer(head+audio+video, head+audio), head + audio + video},
		{"no SDP", fitOffer("hello", head+audio), "hello"},
		{"offer without last line end", fitOffer(strings.TrimSpace(head+audio), head+audio+video), head + audio + "m=video 0 RTP/AVP 97\r\n"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q\nwant %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestHold(t *testing.T) {
	offer := "v=0\r\no=u 5 9 IN IP4 192.0.2.9\r\ns=-\r\nt=3 4\r\n" +
		"m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000\r\na=sendrecv\r\nm=message 2855 TCP/MSRP *\r\na=path:msrp://x\r\n"
	got := hold(offer, "")
	want := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=3 4\r\n" +
		"m=audio 9 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000\r\na=inactive\r\nm=message 0 TCP/MSRP *\r\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	sent := head + "m=audio 7 RTP/AVP 0\r\na=sendonly\r\nm=message 8 TCP/MSRP *\r\n"
	if got := hold(offer, sent); !strings.Contains(got, "m=audio 7 ") || strings.Count(got, "a=inactive") != 2 || strings.Contains(got, "sendonly") {
		t.Errorf("with what was sent before: %q", got)
	}
	if got := refuse(offer); strings.Count(got, " 0 ") < 2 || !strings.Contains(got, "t=3 4") {
		t.Errorf("refuse: %q", got)
	}
}

// TestVoice holds that a dialog hears one origin but for the name of the
// speaker, and that its version grows by one
// with each change (RFC 3264 section 8).
func TestVoice(t *testing.T) {
	var v voice
	a, b := sdpNamed("A"), sdpNamed("B")
	steps := []struct{ say, want string }{
		{a, "o=A 7 1 IN IP4 192.0.2.1"},
		{a, "o=A 7 1 IN IP4 192.0.2.1"},
		{b, "o=B 7 2 IN IP4 192.0.2.1"},
		{b, "o=B 7 2 IN IP4 192.0.2.1"},
		{a, "o=A 7 3 IN IP4 192.0.2.1"},
	}
	for i, st := range steps {
		if got := line(v.say(st.say), "o="); got != st.want {
			t.Errorf("step %d: %s, want %s", i, got, st.want)
		}
	}
	if got := v.say("hello"); got != "hello" {
		t.Errorf("not SDP: %q", got)
	}
}

func FuzzSDP(f *testing.F) {
	f.Add(head+"m=audio 1 RTP/AVP 0\r\n", sdpNamed("A"))
	f.Add("v=0\nm=\nm=x", "v=\nm=a b c d")
	f.Add("v=\nm=", "v=\nm=\nm=")
	f.Fuzz(func(t *testing.T, a, b string) {
		var v voice
		_, want := parts(b)
		for _, s := range []string{fitAnswer(a, b), fitOffer(a, b), hold(a, b), refuse(a)} {
			v.say(s)
		}
		if _, got := parts(a); len(got) > 0 && len(want) > 0 {
			if _, fit := parts(fitAnswer(a, b)); len(fit) != len(want) {
				t.Errorf("answer has %d streams, offer %d", len(fit), len(want))
			}
		}
	})
}
