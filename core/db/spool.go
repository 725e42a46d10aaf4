package db

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Sizes of a journal file. It is closed at segmentFull, so that space comes
// back while a long queue is worked off, and at segmentDrained when
// everything in it is applied.
const (
	segmentFull    = 16 << 20
	segmentDrained = 1 << 20
)

// file is what the spool needs of an open file.
type file interface {
	Write([]byte) (int, error)
	Sync() error
	Close() error
}

// segment is one file of the journal, named ID.NUMBER.STREAM.journal.
type segment struct {
	path   string
	number uint64
	stream string
	last   uint64 // seq of the last record, for segments of this start
	size   int64
}

// spool is the journal of a writer on disk.
type spool struct {
	dir, id, stream string
	create          func(path string) (file, error)

	mu     sync.Mutex
	old    []segment // of earlier starts, in order
	own    []segment // of this start, in order; the last one may be open
	active file      // open for the last of own, or nil
	number uint64    // of the newest segment
}

// openSpool finds what earlier starts left in dir.
func openSpool(dir, id string) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("spool directory %s: %w: create it, or name another one", dir, err)
	}
	s := &spool{dir: dir, id: id, stream: newStream(), create: createFile}
	var err error
	if s.old, err = segmentsIn(dir, id); err != nil {
		return nil, err
	}
	if n := len(s.old); n > 0 {
		s.number = s.old[n-1].number
	}
	probe := filepath.Join(dir, id+".probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return nil, fmt.Errorf("spool directory %s: %w: it must be writable by the user that runs sipd", dir, err)
	}
	return s, os.Remove(probe)
}

// segmentsIn lists the files of a journal in their order.
func segmentsIn(dir, id string) (list []segment, err error) {
	names, err := filepath.Glob(filepath.Join(escapeGlob(dir), id+".*.journal"))
	if err != nil {
		return nil, fmt.Errorf("spool directory %s: %w", dir, err)
	}
	for _, path := range names {
		parts := strings.Split(filepath.Base(path), ".")
		n, err := strconv.ParseUint(parts[1], 10, 64)
		if err != nil || len(parts) != 4 {
			continue
		}
		list = append(list, segment{path: path, number: n, stream: parts[2]})
	}
	slices.SortFunc(list, func(a, b segment) int { return cmp.Compare(a.number, b.number) })
	return list, nil
}

// tags are those in the files of earlier starts.
func (s *spool) tags() map[string]bool {
	tags := map[string]bool{}
	for _, g := range s.old {
		data, err := os.ReadFile(g.path)
		if err != nil {
			continue // replay reports it
		}
		j := journal{data: data}
		for batch := range j.batches(batchOps) {
			for _, r := range batch {
				if r.op.Tag != "" {
					tags[r.op.Tag] = true
				}
			}
		}
	}
	return tags
}

// escapeGlob makes a directory name mean itself in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// newStream returns a name that no other start of a writer has.
func newStream() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// createFile makes a new file and its directory entry durable.
func createFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return f, syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write appends records and returns when they are on the disk; written is
// called when they survive the process. After an error the next write begins a
// new file.
func (s *spool) write(recs []record, applied uint64, written func()) error {
	var b []byte
	for _, r := range recs {
		var err error
		if b, err = appendFrame(b, r.seq, r.op); err != nil {
			return err
		}
	}
	f, err := s.file(applied)
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		written()
		err = f.Sync()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.own) > 0 && f != nil {
		g := &s.own[len(s.own)-1]
		g.size += int64(len(b))
		if err == nil {
			g.last = recs[len(recs)-1].seq
		}
	}
	if err != nil {
		s.shut()
	}
	return err
}

// file returns the open segment, a new one when the old one is full.
func (s *spool) file(applied uint64) (file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active != nil {
		g := s.own[len(s.own)-1]
		if g.size < segmentDrained || g.size < segmentFull && g.last > applied {
			return s.active, nil
		}
		s.shut()
	}
	s.number++
	path := filepath.Join(s.dir, fmt.Sprintf("%s.%012d.%s.journal", s.id, s.number, s.stream))
	f, err := s.create(path)
	if f == nil {
		return nil, err
	}
	s.own = append(s.own, segment{path: path, number: s.number, stream: s.stream})
	s.active = f
	return f, err
}

// shut closes the open segment; mu is held.
func (s *spool) shut() {
	if s.active != nil {
		_ = s.active.Close() // what counts was synced
		s.active = nil
	}
}

// holding returns the segment of this start that holds seq.
func (s *spool) holding(seq uint64) (segment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.own {
		if g.last >= seq {
			return g, true
		}
	}
	return segment{}, false
}

// spent takes out the closed segments in which everything is applied; with
// all, the open one too.
func (s *spool) spent(applied uint64, all bool) []segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.own) && s.own[n].last <= applied && (all || n < len(s.own)-1 || s.active == nil) {
		n++
	}
	if n == len(s.own) {
		s.shut()
	}
	gone := slices.Clone(s.own[:n])
	s.own = slices.Delete(s.own, 0, n)
	return gone
}

// restore puts back what spent took out and could not be removed yet.
func (s *spool) restore(gone []segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = slices.Concat(gone, s.own)
}

// leftBehind reports whether a file of the stream is still there, a damaged
// one included.
func (s *spool) leftBehind(stream string) bool {
	names, err := filepath.Glob(filepath.Join(escapeGlob(s.dir), s.id+".*."+stream+".journal*"))
	return err != nil || len(names) > 0
}

// bytes is the size of the segments of this start.
func (s *spool) bytes() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.own {
		n += g.size
	}
	return n
}

// close ends the use of the disk.
func (s *spool) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
}
