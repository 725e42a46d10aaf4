package logic

import (
	"strconv"
	"strings"
)

// A session description is cut into its session part and one part for each
// m= line. What does not look like SDP has no parts and is passed untouched.
func parts(sdp string) (session string, media []string) {
	if !strings.HasPrefix(sdp, "v=") {
		return sdp, nil
	}
	rest := sdp
	for {
		i := strings.Index(rest, "\nm=")
		if i < 0 {
			break
		}
		media = append(media, rest[:i+1])
		rest = rest[i+1:]
	}
	media = append(media, rest)
	return media[0], media[1:]
}

// line returns the first line of text that starts with prefix, without its end.
func line(text, prefix string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, prefix) {
			return strings.TrimRight(l, "\r\n")
		}
	}
	return ""
}

// rejected is the m= line of a stream, refused: port 0.
func rejected(media string) string {
	f := strings.Fields(line(media, "m="))
	if len(f) < 4 {
		return "m=audio 0 RTP/AVP 0\r\n"
	}
	f[1] = "0"
	return strings.Join(f, " ") + "\r\n"
}

// fitAnswer gives an answer as many streams as the offer has (RFC 3264
// section 6): missing ones are refused, surplus ones cut.
func fitAnswer(answer, offer string) string {
	session, have := parts(answer)
	_, want := parts(offer)
	if len(have) == 0 || len(want) == 0 || len(have) == len(want) {
		return answer
	}
	have = pad(have, want)
	return session + strings.Join(have[:len(want)], "")
}

// fitOffer gives an offer at least as many streams as the description before
// it had (RFC 3264 section 8): those missing are refused.
func fitOffer(offer, before string) string {
	session, have := parts(offer)
	_, had := parts(before)
	if len(have) == 0 || len(have) >= len(had) {
		return offer
	}
	return session + strings.Join(pad(have, had), "")
}

// pad appends, refused, the streams of like that have lacks.
func pad(have, like []string) []string {
	if last := len(have) - 1; !strings.HasSuffix(have[last], "\n") {
		have[last] += "\r\n"
	}
	for i := len(have); i < len(like); i++ {
		have = append(have, rejected(like[i]))
	}
	return have
}

// plain is the session part of a description that we make ourselves; time is
// that of the offer (RFC 3264 section 6).
func plain(offer string) string {
	session, _ := parts(offer)
	t := line(session, "t=")
	if t == "" {
		t = "t=0 0"
	}
	return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\n" + t + "\r\n"
}

// Refusal answers the offer of a dialog that is ended at once: of another fork
// that answered too late.
func Refusal(offer string) string { return refuse(offer) }

// refuse answers an offer by refusing every stream. It is the answer of an
// ACK that a BYE follows.
func refuse(offer string) string {
	_, media := parts(offer)
	if len(media) == 0 {
		return ""
	}
	answer := plain(offer)
	for _, m := range media {
		answer += rejected(m)
	}
	return answer
}

// hold answers an offer while there is nobody to talk to: every RTP stream is
// taken and inactive, any other is refused. Where sent, the last description
// that we gave, has the same streams, it is used again, since it carries the
// keys of an encrypted stream.
func hold(offer, sent string) string {
	_, media := parts(offer)
	if len(media) == 0 {
		return ""
	}
	if same(sent, media) {
		return inactive(sent)
	}
	answer := plain(offer)
	for _, m := range media {
		answer += holdStream(m)
	}
	return answer
}

func holdStream(m string) string {
	f := strings.Fields(line(m, "m="))
	if len(f) < 4 || f[1] == "0" || f[2] != "RTP/AVP" && f[2] != "RTP/AVPF" {
		return rejected(m)
	}
	f[1] = "9" // the discard port, as nothing is to come
	var b strings.Builder
	b.WriteString(strings.Join(f, " ") + "\r\n")
	for l := range strings.Lines(m) {
		if strings.HasPrefix(l, "a=rtpmap:") || strings.HasPrefix(l, "a=fmtp:") {
			b.WriteString(strings.TrimRight(l, "\r\n") + "\r\n")
		}
	}
	b.WriteString("a=inactive\r\n")
	return b.String()
}

// same reports whether a description has the streams of media: as many, each
// of the same kind, transport and liveness.
func same(sdp string, media []string) bool {
	_, have := parts(sdp)
	if len(have) != len(media) {
		return false
	}
	for i := range have {
		a, b := strings.Fields(line(have[i], "m=")), strings.Fields(line(media[i], "m="))
		if len(a) < 4 || len(b) < 4 || a[0] != b[0] || a[2] != b[2] || (a[1] == "0") != (b[1] == "0") {
			return false
		}
	}
	return true
}

// inactive is sdp with every stream inactive.
func inactive(sdp string) string {
	session, media := parts(sdp)
	var b strings.Builder
	b.WriteString(undirected(session))
	for _, m := range media {
		b.WriteString(undirected(m))
		b.WriteString("a=inactive\r\n")
	}
	return b.String()
}

func undirected(part string) string {
	var b strings.Builder
	for l := range strings.Lines(part) {
		switch strings.TrimRight(l, "\r\n") {
		case "a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive":
		default:
			b.WriteString(strings.TrimRight(l, "\r\n") + "\r\n")
		}
	}
	return b.String()
}

// voice is the origin under which a leg hears us: it must not change within a
// dialog, whoever speaks, and its version must grow by one with each change
// (RFC 3264 section 8). Only the user name is that of who speaks, so that a
// trace shows it: tools made for OpenSIPS, which passes descriptions through,
// look for it there, and no user agent is known to.
type voice struct {
	origin  []string // fields of the first o= line
	version uint64
	sent    string // what was sent last
	agreed  string // what was in force last: it was an answer, or has one
}

// say returns sdp as it is to be sent.
func (v *voice) say(sdp string) string {
	o := line(sdp, "o=")
	f := strings.Fields(o)
	if sdp == "" || len(f) != 6 {
		return sdp
	}
	if v.origin == nil {
		n, err := strconv.ParseUint(f[2], 10, 64)
		if err != nil {
			return sdp
		}
		v.origin, v.version, v.sent = f, n, sdp
		return sdp
	}
	mine := append([]string(nil), v.origin...)
	mine[0] = f[0]
	mine[2] = strconv.FormatUint(v.version, 10)
	now := strings.Replace(sdp, o, strings.Join(mine, " "), 1)
	if now != v.sent {
		v.version++
		mine[2] = strconv.FormatUint(v.version, 10)
		now = strings.Replace(sdp, o, strings.Join(mine, " "), 1)
	}
	v.sent = now
	return now
}
