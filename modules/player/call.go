package player

import (
	"bytes"
	"crypto/rand"
	mathrand "math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/rtp"

	"github.com/sipd/sipd/core/sip"
)

const sdpType = "application/sdp"

// call is one dialog and its audio. It belongs to uas.run.
type call struct {
	dialog
	u      *uas
	sdp    local
	said   []byte // our last description
	conn   packetConn
	stream *stream
	want   media // what the peer asked for before RTP may start

	unacked *success // 2xx to an INVITE that waits for its ACK
	playing bool
	closing bool        // a BYE of ours is out, or waits for that ACK
	reason  string      // of that BYE
	life    *time.Timer // max_duration
}

// newTag makes a tag that nobody can guess (RFC 3261 section 19.3).
func newTag() string { return rand.Text() }

// invite answers the INVITE that begins a call.
func (u *uas) invite(tx sip.ServerRequest) {
	req := tx.Request()
	s := u.sound(req.URI)
	switch {
	case s == nil:
		u.reply(tx, 404)
	case u.stopping:
		u.reply(tx, 503)
	case len(u.calls) >= u.conf.maxCalls:
		u.reply(tx, 486)
	case !plainSDP(req):
		u.reply(tx, 415, sip.Header{Name: "Accept", Value: sdpType})
	default:
		u.begin(tx, s)
	}
}

// plainSDP reports whether a request has no body or one that is SDP.
func plainSDP(req *sip.Request) bool {
	kind, _, _ := strings.Cut(req.Headers.Get("Content-Type"), ";")
	return len(req.Body) == 0 || strings.EqualFold(strings.TrimSpace(kind), sdpType)
}

// begin sets a call up and answers 200.
func (u *uas) begin(tx sip.ServerRequest, s *sound) {
	req := tx.Request()
	d, err := newDialog(req, newTag())
	if err != nil {
		u.host.Log().Info("INVITE refused", "err", err, "call_id", req.CallID())
		u.reply(tx, 400)
		return
	}
	if u.ours(req) {
		d.stay(req)
	}
	c := &call{dialog: d, u: u}
	if code := c.prepare(req, s); code != 200 {
		u.reply(tx, code)
		return
	}
	u.enter(c)
	c.life = time.AfterFunc(u.conf.maxDuration, func() {
		u.post(func() { c.hangup(`SIP;cause=408;text="max_duration is over"`) })
	})
	// No OnCancel: the answer leaves at once, so a CANCEL that is in time is
	// answered 487 by the transaction, and any other means nothing.
	if !c.accept(tx, len(req.Body) == 0) {
		c.end()
	}
}

// prepare opens the RTP socket and negotiates. It returns 200, or the code
// to refuse with when nothing is left open.
func (c *call) prepare(req *sip.Request, s *sound) int {
	log := c.u.host.Log()
	bind, shown, err := c.u.conf.rtpAddr(c.socket)
	if err != nil {
		log.Error("no address for RTP", "err", err)
		return 500
	}
	conn, at, err := c.u.open(bind)
	if err != nil {
		log.Error("opening an RTP socket", "err", err)
		return 503
	}
	c.conn = conn
	c.sdp = local{name: s.name, id: uint64(mathrand.Uint32()), addr: netip.AddrPortFrom(shown, at.Port()), forbidden: c.u.deny}
	c.stream = c.newStream(s, req.URI)
	if err := c.describe(req.Body, false); err != nil {
		log.Info("INVITE refused", "err", err, "call_id", c.id.callID)
		_ = conn.Close() // nothing was sent on it
		return 488
	}
	c.u.readers.Add(1)
	go c.u.discard(conn)
	return 200
}

func (c *call) newStream(s *sound, uri sip.URI) *stream {
	once := s.once
	if _, ok := uri.Params.Get("loop"); ok {
		once = false
	} else if _, ok := uri.Params.Get("once"); ok {
		once = true
	}
	return &stream{conn: c.conn, sound: s, once: once,
		ended: func() { c.u.post(func() { c.hangup("") }) },
		hdr: rtp.Header{ // random beginnings: RFC 3550 section 5.1
			SSRC: mathrand.Uint32(), SequenceNumber: uint16(mathrand.Uint32()), Timestamp: mathrand.Uint32(),
		},
	}
}

// describe makes our next description: the answer to an offer, or an offer
// when there is none. The version in it moves only when something changed
// (RFC 3264 section 8).
func (c *call) describe(offer []byte, hold bool) error {
	build := func() (body []byte, m media, err error) {
		if len(offer) == 0 {
			body, err = c.sdp.offer()
			return body, c.want, err
		}
		return c.sdp.answer(offer, hold)
	}
	body, m, err := build()
	if err == nil && c.said != nil && !bytes.Equal(body, c.said) {
		c.sdp.version++
		body, m, err = build()
	}
	if err != nil {
		return err
	}
	c.said, c.want = body, m
	return nil
}

// play starts the audio, or follows what the peer asked for last.
func (c *call) play() {
	if c.playing {
		c.u.sender.set(c.stream, c.want)
		return
	}
	c.playing = true
	c.stream.to = c.want
	c.u.sender.add(c.stream)
}

// mute ends the audio for good.
func (c *call) mute() {
	if c.playing {
		c.u.sender.remove(c.stream)
	}
	c.playing = true // nothing starts it again
}

// end forgets the call.
func (c *call) end() {
	if !c.u.has(c.id) {
		return
	}
	c.mute()
	c.life.Stop()
	c.acked()
	_ = c.conn.Close() // its reader sees it
	c.u.leave(c)
}
