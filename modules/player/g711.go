package player

import "math/bits"

// law turns one 16-bit linear sample into one octet of ITU-T G.711.
type law func(int16) byte

// ulaw encodes one sample as PCMU (ITU-T G.711, table 2): a biased magnitude
// cut into eight segments that double in width, sent inverted.
func ulaw(s int16) byte {
	const bias, clip = 0x84, 32635
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, clip) + bias
	segment := bits.Len(uint(v)) - 8 // the bias keeps v at 8 bits or more
	step := v >> (segment + 3) & 0x0f
	return ^(sign | byte(segment<<4) | byte(step))
}

// alaw encodes one sample as PCMA (ITU-T G.711, table 1). Eleven bits
// of magnitude count, and every other bit of the octet is sent inverted.
func alaw(s int16) byte {
	v, sign := int(s)>>4, byte(0x80)
	if v < 0 {
		v, sign = ^v, 0
	}
	segment := max(bits.Len(uint(v))-4, 0)
	step := v >> max(segment-1, 0) // the first two segments are equally wide
	return (sign | byte(segment<<4) | byte(step&0x0f)) ^ 0x55
}

// encode encodes all of pcm.
func (l law) encode(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		out[i] = l(s)
	}
	return out
}
