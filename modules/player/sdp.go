package player

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// The errors of a negotiation; an offer that meets one is answered 488.
var (
	errSDP     = errors.New("the body is not a usable SDP")
	errNoMedia = errors.New("no audio that the player can send: want RTP/AVP with PCMU/8000 or PCMA/8000")
	errAddress = errors.New("RTP cannot go to that address")
)

const (
	maxSDP   = 16 << 10 // bytes of a description that is read
	maxMedia = 16       // streams of a description that is read
)

// media is what one side wants to be sent: where, in which codec.
type media struct {
	addr netip.AddrPort
	pt   uint8 // RTP payload type
	alaw bool  // PCMA instead of PCMU
	send bool  // false while the call is on hold
}

// local describes our side of one call.
type local struct {
	name        string // of the sound, in the origin line; may be empty
	id, version uint64 // of the origin line
	addr        netip.AddrPort
	forbidden   func(netip.Addr) bool // addresses RTP must not go to
}

// answer reads an offer and returns our answer to it: the first stream we can
// serve gets the first codec of the offer that we have, every other stream is
// refused with port 0 (RFC 3264 section 6). With hold an offer that disables
// its audio (port 0) is answered too, as it may be once a call is up.
func (l local) answer(offer []byte, hold bool) (answer []byte, m media, err error) {
	d, err := parseSDP(offer)
	if err != nil {
		return nil, m, err
	}
	var out []*sdp.MediaDescription
	err = errNoMedia
	for _, md := range d.MediaDescriptions {
		if err != nil {
			var got media
			if got, err = l.choose(d, md); err == nil {
				m = got
				out = append(out, l.stream(md.MediaName.Protos, reverse(direction(d, md)), m))
				continue
			}
		}
		out = append(out, refused(md))
	}
	if errors.Is(err, errNoMedia) && hold && disabled(d) {
		err = nil
	}
	if err != nil {
		return nil, media{}, err
	}
	answer, err = l.marshal(out)
	return answer, m, err
}

// offer offers both codecs.
func (l local) offer() ([]byte, error) {
	md := l.stream([]string{"RTP", "AVP"}, sdp.DirectionSendRecv, media{pt: 0}, media{pt: 8, alaw: true})
	return l.marshal([]*sdp.MediaDescription{md})
}

// accept reads the answer to our offer.
func (l local) accept(answer []byte) (media, error) {
	d, err := parseSDP(answer)
	if err != nil {
		return media{}, err
	}
	if len(d.MediaDescriptions) != 1 {
		return media{}, fmt.Errorf("%w: %d streams answer one", errSDP, len(d.MediaDescriptions))
	}
	return l.choose(d, d.MediaDescriptions[0])
}

// parseSDP reads a description within bounds.
func parseSDP(body []byte) (*sdp.SessionDescription, error) {
	if len(body) > maxSDP {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", errSDP, len(body), maxSDP)
	}
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("%w: %v", errSDP, err)
	}
	if len(d.MediaDescriptions) > maxMedia {
		return nil, fmt.Errorf("%w: %d streams, want at most %d", errSDP, len(d.MediaDescriptions), maxMedia)
	}
	return &d, nil
}

// choose reads what one stream of the peer wants, or says why it cannot have
// it.
func (l local) choose(d *sdp.SessionDescription, md *sdp.MediaDescription) (media, error) {
	proto := strings.Join(md.MediaName.Protos, "/")
	if md.MediaName.Media != "audio" || proto != "RTP/AVP" && proto != "RTP/AVPF" || md.MediaName.Port.Value == 0 {
		return media{}, errNoMedia
	}
	m, ok := firstCodec(md)
	if !ok {
		return media{}, errNoMedia
	}
	ip, err := connection(d, md)
	if err != nil {
		return media{}, err
	}
	if p := md.MediaName.Port.Value; p < 0 || p > 65535 {
		return media{}, fmt.Errorf("%w: port %d", errSDP, p)
	}
	m.addr = netip.AddrPortFrom(ip, uint16(md.MediaName.Port.Value))
	dir := direction(d, md)
	// The unspecified address is how RFC 2543 put a call on hold.
	m.send = (dir == sdp.DirectionSendRecv || dir == sdp.DirectionRecvOnly) && !ip.IsUnspecified()
	return m, l.reachable(ip)
}

// reachable refuses the addresses that RTP must or can not go to.
func (l local) reachable(ip netip.Addr) error {
	switch {
	case ip.IsUnspecified():
		return nil // nothing will be sent
	case ip.Is4() != l.addr.Addr().Is4():
		return fmt.Errorf("%w: %s is not of the family of %s", errAddress, ip, l.addr.Addr())
	case ip.IsMulticast(), l.forbidden != nil && l.forbidden(ip):
		return fmt.Errorf("%w: %s is a multicast or broadcast address", errAddress, ip)
	}
	return nil
}

// firstCodec returns the first format of a stream that is one of ours, by its
// static number (RFC 3551) or by its rtpmap.
func firstCodec(md *sdp.MediaDescription) (media, bool) {
	for _, f := range md.MediaName.Formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		switch codecName(md, f) {
		case "PCMU/8000", "PCMU/8000/1":
			return media{pt: uint8(pt)}, true
		case "PCMA/8000", "PCMA/8000/1":
			return media{pt: uint8(pt), alaw: true}, true
		}
	}
	return media{}, false
}

// codecName returns what the rtpmap of a format says, or what its static
// number means.
func codecName(md *sdp.MediaDescription, format string) string {
	for _, a := range md.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		if pt, name, ok := strings.Cut(a.Value, " "); ok && pt == format {
			return strings.ToUpper(strings.TrimSpace(name))
		}
	}
	switch format {
	case "0":
		return "PCMU/8000"
	case "8":
		return "PCMA/8000"
	}
	return ""
}

// connection returns the address of a stream: its own or the session's. A
// name is refused: looking it up would let strangers make us ask DNS.
func connection(d *sdp.SessionDescription, md *sdp.MediaDescription) (netip.Addr, error) {
	c := md.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil || c.NetworkType != "IN" {
		return netip.Addr{}, fmt.Errorf("%w: no connection address", errSDP)
	}
	ip, err := netip.ParseAddr(c.Address.Address)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%w: %.80q is not an IP address", errAddress, c.Address.Address)
	}
	return ip.Unmap(), nil
}

// disabled reports whether every audio stream is there with port 0.
func disabled(d *sdp.SessionDescription) bool {
	found := false
	for _, md := range d.MediaDescriptions {
		if md.MediaName.Media == "audio" {
			if md.MediaName.Port.Value != 0 {
				return false
			}
			found = true
		}
	}
	return found
}
