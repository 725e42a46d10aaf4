package keep

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
)

// load reads the segments.
func (s *Store) load() error {
	names, err := os.ReadDir(s.opt.Dir)
	if err != nil {
		return err
	}
	var numbers []uint64
	for _, n := range names {
		if number := segmentNumber(n.Name()); number > 0 {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	for i, number := range numbers {
		if err := s.loadSegment(number, i == len(numbers)-1); err != nil {
			return err
		}
	}
	_, err = s.active() // says now, not in the first call, that it cannot be written
	if err != nil {
		return fmt.Errorf("%w: it must be writable by the user that runs sipd", err)
	}
	return nil
}

func (s *Store) loadSegment(number uint64, last bool) error {
	g := &segment{number: number, path: filepath.Join(s.opt.Dir, fmt.Sprintf("keep.%012d", number))}
	data, err := os.ReadFile(g.path)
	if err != nil {
		return err
	}
	if g.f, err = s.create(g.path); err != nil {
		return err
	}
	for int(g.size) < len(data) {
		key, value, length := decode(data[g.size:])
		if length == 0 {
			break
		}
		p := place{seg: g, offset: g.size, length: length, value: length - len(value)}
		s.note(key, p, value == nil)
		g.size += int64(length)
	}
	s.segs = append(s.segs, g)
	if rest := data[g.size:]; len(rest) > 0 {
		s.damaged(g, rest, last)
	}
	return nil
}

// damaged says what is wrong with the rest of a segment, and keeps it unless
// it is the frame that a crash cut off.
func (s *Store) damaged(g *segment, rest []byte, last bool) {
	if last && torn(rest) {
		s.opt.Log.Info("the last change was cut off by a crash", "file", g.path, "bytes", len(rest))
	} else {
		kept := os.WriteFile(g.path+".damaged", rest, 0o600)
		s.opt.Log.Error("calls that were kept cannot be read", "file", g.path+".damaged", "bytes", len(rest), "err", kept)
		if s.opt.Alarm != nil {
			s.opt.Alarm(fmt.Sprintf("%s is damaged: %d bytes could not be read", g.path, len(rest)))
		}
	}
	if err := os.Truncate(g.path, g.size); err != nil {
		s.opt.Log.Error("a damaged file cannot be cut", "file", g.path, "err", err)
	}
}

// torn reports whether a rest is the beginning of one frame, or space that was
// never written: a power cut may leave it.
func torn(rest []byte) bool {
	if len(rest) < frameHead || len(bytes.Trim(rest, "\x00")) == 0 {
		return true
	}
	return int64(len(rest)) < frameHead+int64(binary.BigEndian.Uint32(rest[4:]))
}

// decode reads the frame at the beginning of data. A length of 0 means that
// there is none. The value is nil when the key is deleted.
func decode(data []byte) (key string, value []byte, length int) {
	if len(data) < frameHead {
		return "", nil, 0
	}
	body := int64(binary.BigEndian.Uint32(data[4:]))
	keyLen := binary.BigEndian.Uint16(data[8:])
	n := int64(keyLen &^ deletedBit)
	if body < n || body > maxValue+deletedBit || int64(len(data)) < frameHead+body {
		return "", nil, 0
	}
	length = int(frameHead + body)
	if crc32.Checksum(data[4:length], table) != binary.BigEndian.Uint32(data) {
		return "", nil, 0
	}
	key = string(data[frameHead : frameHead+n])
	if keyLen&deletedBit == 0 {
		value = data[frameHead+n : length : length]
	}
	return key, value, length
}
