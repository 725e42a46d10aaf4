package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The committed files must be what this program makes. One unit of difference
// is allowed: processors may fuse a multiplication with an addition.
func TestCommittedFiles(t *testing.T) {
	total := 0
	for name, s := range sounds() {
		want := wav(s)
		got, err := os.ReadFile(filepath.Join("..", name+".wav"))
		if err != nil {
			t.Fatal(err)
		}
		total += len(got)
		if len(got) != len(want) {
			t.Fatalf("%s.wav has %d bytes, want %d: run go generate", name, len(got), len(want))
		}
		for i := 44; i+1 < len(got); i += 2 {
			g, w := int16(binary.LittleEndian.Uint16(got[i:])), int16(binary.LittleEndian.Uint16(want[i:]))
			if d := int(g) - int(w); d < -1 || d > 1 {
				t.Fatalf("%s.wav: sample %d is %d, want %d: run go generate", name, i/2-22, g, w)
			}
		}
	}
	if total >= 300_000 {
		t.Errorf("the sounds take %d bytes, want less than 300000", total)
	}
}

// Nothing may clip, and nothing may be too soft to hear.
func TestLevels(t *testing.T) {
	for name, s := range sounds() {
		peak := 0.0
		for _, v := range s {
			peak = math.Max(peak, math.Abs(v))
		}
		if peak > 0.95 || peak < 0.15 {
			t.Errorf("%s: peak %.2f of full scale, want 0.15 to 0.95", name, peak)
		}
	}
}

// A loop must have no click where it begins again.
func TestMusicLoops(t *testing.T) {
	s := sounds()["moh"]
	most := 0.0
	for i := 1; i < len(s); i++ {
		most = math.Max(most, math.Abs(s[i]-s[i-1]))
	}
	if seam := math.Abs(s[0] - s[len(s)-1]); seam > most {
		t.Errorf("the seam jumps by %.3f, the music by %.3f at most", seam, most)
	}
}
