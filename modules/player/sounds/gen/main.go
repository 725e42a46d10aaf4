// Command gen makes the sounds that are embedded in the player: soft chords
// and chimes, computed from nothing but sines, the same bytes at every run.
//
//	go run ./sounds/gen -dir sounds
package main

import (
	"bytes"
	"encoding/binary"
	"flag"
	"log"
	"math"
	"os"
	"path/filepath"
)

const rate = 8000

func main() {
	dir := flag.String("dir", ".", "where the WAV files go")
	flag.Parse()
	for name, s := range sounds() {
		if err := os.WriteFile(filepath.Join(*dir, name+".wav"), wav(s), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// sounds composes everything.
func sounds() map[string][]float64 {
	return map[string][]float64{
		"welcome": chimes(2.0, 0.28, "G4", "C5", "E5", "G5"),
		"flowid":  chimes(1.2, 0.22, "E5", "C5"),
		"goodbye": chimes(1.6, 0.30, "G5", "E5", "C5"),
		"busy":    busy(),
		"moh":     music(),
	}
}

// note is a pitch and its frequency in Hz, equal temperament, A4 = 440.
func note(name string) float64 {
	step := map[byte]int{'C': -9, 'D': -7, 'E': -5, 'F': -4, 'G': -2, 'A': 0, 'B': 2}[name[0]]
	octave := int(name[1]) - '4'
	return 440 * math.Pow(2, float64(12*octave+step)/12)
}

func silence(seconds float64) []float64 { return make([]float64, int(math.Round(seconds*rate))) }

// ring adds a struck tone that fades, beginning at second at. Time past the
// end comes round to the beginning, so that a loop has no seam.
func ring(buf []float64, at, freq, gain, fade float64) {
	start := int(at * rate)
	for i := range int(fade * 5 * rate) {
		t := float64(i) / rate
		attack := math.Min(t/0.01, 1)
		env := gain * attack * math.Exp(-t/fade)
		tone := math.Sin(2*math.Pi*freq*t) + 0.25*math.Sin(4*math.Pi*freq*t) + 0.08*math.Sin(6*math.Pi*freq*t)
		buf[(start+i)%len(buf)] += env * tone
	}
}

// chimes strikes one note after the other and fades the end out.
func chimes(seconds, step float64, notes ...string) []float64 {
	buf := silence(seconds + 3) // room for the last fade, cut off below
	for i, n := range notes {
		ring(buf, float64(i)*step, note(n), 0.26, 0.35)
	}
	buf = buf[:int(seconds*rate)]
	tail := rate / 4
	for i := range tail {
		buf[len(buf)-1-i] *= float64(i) / float64(tail)
	}
	return buf
}

// busy is two soft low tones with rests.
func busy() []float64 {
	buf := silence(2)
	for i := range 4 {
		ring(buf, float64(i)*0.5, note("A3"), 0.25, 0.09)
		ring(buf, float64(i)*0.5, note("C4"), 0.25, 0.09)
	}
	return buf
}

// music is a loop of four chords, each swelling under a broken chord.
func music() []float64 {
	const bar = 2.0
	chords := [][]string{
		{"C4", "E4", "G4", "C5"}, {"A3", "C4", "E4", "A4"},
		{"F3", "A3", "C4", "F4"}, {"G3", "B3", "D4", "G4"},
	}
	buf := silence(bar * float64(len(chords)))
	for b, chord := range chords {
		for i, n := range chord {
			swell(buf, float64(b)*bar, bar, note(n), 0.055)
			ring(buf, float64(b)*bar+float64(i)*0.25, 2*note(n), 0.09, 0.3)
			ring(buf, float64(b)*bar+1+float64(3-i)*0.25, 2*note(n), 0.07, 0.3)
		}
	}
	return buf
}

// swell adds a tone that comes and goes over one bar and a little more.
func swell(buf []float64, at, length, freq, gain float64) {
	start, n := int(at*rate), int((length+0.3)*rate)
	for i := range n {
		t := float64(i) / rate
		env := gain * math.Pow(math.Sin(math.Pi*float64(i)/float64(n)), 2)
		buf[(start+i)%len(buf)] += env * math.Sin(2*math.Pi*freq*t)
	}
}

// wav writes samples between -1 and 1 as 16-bit mono PCM.
func wav(s []float64) []byte {
	var b bytes.Buffer
	le := binary.LittleEndian
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	le.PutUint32(head[4:], uint32(36+2*len(s)))
	b.Write(head)
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		_ = binary.Write(&b, le, v) // into memory: cannot fail
	}
	b.WriteString("data")
	_ = binary.Write(&b, le, uint32(2*len(s)))
	for _, v := range s {
		_ = binary.Write(&b, le, int16(math.Round(math.Max(-1, math.Min(1, v))*32000)))
	}
	return b.Bytes()
}
