package player

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestPacer(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for _, c := range []struct {
		name       string
		at         []time.Duration
		skip, send []uint32
	}{
		{"on time", []time.Duration{0, ms(20), ms(40)}, []uint32{0, 0, 0}, []uint32{1, 1, 1}},
		{"too early", []time.Duration{0, ms(19), ms(20), ms(20)}, []uint32{0, 0, 0, 0}, []uint32{1, 0, 1, 0}},
		{"late, made up for", []time.Duration{0, ms(95), ms(100)}, []uint32{0, 0, 0}, []uint32{1, 4, 1}},
		{"too late, given up", []time.Duration{0, time.Second, ms(1020)}, []uint32{0, 45, 0}, []uint32{1, 5, 1}},
		{"clock goes back", []time.Duration{0, -time.Hour, ms(20)}, []uint32{0, 0, 0}, []uint32{1, 0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p pacer
			for i, at := range c.at {
				if skip, send := p.due(at); skip != c.skip[i] || send != c.send[i] {
					t.Errorf("at %v: skip %d send %d, want %d and %d", at, skip, send, c.skip[i], c.send[i])
				}
			}
		})
	}
}

// However the ticks fall, no more slots pass than time has, and none is lost
// without being told.
func TestPacerNeverRunsAhead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var p pacer
	var at time.Duration
	var total uint32
	for range 10_000 {
		at += time.Duration(r.Int64N(int64(3 * frameTime)))
		if r.IntN(100) == 0 {
			at += time.Duration(r.Int64N(int64(time.Second)))
		}
		skip, send := p.due(at)
		total += skip + send
		if send > maxBurst {
			t.Fatalf("%d packets at once, want at most %d", send, maxBurst)
		}
		if want := uint32(at/frameTime) + 1; total != want {
			t.Fatalf("at %v: %d slots, want %d", at, total, want)
		}
	}
}

// Ticks are late now and then; each must still send one packet of each call,
// whenever the call began.
func TestJitterOfTicks(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := newSender(func(int64) {})
	now := time.Now()
	var streams []*stream
	for tick := range 500 {
		if tick%5 == 0 {
			st := &stream{conn: nowhere{}, sound: newSound("x", make([]int16, frameSamples)), to: media{send: true}}
			streams = append(streams, st)
			s.add(st)
		}
		at := now.Add(time.Duration(tick) * frameTime)
		s.tick(at.Add(time.Duration(r.Int64N(int64(frameTime * 2 / 5)))))
		for i, st := range streams {
			if want := uint16(tick - 5*i + 1); st.hdr.SequenceNumber != want {
				t.Fatalf("tick %d: stream %d has sent %d packets, want %d", tick, i, st.hdr.SequenceNumber, want)
			}
		}
	}
}
