package player

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// chunk writes one RIFF chunk, padded to an even length.
func chunk(id string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	b = append(b, data...)
	if len(data)%2 != 0 {
		b = append(b, 0)
	}
	return b
}

func format(kind, channels uint16, rate uint32, bits uint16) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(le.AppendUint16(nil, kind), channels)
	b = le.AppendUint32(le.AppendUint32(b, rate), rate*2)
	return chunk("fmt ", le.AppendUint16(le.AppendUint16(b, 2), bits))
}

func riff(chunks ...[]byte) []byte {
	return append([]byte("RIFF\x00\x00\x00\x00WAVE"), slices.Concat(chunks...)...)
}

// testWAV is a good file with n samples.
func testWAV(n int) []byte { return riff(format(1, 1, 8000, 16), chunk("data", make([]byte, 2*n))) }

func TestParseWAV(t *testing.T) {
	good, data := format(1, 1, 8000, 16), chunk("data", []byte{1, 0, 0xff, 0xff})
	for _, c := range []struct {
		name string
		file []byte
		want []int16 // nil: an error
	}{
		{"plain", riff(good, data), []int16{1, -1}},
		{"other chunks between, one of odd size", riff(chunk("LIST", []byte("abc")), good, chunk("fact", nil), data), []int16{1, -1}},
		{"longer format chunk", riff(chunk("fmt ", append(good[8:len(good):len(good)], 0, 0)), data), []int16{1, -1}},
		{"trailing chunk", riff(good, data, chunk("id3 ", nil)), []int16{1, -1}},
		{"empty", nil, nil},
		{"not RIFF", []byte("ID3\x04this is an MP3 file"), nil},
		{"no chunks", riff(), nil},
		{"no format", riff(data), nil},
		{"no data", riff(good), nil},
		{"empty data", riff(good, chunk("data", nil)), nil},
		{"half a sample", riff(good, chunk("data", []byte{1, 2, 3})), nil},
		{"cut off", riff(good, data)[:12+24+8+2], nil},
		{"short format", riff(chunk("fmt ", []byte{1, 0}), data), nil},
		{"stereo", riff(format(1, 2, 8000, 16), data), nil},
		{"44.1 kHz", riff(format(1, 1, 44100, 16), data), nil},
		{"8 bit", riff(format(1, 1, 8000, 8), data), nil},
		{"mu-law", riff(format(7, 1, 8000, 16), data), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseWAV(c.file)
			if c.want == nil {
				if !errors.Is(err, errWAV) {
					t.Errorf("got %v, want an error that wraps errWAV", err)
				}
				return
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(testWAV(3))
	f.Add(riff(chunk("LIST", []byte("x")), format(1, 1, 8000, 16), chunk("data", []byte{1})))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, err := parseWAV(b)
		if (err == nil) != (len(pcm) > 0) {
			t.Errorf("%d samples and error %v", len(pcm), err)
		}
		if 2*len(pcm) > len(b) {
			t.Errorf("%d samples out of %d bytes", len(pcm), len(b))
		}
	})
}
