package player

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// packetConn is the RTP socket of one call; *net.UDPConn is one.
type packetConn interface {
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
	Close() error
}

// stream is the audio of one call while it plays. The sender's lock guards
// it.
type stream struct {
	conn  packetConn
	sound *sound
	once  bool
	ended func() // called once, when a sound that plays once is over

	to    media
	hdr   rtp.Header // of the next packet
	base  uint32     // RTP timestamp of slot 0
	pos   int        // next byte of the payload
	began time.Time  // of slot 0
	pacer pacer
}

// sender sends the packets of all streams from one goroutine, which sleeps
// while there are none.
type sender struct {
	sent func(packets int64)

	mu      sync.Mutex
	streams map[*stream]struct{}
	wake    chan struct{} // holds one token once a stream was added
	quit    chan struct{}
}

func newSender(sent func(int64)) *sender {
	return &sender{sent: sent, streams: make(map[*stream]struct{}), wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// add begins a stream. hdr holds its SSRC, first sequence number and
// first timestamp.
func (s *sender) add(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.base = st.hdr.Timestamp
	st.hdr.Version, st.hdr.Marker = 2, true // a talkspurt begins (RFC 3551 section 4.1)
	s.streams[st] = struct{}{}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// set changes where a stream goes, and how.
func (s *sender) set(st *stream, to media) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.to = to
}

// remove ends a stream; no packet of it leaves afterwards.
func (s *sender) remove(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, st)
}

// run sends until close.
func (s *sender) run() {
	for {
		select {
		case <-s.quit:
			return
		case <-s.wake:
		}
		if !s.play() {
			return
		}
	}
}

// play ticks until no stream is left; it returns false on close.
func (s *sender) play() bool {
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	for s.tick(time.Now()) > 0 {
		select {
		case <-s.quit:
			return false
		case <-tick.C:
		}
	}
	return true
}

// close ends run.
func (s *sender) close() { close(s.quit) }

// tick sends what is due at now and returns how many streams are left.
func (s *sender) tick(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	packets := 0
	for st := range s.streams {
		n, over := st.tick(now)
		packets += n
		if over {
			delete(s.streams, st)
			st.ended()
		}
	}
	if packets > 0 {
		s.sent(int64(packets))
	}
	return len(s.streams)
}

// tick sends the packets of one stream that are due; over says that its
// sound has come to its end.
func (st *stream) tick(now time.Time) (sent int, over bool) {
	if st.began.IsZero() {
		// The middle of the first slot: then a tick may come half a slot early
		// or late, and still each sends one packet.
		st.began = now.Add(-frameTime / 2)
	}
	first := st.pacer.slot
	skip, due := st.pacer.due(now.Sub(st.began))
	if skip > 0 {
		st.hdr.Marker = true
	}
	for slot := first + skip; slot != first+skip+due; slot++ {
		if !st.to.send {
			st.hdr.Marker = true // the sound waits while the call is on hold
			continue
		}
		if st.pos >= len(st.sound.payload(st.to.alaw)) {
			if st.once {
				return sent, true
			}
			st.pos = 0
		}
		if st.send(slot) {
			sent++
		}
	}
	return sent, false
}

// send sends one packet and reports whether it left. One that does not is
// lost, as packets are; the next goes out in its own slot.
func (st *stream) send(slot uint32) bool {
	st.hdr.PayloadType = st.to.pt
	st.hdr.Timestamp = st.base + slot*uint32(frameSamples)
	p := rtp.Packet{Header: st.hdr, Payload: st.sound.payload(st.to.alaw)[st.pos : st.pos+frameSamples]}
	st.pos += frameSamples
	st.hdr.SequenceNumber++
	st.hdr.Marker = false
	var buf [12 + frameSamples]byte
	n, err := p.MarshalTo(buf[:])
	if err != nil {
		return false
	}
	_, err = st.conn.WriteToUDPAddrPort(buf[:n], st.to.addr)
	return err == nil
}
