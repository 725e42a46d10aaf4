package player

import (
	"bytes"
	"math"
	"testing"
)

// The digital milliwatt: a 1 kHz sine at 0 dBm0 in eight samples, as ITU-T
// G.711 tables 5 (A-law) and 6 (mu-law) print it. Full load is +3.14 dBm0 for
// A-law and +3.17 dBm0 for mu-law.
func TestDigitalMilliwatt(t *testing.T) {
	for _, c := range []struct {
		name string
		law  law
		peak float64
		want []byte
	}{
		{"PCMU", ulaw, 8159 * 4 * math.Pow(10, -3.17/20), []byte{0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e}},
		{"PCMA", alaw, 4096 * 8 * math.Pow(10, -3.14/20), []byte{0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4}},
	} {
		var pcm []int16
		for i := range 8 {
			// The tables begin with the negative half in sign-bit-1 terms.
			pcm = append(pcm, int16(-c.peak*math.Sin(math.Pi/4*(float64(i)+0.5))))
		}
		got := c.law.encode(pcm)
		if !bytes.Equal(got, c.want) && !bytes.Equal(got, flip(c.want)) {
			t.Errorf("%s: got % x, want % x", c.name, got, c.want)
		}
	}
}

// flip moves the sequence by half a period.
func flip(b []byte) []byte { return append(append([]byte(nil), b[4:]...), b[:4]...) }

func TestG711Edges(t *testing.T) {
	for _, c := range []struct {
		in   int16
		u, a byte
	}{
		{0, 0xff, 0xd5}, {-1, 0x7f, 0x55}, {15, 0xfd, 0xd5}, {16, 0xfd, 0xd4},
		{math.MaxInt16, 0x80, 0xaa}, {math.MinInt16, 0x00, 0x2a},
	} {
		if u := ulaw(c.in); u != c.u {
			t.Errorf("ulaw(%d) = %#x, want %#x", c.in, u, c.u)
		}
		if a := alaw(c.in); a != c.a {
			t.Errorf("alaw(%d) = %#x, want %#x", c.in, a, c.a)
		}
	}
}

// unulaw and unalaw are the decoders of G.711, in 16-bit terms.
func unulaw(b byte) int {
	b = ^b
	v := (int(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -v
	}
	return v
}

func unalaw(b byte) int {
	b ^= 0x55
	seg, v := int(b>>4&7), int(b&0x0f)<<4+8
	if seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// Every sample must be coded by the value that is nearest, or as near.
func TestG711Nearest(t *testing.T) {
	for _, c := range []struct {
		name string
		law  law
		back func(byte) int
	}{{"PCMU", ulaw, unulaw}, {"PCMA", alaw, unalaw}} {
		for s := math.MinInt16; s <= math.MaxInt16; s++ {
			got := math.Abs(float64(c.back(c.law(int16(s))) - s))
			// Half a step of the segment: 2^-5 of the magnitude, or of the first step.
			if limit := max(8, (math.Abs(float64(s))+132)/32); got > limit+1 && math.Abs(float64(s)) < 32636 {
				t.Fatalf("%s: %d comes back with an error of %v", c.name, s, got)
			}
		}
		for b := range 256 {
			s := c.back(byte(b))
			if again := c.law(int16(s)); again != byte(b) && s != 0 {
				t.Errorf("%s: code %#x decodes to %d, which encodes to %#x", c.name, b, s, again)
			}
		}
	}
}
