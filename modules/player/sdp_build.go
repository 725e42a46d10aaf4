package player

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/pion/sdp/v3"
)

// direction returns what the stream says, else what the session says, else
// sendrecv (RFC 8866 section 6.7).
func direction(d *sdp.SessionDescription, md *sdp.MediaDescription) sdp.Direction {
	for _, attrs := range [][]sdp.Attribute{md.Attributes, d.Attributes} {
		for _, a := range attrs {
			if dir, err := sdp.NewDirection(a.Key); err == nil {
				return dir
			}
		}
	}
	return sdp.DirectionSendRecv
}

// reverse is the direction as the other side answers it (RFC 3264 section
// 6.1).
func reverse(d sdp.Direction) sdp.Direction {
	switch d {
	case sdp.DirectionSendOnly:
		return sdp.DirectionRecvOnly
	case sdp.DirectionRecvOnly:
		return sdp.DirectionSendOnly
	}
	return d
}

// stream is our audio stream with the given codecs.
func (l local) stream(protos []string, dir sdp.Direction, codecs ...media) *sdp.MediaDescription {
	md := &sdp.MediaDescription{MediaName: sdp.MediaName{
		Media: "audio", Port: sdp.RangedPort{Value: int(l.addr.Port())}, Protos: protos,
	}}
	for _, c := range codecs {
		md.MediaName.Formats = append(md.MediaName.Formats, strconv.Itoa(int(c.pt)))
		md.Attributes = append(md.Attributes, rtpmap(c.pt, c.alaw))
	}
	ptime := strconv.Itoa(int(frameTime.Milliseconds()))
	md.Attributes = append(md.Attributes, sdp.Attribute{Key: "ptime", Value: ptime}, sdp.Attribute{Key: dir.String()})
	return md
}

func rtpmap(pt uint8, alaw bool) sdp.Attribute {
	name := "PCMU"
	if alaw {
		name = "PCMA"
	}
	return sdp.Attribute{Key: "rtpmap", Value: fmt.Sprintf("%d %s/%d", pt, name, sampleRate)}
}

// refused is the answer to a stream that is not taken: the same with port 0.
func refused(md *sdp.MediaDescription) *sdp.MediaDescription {
	name := md.MediaName
	name.Port = sdp.RangedPort{}
	return &sdp.MediaDescription{MediaName: name}
}

// marshal writes a whole description of our side.
func (l local) marshal(streams []*sdp.MediaDescription) ([]byte, error) {
	d := sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: l.owner(), SessionID: l.id, SessionVersion: l.version,
			NetworkType: "IN", AddressType: family(l.addr.Addr()), UnicastAddress: l.addr.Addr().String(),
		},
		SessionName: "sipd",
		ConnectionInformation: &sdp.ConnectionInformation{
			NetworkType: "IN", AddressType: family(l.addr.Addr()), Address: &sdp.Address{Address: l.addr.Addr().String()},
		},
		TimeDescriptions:  []sdp.TimeDescription{{}},
		MediaDescriptions: streams,
	}
	return d.Marshal()
}

// owner is the user name of the origin line: the sound, for people who read
// traces.
func (l local) owner() string {
	if l.name == "" {
		return "-"
	}
	return l.name
}

func family(ip netip.Addr) string {
	if ip.Is4() {
		return "IP4"
	}
	return "IP6"
}
