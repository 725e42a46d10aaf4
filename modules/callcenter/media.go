package callcenter

import (
	"errors"
	"strings"

	"github.com/sipd/sipd/modules/callcenter/engine"
)

// The errors of media classification; cc_handle_call answers -6 and -7.
var (
	errNoSDP   = errors.New("the body is not a usable SDP")
	errNoMedia = errors.New("the media is neither RTP nor MSRP")
)

// mediaOf tells a call from a chat by the transport of the first stream that
// is one of the two. An INVITE without a body is a call with a late offer.
func mediaOf(body []byte) (engine.Media, error) {
	if len(body) == 0 {
		return engine.RTP, nil
	}
	protos, ok := transports(string(body))
	if !ok {
		return 0, errNoSDP
	}
	for _, proto := range protos {
		if media, err := mediaNamed(proto); err == nil {
			return media, nil
		}
	}
	return 0, errNoMedia
}

// transports lists the transport of each stream of a session description; ok
// is false for what is none (RFC 8866 section 5). It looks no further than it
// must: what else the description says is between caller and agent, and a
// transport nobody has heard of ("udptl") makes no description unusable.
func transports(sdp string) (protos []string, ok bool) {
	first := true
	for line := range strings.Lines(sdp) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case first && line != "v=0", line != "" && (len(line) < 2 || line[1] != '='):
			return nil, false
		case strings.HasPrefix(line, "m="):
			fields := strings.Fields(line[2:]) // media port proto formats
			if len(fields) < 4 || fields[1][0] < '0' || fields[1][0] > '9' {
				return nil, false
			}
			protos = append(protos, fields[2])
		}
		first = false
	}
	return protos, len(protos) > 0
}

// mediaNamed classifies a transport ("RTP/AVP", "TCP/MSRP") or the word of a
// script ("RTP", "MSRP").
func mediaNamed(text string) (engine.Media, error) {
	switch text = strings.ToUpper(text); {
	case strings.Contains(text, "RTP"):
		return engine.RTP, nil
	case strings.Contains(text, "MSRP"):
		return engine.MSRP, nil
	}
	return 0, errNoMedia
}
