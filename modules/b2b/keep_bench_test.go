package b2b

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sipd/sipd/core/sip"
	"github.com/sipd/sipd/core/sip/siptest"
	"github.com/sipd/sipd/modules/b2b/logic"
)

// BenchmarkKeep measures what is kept of two who talk: how long its making
// takes, and its size.
func BenchmarkKeep(b *testing.B) {
	m := New()
	m.host = &fakeHost{ep: siptest.NewNetwork(b).Endpoint("pbx", func(sip.ServerRequest) {})}
	m.log = m.host.Log()
	sdp := strings.ReplaceAll(`v=0
o=alice 1234567890 1234567890 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 40000 RTP/AVP 8 0 9 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
`, "\n", "\r\n")
	origin := []string{"o=alice", "1234567890", "1234567890", "IN", "IP4", "192.0.2.10"}
	tag := m.ids.token()
	k := kept{Version: keptVersion, Key: m.ids.key(), State: "toagent", Last: 7, Hops: 69, Ctx: map[string]string{"cc_flow": "support"},
		Caller: keptCaller{From: `"Alice" <sip:+4930123456@trunk.example.com>;tag=` + tag, To: "<sip:+4930654321@pbx.example.com>", URI: "sip:+4930654321@192.0.2.1:5060",
			CallID: tag, Source: "192.0.2.10", Socket: "udp:pbx:5060"},
		Logic: logic.State{Count: 8, Peer: 7, PeerID: 7, Life: time.Now()}}
	for _, id := range []logic.Leg{0, 7} {
		k.Logic.Legs = append(k.Logic.Legs, logic.LegState{ID: id, Phase: 2, Remote: sdp, Sent: sdp, Origin: origin, Version: 3})
		k.Legs = append(k.Legs, keptLeg{ID: id, Role: "agent", Born: time.Now(), Socket: "udp:pbx:5060", Contact: "<sip:192.0.2.1:5060>", CallID: tag,
			Local: "<sip:+4930654321@pbx.example.com>;tag=" + tag, Remote: `"Alice" <sip:+4930123456@trunk.example.com>;tag=` + tag,
			Target: "sip:alice@192.0.2.10:5060;ob", Routes: []string{"<sip:192.0.2.9;lr>"}, CSeq: 12345, RemoteCSeq: 3})
	}
	s, err := m.restored(&k)
	if err != nil {
		b.Fatal(err)
	}
	data, _ := s.kept().encode()
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.kept().encode()
		}
		b.ReportMetric(float64(len(data)), "bytes")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			var k kept
			_ = json.Unmarshal(data, &k)
			_, _ = m.restored(&k)
		}
	})
}
