package callcenter

import (
	"errors"
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/callcenter/engine"
)

// sdpWith is a session description with these m= lines.
func sdpWith(streams ...string) string {
	text := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	for _, s := range streams {
		text += "m=" + s + "\r\n"
	}
	return text
}

func TestMediaOf(t *testing.T) {
	tests := []struct {
		name, body string
		want       engine.Media
		err        error
	}{
		{"late offer", "", engine.RTP, nil},
		{"RTP", sdpWith("audio 4000 RTP/AVP 0"), engine.RTP, nil},
		{"SRTP", sdpWith("audio 4000 RTP/SAVP 0"), engine.RTP, nil},
		{"WebRTC", sdpWith("audio 4000 UDP/TLS/RTP/SAVPF 0"), engine.RTP, nil},
		{"AVPF", sdpWith("audio 4000 RTP/SAVPF 0"), engine.RTP, nil},
		{"lower case", sdpWith("audio 4000 rtp/avp 0"), engine.RTP, nil},
		{"MSRP", sdpWith("message 2855 TCP/MSRP *"), engine.MSRP, nil},
		{"MSRPS", sdpWith("message 2855 TCP/TLS/MSRP *"), engine.MSRP, nil},
		{"fax", sdpWith("image 4000 udptl t38"), 0, errNoMedia},
		{"fax, then audio", sdpWith("image 4000 udptl t38", "audio 4002 RTP/AVP 0"), engine.RTP, nil},
		{"data, then chat", sdpWith("application 9 UDP/DTLS/SCTP 5000", "message 2855 TCP/MSRP *"), engine.MSRP, nil},
		{"audio before chat", sdpWith("audio 4002 RTP/AVP 0", "message 2855 TCP/MSRP *"), engine.RTP, nil},
		{"no stream", sdpWith(), 0, errNoSDP},
		{"garbage", "hello", 0, errNoSDP},
		{"half", "v=0\r\no=- 1 1", 0, errNoSDP},
		{"no port", sdpWith("audio RTP/AVP 0 8"), 0, errNoSDP},
		{"nothing after m=", sdpWith("audio 4000 RTP/AVP 0", ""), 0, errNoSDP},
		{"line feeds only", strings.ReplaceAll(sdpWith("audio 4000 RTP/AVP 0"), "\r", ""), engine.RTP, nil},
		{"several parts", "--x\r\nContent-Type: application/sdp\r\n\r\n" + sdpWith("audio 4000 RTP/AVP 0"), 0, errNoSDP},
		{"zero bytes", "\x00\x00\x00", 0, errNoSDP},
		{"long", "v=0\r\n" + strings.Repeat("a=x\r\n", 10_000), 0, errNoSDP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mediaOf([]byte(tt.body))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v; want %v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// TestMediaArg lets the script decide before the body.
func TestMediaArg(t *testing.T) {
	audio := sdpWith("audio 4000 RTP/AVP 0")
	tests := []struct {
		arg  any
		body string
		want engine.Media
		code core.Code
	}{
		{nil, audio, engine.RTP, core.True},
		{"", audio, engine.RTP, core.True},
		{"msrp", audio, engine.MSRP, core.True},
		{"RTP", "garbage", engine.RTP, core.True},
		{"fax", audio, 0, codeMedia},
		{nil, "garbage", 0, codeNoSDP},
		{nil, sdpWith("image 4000 udptl t38"), 0, codeMedia},
	}
	for _, tt := range tests {
		got, code := mediaArg(core.Args{"f", nil, tt.arg}, []byte(tt.body))
		if got != tt.want || code != tt.code {
			t.Errorf("media %v: %v, %d; want %v, %d", tt.arg, got, code, tt.want, tt.code)
		}
	}
	if got, code := mediaArg(core.Args{"f"}, []byte(audio)); got != engine.RTP || code != core.True {
		t.Errorf("without arguments: %v, %d", got, code)
	}
}

func FuzzMediaOf(f *testing.F) {
	f.Add([]byte(sdpWith("audio 4000 RTP/AVP 0")))
	f.Fuzz(func(t *testing.T, body []byte) {
		media, err := mediaOf(body)
		if (err == nil) != (media == engine.RTP || media == engine.MSRP) {
			t.Errorf("%v with %v", media, err)
		}
	})
}
