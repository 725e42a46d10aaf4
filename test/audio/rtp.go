package audio

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Audio is what went in and out in the current call of a phone, in RTP
// packets.
type Audio struct {
	SSRC uint32         // of what the phone sends
	Sent int            // packets
	From map[uint32]int // packets received, by the SSRC of their sender
}

// Received returns the packets received from all senders.
func (a Audio) Received() int {
	n := 0
	for _, k := range a.From {
		n += k
	}
	return n
}

// Audio returns the counts of the current call; without one it is an error.
func (p *Phone) Audio(ctx context.Context) (Audio, error) {
	text, err := p.Command(ctx, "audio_debug", "")
	if err != nil {
		return Audio{}, err
	}
	a, ok := parseAudio(text)
	if !ok {
		return a, fmt.Errorf("%s: no call with audio", p.uri)
	}
	return a, nil
}

// Hear waits until the current call has received at least n packets from the
// sender with that SSRC.
func (p *Phone) Hear(ctx context.Context, ssrc uint32, n int) error {
	tick := time.NewTicker(50 * time.Millisecond) // baresip has no event for this
	defer tick.Stop()
	for {
		a, err := p.Audio(ctx)
		if err != nil {
			return err
		}
		if a.From[ssrc] >= n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %d packets from SSRC %#x, want %d (all: %+v): %w", p.uri, a.From[ssrc], ssrc, n, a, ctx.Err())
		}
	}
}

// parseAudio reads what the command audio_debug prints; see the test for an
// example. ok is false when it tells of no stream.
func parseAudio(text string) (a Audio, ok bool) {
	a.From = make(map[uint32]int)
	var member uint32
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var seq, n int
		if k, _ := fmt.Sscanf(line, "Encode: seq=%d ssrc=0x%x", &seq, &a.SSRC); k == 2 {
			ok = true
		}
		_, _ = fmt.Sscanf(line, "member 0x%x:", &member) // any other line changes nothing
		if _, count, found := strings.Cut(line, " rcvd="); found {
			if _, err := fmt.Sscan(count, &n); err == nil {
				a.From[member] = n
			}
		}
		_, _ = fmt.Sscanf(line, "TX: packets=%d,", &a.Sent) // as above
	}
	return a, ok
}
