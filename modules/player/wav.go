package player

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errWAV is wrapped by every error of parseWAV. What a good file looks like
// is said in one place, because an operator has to convert the bad one.
var errWAV = errors.New("not a usable WAV file; want RIFF/WAVE, PCM, 16 bit, mono, 8000 Hz " +
	"(sox in.wav -r 8000 -c 1 -b 16 -e signed-integer out.wav)")

// parseWAV returns the samples of a RIFF/WAVE file of 8 kHz 16-bit mono PCM.
// Chunks other than "fmt " and "data" are skipped. A data chunk that claims
// more than the file holds is an error: the file was cut.
func parseWAV(b []byte) ([]int16, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: no RIFF/WAVE header", errWAV)
	}
	b = b[12:]
	known := false // a good "fmt " chunk came
	for len(b) >= 8 {
		id, size := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		if size > int64(len(b)) {
			return nil, fmt.Errorf("%w: chunk %q of %d bytes, but %d are left", errWAV, id, size, len(b))
		}
		switch chunk := b[:size]; {
		case id == "fmt ":
			if err := checkFormat(chunk); err != nil {
				return nil, err
			}
			known = true
		case id == "data" && !known:
			return nil, fmt.Errorf("%w: samples before their format", errWAV)
		case id == "data":
			return samples(chunk)
		}
		b = b[min(size+size&1, int64(len(b))):] // chunks begin at even offsets
	}
	return nil, fmt.Errorf("%w: no samples", errWAV)
}

// checkFormat reads the "fmt " chunk.
func checkFormat(b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("%w: format chunk of %d bytes", errWAV, len(b))
	}
	le := binary.LittleEndian
	format, channels, bits, rate := le.Uint16(b), le.Uint16(b[2:]), le.Uint16(b[14:]), le.Uint32(b[4:])
	if format != 1 || channels != 1 || bits != 16 || rate != sampleRate {
		return fmt.Errorf("%w: this one has format %d, %d channels, %d bit, %d Hz", errWAV, format, channels, bits, rate)
	}
	return nil
}

func samples(b []byte) ([]int16, error) {
	if len(b) < 2 || len(b)%2 != 0 {
		return nil, fmt.Errorf("%w: %d bytes of samples", errWAV, len(b))
	}
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm, nil
}
