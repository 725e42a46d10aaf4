package player

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

//go:generate go run ./sounds/gen -dir sounds

// embedded are the sounds that every build carries; sounds/gen makes them.
//
//go:embed sounds/*.wav
var embedded embed.FS

// maxSound bounds a file: about half an hour.
const maxSound = 32 << 20

// sound is one sound, encoded for each law. The payloads are whole frames and
// shared by all calls.
type sound struct {
	name       string
	once       bool // end the call after it, unless the call says otherwise
	pcmu, pcma []byte
}

// payload returns the sound in the law of m.
func (s *sound) payload(alaw bool) []byte {
	if alaw {
		return s.pcma
	}
	return s.pcmu
}

// newSound encodes samples; the last frame is filled up with silence.
func newSound(name string, pcm []int16) *sound {
	if rest := len(pcm) % frameSamples; rest != 0 {
		pcm = append(slices.Clip(pcm), make([]int16, frameSamples-rest)...)
	}
	return &sound{name: name, pcmu: law(ulaw).encode(pcm), pcma: law(alaw).encode(pcm)}
}

// loadSounds reads the embedded sounds and then those of dir ("" for none),
// which win. once names those that play once.
func loadSounds(dir, once string) (map[string]*sound, error) {
	all := make(map[string]*sound)
	inside, err := fs.Sub(embedded, "sounds")
	if err != nil {
		return nil, err
	}
	if err := loadDir(all, inside, "embedded sounds"); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := loadDir(all, os.DirFS(dir), dir); err != nil {
			return nil, fmt.Errorf("sounds_dir: %w", err)
		}
	}
	for _, name := range strings.Split(once, ",") {
		// A name without a sound is no fault: the default names ours, and
		// sounds_dir may be shared by servers that differ in it.
		if s := all[strings.TrimSpace(name)]; s != nil {
			s.once = true
		}
	}
	return all, nil
}

// Sounds lists the names that player:NAME takes when sounds_dir is dir.
func Sounds(dir string) ([]string, error) {
	all, err := loadSounds(dir, "")
	return slices.Sorted(maps.Keys(all)), err
}

// loadDir adds every NAME.wav of a directory; where is its name in errors.
func loadDir(all map[string]*sound, dir fs.FS, where string) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return fmt.Errorf("%s: %w", where, cause(err))
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".wav")
		if !ok || e.IsDir() {
			continue
		}
		s, err := loadFile(dir, e.Name(), name)
		if err != nil {
			return fmt.Errorf("%s: %w", path.Join(where, e.Name()), err)
		}
		all[name] = s
	}
	return nil
}

func loadFile(dir fs.FS, file, name string) (*sound, error) {
	if !isName(name) {
		return nil, fmt.Errorf("the name of a sound is letters, digits, '-', '_' and '.'; rename the file")
	}
	info, err := fs.Stat(dir, file)
	if err != nil {
		return nil, cause(err)
	}
	if info.Size() > maxSound {
		return nil, fmt.Errorf("%d bytes; want at most %d", info.Size(), maxSound)
	}
	data, err := fs.ReadFile(dir, file)
	if err != nil {
		return nil, cause(err)
	}
	pcm, err := parseWAV(data)
	if err != nil {
		return nil, err
	}
	return newSound(name, pcm), nil
}

// cause takes the path out of a file error, which names it relative to a
// directory that the caller names in full.
func cause(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// isName reports whether name may be the user part of a SIP URI as it is.
func isName(name string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.", c) >= 0) {
			return false
		}
	}
	return true
}
