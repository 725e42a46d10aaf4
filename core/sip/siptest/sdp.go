package siptest

import (
	"fmt"
	"strings"
)

// SDP returns a session description with one audio stream whose o= and s=
// lines name its owner and version.
func SDP(owner string, version int) string {
	return fmt.Sprintf("v=0\r\no=%s 1 %d IN IP4 10.1.1.1\r\ns=%s/%d\r\nc=IN IP4 10.1.1.1\r\nt=0 0\r\n"+
		"m=audio 40000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n", owner, version, owner, version)
}

// SDPOwner returns "owner/version", or "" without a session description. It
// prefers the s= line of [SDP]: a B2BUA that changes the far end of a dialog
// must keep the origin in the o= line (RFC 3264 section 8).
func SDPOwner(body []byte) string {
	for line := range strings.Lines(string(body)) {
		if name, ok := strings.CutPrefix(line, "s="); ok && strings.Contains(name, "/") {
			return strings.TrimSpace(name)
		}
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, "o="); ok {
			if f := strings.Fields(rest); len(f) >= 3 {
				return f[0] + "/" + f[2]
			}
		}
	}
	return ""
}
