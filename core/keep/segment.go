package keep

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
)

// frame makes the frame of a change; nil deletes.
func frame(key string, value []byte) []byte {
	b := make([]byte, frameHead, frameHead+len(key)+len(value))
	binary.BigEndian.PutUint32(b[4:], uint32(len(key)+len(value)))
	n := uint16(len(key))
	if value == nil {
		n |= deletedBit
	}
	binary.BigEndian.PutUint16(b[8:], n)
	b = append(append(b, key...), value...)
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], table))
	return b
}

// append writes a change and moves the index. A frame that was written in
// part is written over by the next.
func (s *Store) append(key string, value []byte) error {
	g, err := s.active()
	if err != nil {
		return err
	}
	b, pad := frame(key, value), 0
	if splits(g.size) { // see cross: a frame that deletes nothing moves it on
		pad = frameHead
		b = append(frame("", nil), b...)
	}
	if _, err := g.f.WriteAt(b, g.size); err != nil {
		_ = g.f.Truncate(g.size) // else a shorter frame would leave some of it behind itself
		return err
	}
	p := place{seg: g, offset: g.size + int64(pad), length: len(b) - pad, value: frameHead + len(key)}
	g.size += int64(len(b))
	g.dirty = true
	s.note(key, p, value == nil)
	return nil
}

func (s *Store) note(key string, p place, deleted bool) {
	s.live -= int64(s.index[key].length)
	if deleted {
		delete(s.index, key)
		return
	}
	s.index[key] = p
	s.live += int64(p.length)
}

// active is the segment to write to.
func (s *Store) active() (*segment, error) {
	if n := len(s.segs); n > 0 && s.segs[n-1].size < segmentSize {
		return s.segs[n-1], nil
	}
	number := uint64(1)
	if n := len(s.segs); n > 0 {
		number = s.segs[n-1].number + 1
	}
	path := filepath.Join(s.opt.Dir, fmt.Sprintf("keep.%012d", number))
	f, err := s.create(path)
	if err != nil {
		return nil, err
	}
	g := &segment{number: number, path: path, f: f}
	s.segs = append(s.segs, g)
	s.newFile = true
	return g, nil
}

func (s *Store) fail(err error) {
	if !s.failing {
		s.failing = true
		s.opt.Log.Error("what a restart needs cannot be kept: it is tried again", "dir", s.opt.Dir, "err", err)
		if s.opt.Alarm != nil {
			s.opt.Alarm(fmt.Sprintf("%s cannot be written: a restart now would lose calls: %v", s.opt.Dir, err))
		}
	}
}
