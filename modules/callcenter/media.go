package callcenter

import (
	"errors"
	"strings"

	"github.com/pion/sdp/v3"

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
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil || len(d.MediaDescriptions) == 0 {
		return 0, errNoSDP
	}
	for _, m := range d.MediaDescriptions {
		if media, err := mediaNamed(strings.Join(m.MediaName.Protos, "/")); err == nil {
			return media, nil
		}
	}
	return 0, errNoMedia
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
