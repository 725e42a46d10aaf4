package keep

import (
	"encoding/binary"
	"hash/crc32"
)

// sector is what a disk writes whole.
const sector = 512

// splits reports whether a head at an offset would lie in two sectors.
func splits(offset int64) bool {
	return offset/sector != (offset+frameHead-1)/sector
}

// cross deletes a value by marking its frame where it is, which a full disk
// still takes: else a restart now would bring back what is over. It reports
// whether it could.
//
// A power cut or kill must not leave half a mark, which would hide every frame
// behind it: so no head lies in two sectors.
func (s *Store) cross(key string) bool {
	p := s.index[key]
	if splits(p.offset) {
		return false
	}
	b := make([]byte, p.length)
	if _, err := p.seg.f.ReadAt(b, p.offset); err != nil {
		return false
	}
	was := [frameHead]byte(b)
	binary.BigEndian.PutUint16(b[8:], binary.BigEndian.Uint16(b[8:])|deletedBit)
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], table))
	if _, err := p.seg.f.WriteAt(b[:frameHead], p.offset); err != nil {
		_, _ = p.seg.f.WriteAt(was[:], p.offset) // as far as the mark came
		return false
	}
	p.seg.dirty = true
	s.note(key, place{}, true)
	return true
}
