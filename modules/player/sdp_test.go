package player

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

// ourSide is the local side of all SDP tests.
func ourSide() local {
	return local{id: 7, version: 1, addr: netip.MustParseAddrPort("10.9.9.9:4000"),
		forbidden: func(ip netip.Addr) bool { return ip == netip.MustParseAddr("10.0.0.255") }}
}

const sdpHead = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n"

// desc makes a description out of the lines after the head.
func desc(lines ...string) string { return sdpHead + strings.Join(lines, "\r\n") + "\r\n" }

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		name  string
		offer string
		want  string // the m= and a= lines of our answer, or "" for an error
		to    string // "address pt law send"
	}{
		{"PCMU", desc("m=audio 5000 RTP/AVP 0"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendrecv", "10.0.0.1:5000 0 u on"},
		{"the peer's order", desc("m=audio 5000 RTP/AVP 9 8 0", "a=rtpmap:9 G722/8000"), "m=audio 4000 RTP/AVP 8|rtpmap:8 PCMA/8000|ptime:20|sendrecv", "10.0.0.1:5000 8 a on"},
		{"dynamic number", desc("m=audio 5000 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 pcmu/8000/1"), "m=audio 4000 RTP/AVP 97|rtpmap:97 PCMU/8000|ptime:20|sendrecv", "10.0.0.1:5000 97 u on"},
		{"static number taken by another codec", desc("m=audio 5000 RTP/AVP 0 8", "a=rtpmap:0 PCMU/16000"), "m=audio 4000 RTP/AVP 8|rtpmap:8 PCMA/8000|ptime:20|sendrecv", "10.0.0.1:5000 8 a on"},
		{"sendonly", desc("m=audio 5000 RTP/AVP 0", "a=sendonly"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|recvonly", "10.0.0.1:5000 0 u off"},
		{"recvonly", desc("m=audio 5000 RTP/AVP 0", "a=recvonly"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendonly", "10.0.0.1:5000 0 u on"},
		{"session inactive", desc("a=inactive", "m=audio 5000 RTP/AVP 0"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|inactive", "10.0.0.1:5000 0 u off"},
		{"stream over session", desc("a=inactive", "m=audio 5000 RTP/AVP 0", "a=sendrecv"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendrecv", "10.0.0.1:5000 0 u on"},
		{"old hold", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 0.0.0.0"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendrecv", "0.0.0.0:5000 0 u off"},
		{"address of the stream", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 10.0.0.2"), "m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendrecv", "10.0.0.2:5000 0 u on"},
		{"video refused", desc("m=video 5002 RTP/AVP 96", "m=audio 5000 RTP/AVP 0", "m=audio 5004 RTP/AVP 0"),
			"m=video 0 RTP/AVP 96|m=audio 4000 RTP/AVP 0|rtpmap:0 PCMU/8000|ptime:20|sendrecv|m=audio 0 RTP/AVP 0", "10.0.0.1:5000 0 u on"},
		{"second audio serves", desc("m=audio 5000 RTP/SAVP 0", "m=audio 5004 RTP/AVPF 8"),
			"m=audio 0 RTP/SAVP 0|m=audio 4000 RTP/AVPF 8|rtpmap:8 PCMA/8000|ptime:20|sendrecv", "10.0.0.1:5004 8 a on"},
		{"no common codec", desc("m=audio 5000 RTP/AVP 18 9"), "", ""},
		{"only encrypted", desc("m=audio 5000 RTP/SAVP 0"), "", ""},
		{"only video", desc("m=video 5000 RTP/AVP 0"), "", ""},
		{"disabled", desc("m=audio 0 RTP/AVP 0"), "", ""},
		{"no media", desc("a=sendrecv"), "", ""},
		{"multicast", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 224.1.1.1/127"), "", ""},
		{"multicast without TTL", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 224.1.1.1"), "", ""},
		{"broadcast", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 10.0.0.255"), "", ""},
		{"IPv6 to an IPv4 socket", desc("m=audio 5000 RTP/AVP 0", "c=IN IP6 2001:db8::1"), "", ""},
		{"name", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 victim.example.com"), "", ""},
		{"port too high", desc("m=audio 70000 RTP/AVP 0"), "", ""},
		{"garbage", "hello", "", ""},
		{"too long", desc("m=audio 5000 RTP/AVP 0", "a="+strings.Repeat("x", maxSDP)), "", ""},
		{"too many streams", desc(strings.Repeat("m=audio 5000 RTP/AVP 0\r\n", maxMedia+1) + "a=x"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, m, err := ourSide().answer([]byte(c.offer), false)
			if c.want == "" {
				if err == nil || !errors.Is(err, errSDP) && !errors.Is(err, errNoMedia) && !errors.Is(err, errAddress) {
					t.Fatalf("answer %q, error %v; want an error", body, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := streams(t, body); got != c.want {
				t.Errorf("answer\n%s, want\n%s", got, c.want)
			}
			if got := show(m); got != c.to {
				t.Errorf("media %s, want %s", got, c.to)
			}
		})
	}
}

// streams writes what a description says of its streams.
func streams(t *testing.T, body []byte) string {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		t.Fatalf("our own description: %v\n%s", err, body)
	}
	if want := "7 1 10.9.9.9"; !strings.Contains(string(body), "o=- 7 1 IN IP4 10.9.9.9\r\n") {
		t.Errorf("origin of %q, want %s", body, want)
	}
	var lines []string
	for _, md := range d.MediaDescriptions {
		lines = append(lines, "m="+md.MediaName.String())
		for _, a := range md.Attributes {
			lines = append(lines, strings.TrimSuffix(a.Key+":"+a.Value, ":"))
		}
	}
	return strings.Join(lines, "|")
}

func show(m media) string {
	law, send := "u", "off"
	if m.alaw {
		law = "a"
	}
	if m.send {
		send = "on"
	}
	return strings.Join([]string{m.addr.String(), string(rtpmap(m.pt, false).Value[:strings.IndexByte(rtpmap(m.pt, false).Value, ' ')]), law, send}, " ")
}

// Inside a call an offer may disable its audio; that is a hold, not a fault.
func TestAnswerDisabled(t *testing.T) {
	body, m, err := ourSide().answer([]byte(desc("m=audio 0 RTP/AVP 0")), true)
	if err != nil || m.send {
		t.Fatalf("media %v, error %v", m, err)
	}
	if got, want := streams(t, body), "m=audio 0 RTP/AVP 0"; got != want {
		t.Errorf("answer %s, want %s", got, want)
	}
	if _, _, err := ourSide().answer([]byte(desc("m=audio 5000 RTP/AVP 18")), true); !errors.Is(err, errNoMedia) {
		t.Errorf("no common codec in a call: %v, want errNoMedia", err)
	}
}

func TestOfferAndAccept(t *testing.T) {
	body, err := ourSide().offer()
	if err != nil {
		t.Fatal(err)
	}
	want := "m=audio 4000 RTP/AVP 0 8|rtpmap:0 PCMU/8000|rtpmap:8 PCMA/8000|ptime:20|sendrecv"
	if got := streams(t, body); got != want {
		t.Errorf("offer %s, want %s", got, want)
	}
	for _, c := range []struct{ name, answer, to string }{
		{"PCMA", desc("m=audio 5000 RTP/AVP 8"), "10.0.0.1:5000 8 a on"},
		{"on hold", desc("m=audio 5000 RTP/AVP 0", "a=inactive"), "10.0.0.1:5000 0 u off"},
		{"refused", desc("m=audio 0 RTP/AVP 0"), ""},
		{"empty", "", ""},
		{"two streams for one", desc("m=audio 5000 RTP/AVP 0", "m=audio 5002 RTP/AVP 0"), ""},
		{"multicast", desc("m=audio 5000 RTP/AVP 0", "c=IN IP4 239.0.0.1"), ""},
	} {
		m, err := ourSide().accept([]byte(c.answer))
		if got := show(m); err == nil && got != c.to || (err != nil) != (c.to == "") {
			t.Errorf("%s: %s, %v, want %q", c.name, got, err, c.to)
		}
	}
}

func TestBroadcast(t *testing.T) {
	for _, c := range []struct{ prefix, want string }{
		{"192.0.2.77/24", "192.0.2.255"}, {"10.1.2.3/20", "10.1.15.255"}, {"10.1.2.3/30", "10.1.2.3"},
		{"10.1.2.3/31", ""}, {"10.1.2.3/32", ""}, {"2001:db8::1/64", ""},
	} {
		got, ok := broadcast(netip.MustParsePrefix(c.prefix))
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s: %v %v, want %q", c.prefix, got, ok, c.want)
		}
	}
}

// FuzzSDP: whatever a stranger offers, the answer is bounded, reads as SDP,
// has as many streams as the offer, and names no forbidden address.
func FuzzSDP(f *testing.F) {
	f.Add([]byte(desc("m=audio 5000 RTP/AVP 0 8", "a=sendonly")), false)
	f.Add([]byte(desc("m=video 1 RTP/AVP 96", "m=audio 5000/2 RTP/AVPF 96 97", "a=rtpmap:97 PCMA/8000", "c=IN IP4 0.0.0.0")), true)
	f.Add([]byte(desc("m=audio 0 RTP/AVP 0", "c=IN IP6 ::1")), true)
	f.Fuzz(func(t *testing.T, offer []byte, hold bool) {
		l := ourSide()
		body, m, err := l.answer(offer, hold)
		if err != nil {
			if body != nil {
				t.Errorf("a body with error %v", err)
			}
			return
		}
		if len(body) > len(offer)+1024 {
			t.Errorf("%d bytes answer %d", len(body), len(offer))
		}
		var in, out sdp.SessionDescription
		if err := in.Unmarshal(offer); err != nil {
			t.Fatalf("answered what is no SDP: %v", err)
		}
		if err := out.Unmarshal(body); err != nil {
			t.Fatalf("our answer: %v\n%q", err, body)
		}
		if len(in.MediaDescriptions) != len(out.MediaDescriptions) {
			t.Errorf("%d streams answer %d", len(out.MediaDescriptions), len(in.MediaDescriptions))
		}
		if ip := m.addr.Addr(); m.send && (!ip.Is4() || ip.IsMulticast() || ip.IsUnspecified() || l.forbidden(ip) || m.addr.Port() == 0) {
			t.Errorf("RTP would go to %s", m.addr)
		}
		_, _ = l.accept(offer)
	})
}
