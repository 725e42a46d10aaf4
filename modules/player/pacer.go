package player

import "time"

const (
	sampleRate   = 8000                  // Hz, of G.711 and of its RTP clock
	frameTime    = 20 * time.Millisecond // of one packet (RFC 3551 section 4.2)
	frameSamples = int(sampleRate * frameTime / time.Second)

	// maxBurst bounds the packets sent at once after a delay. What is later
	// than that is not made up for: 100 ms is what a jitter buffer takes.
	maxBurst = 5
)

// pacer counts the 20 ms slots of one stream. It knows no clock.
type pacer struct{ slot uint32 }

// due returns how many packets are to leave when elapsed has passed since the
// stream began, and before them how many slots are lost because the clock ran
// ahead of us. The first packet is due at 0.
func (p *pacer) due(elapsed time.Duration) (skip, send uint32) {
	n := int64(elapsed/frameTime) + 1 - int64(p.slot)
	if n <= 0 {
		return 0, 0
	}
	p.slot += uint32(n)
	if n > maxBurst {
		return uint32(n - maxBurst), maxBurst
	}
	return 0, uint32(n)
}
