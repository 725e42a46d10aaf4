package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The sizes and times of a store.
const (
	segmentSize = 8 << 20 // when a segment is closed
	garbage     = 8 << 20 // that is borne besides the values
	syncEvery   = time.Second
	maxValue    = 16 << 20
	frameHead   = 10
	deletedBit  = 1 << 15
)

var table = crc32.MakeTable(crc32.Castagnoli)

// Options say where a store is.
type Options struct {
	Dir string // created if missing; one store for a directory
	Log *slog.Logger
	// Alarm is told in one line when the disk begins to fail. It must not
	// block. Nil: only the log.
	Alarm func(text string)
}

// file is what a store needs of an open file.
type file interface {
	ReadAt([]byte, int64) (int, error)
	WriteAt([]byte, int64) (int, error)
	Truncate(int64) error
	Sync() error
	Close() error
}

// segment is one file.
type segment struct {
	number uint64
	path   string
	f      file
	size   int64
	dirty  bool
}

// place is where a value is.
type place struct {
	seg    *segment
	offset int64 // of the frame
	length int   // of the frame
	value  int   // where the value begins in the frame
}

// Store is the map. Its methods may be called from any goroutine.
type Store struct {
	opt    Options
	create func(path string) (file, error)
	lock   *os.File

	mu      sync.Mutex
	index   map[string]place
	unsaved map[string][]byte // what the disk has not taken; nil: deleted
	segs    []*segment        // the last one is written to
	live    int64             // bytes of the frames in index
	newFile bool              // whose name the disk may not have yet
	failing bool
	closed  bool

	quit chan struct{}
	done chan struct{}
}

// Open opens the store in a directory. What cannot be read is reported to the
// log and set aside; an error means that nothing can be kept there.
func Open(o Options) (*Store, error) {
	return open(o, func(path string) (file, error) {
		return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	})
}

func open(o Options, create func(string) (file, error)) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: create the directory, or name another one", err)
	}
	lock, err := lockFile(filepath.Join(o.Dir, "keep.lock"))
	if err != nil {
		return nil, err
	}
	s := &Store{opt: o, create: create, lock: lock, index: map[string]place{}, unsaved: map[string][]byte{},
		quit: make(chan struct{}), done: make(chan struct{})}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	go s.loop()
	return s, nil
}

func fullKey(bucket, key string) string { return bucket + "\x00" + key }

// Put keeps a value. The value is not held on to.
func (s *Store) Put(bucket, key string, value []byte) {
	if value == nil {
		value = []byte{}
	}
	s.change(fullKey(bucket, key), value)
}

// Delete forgets a value; one that is not there is no matter.
func (s *Store) Delete(bucket, key string) { s.change(fullKey(bucket, key), nil) }

func (s *Store) change(key string, value []byte) {
	if len(key) >= deletedBit || len(value) > maxValue {
		s.opt.Log.Error("a value is too long to be kept", "key", key, "bytes", len(value))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	_, known := s.index[key]
	if _, waits := s.unsaved[key]; value == nil && !known && !waits {
		return
	}
	if s.failing {
		s.unsaved[key] = slices.Clone(value)
		return
	}
	if err := s.append(key, value); err != nil {
		s.unsaved[key] = slices.Clone(value)
		s.fail(err)
	}
}

// Each calls fn for every value of a bucket, in no order, and stops at the
// first error, which it returns. fn must not use the store.
func (s *Store) Each(bucket string, fn func(key string, value []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := fullKey(bucket, "")
	for key, p := range s.index {
		if _, waits := s.unsaved[key]; waits || !strings.HasPrefix(key, prefix) {
			continue
		}
		value, err := s.read(p)
		if err == nil {
			err = fn(key[len(prefix):], value)
		}
		if err != nil {
			return err
		}
	}
	for key, value := range s.unsaved {
		if value == nil || !strings.HasPrefix(key, prefix) {
			continue
		}
		if err := fn(key[len(prefix):], value); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) read(p place) ([]byte, error) {
	frame := make([]byte, p.length)
	if _, err := p.seg.f.ReadAt(frame, p.offset); err != nil {
		return nil, fmt.Errorf("%s: %w", p.seg.path, err)
	}
	return frame[p.value:], nil
}

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
	b := frame(key, value)
	if _, err := g.f.WriteAt(b, g.size); err != nil {
		_ = g.f.Truncate(g.size) // else a shorter frame would leave some of it behind itself
		return err
	}
	p := place{seg: g, offset: g.size, length: len(b), value: frameHead + len(key)}
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

// loop syncs, repairs and compacts in the background.
func (s *Store) loop() {
	defer close(s.done)
	t := time.NewTicker(syncEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.tend()
		case <-s.quit:
			return
		}
	}
}

// tend writes what could not be written, has the disk keep what was, and
// makes room.
func (s *Store) tend() {
	s.mu.Lock()
	s.retry()
	newFile := s.newFile
	s.newFile = false
	var dirty []*segment
	for _, g := range s.segs {
		if g.dirty {
			g.dirty = false
			dirty = append(dirty, g)
		}
	}
	s.mu.Unlock()
	if newFile {
		if err := syncDir(s.opt.Dir); err != nil {
			s.opt.Log.Error("what a restart needs may not survive a power cut", "dir", s.opt.Dir, "err", err)
		}
	}
	for _, g := range dirty { // a slow disk delays nobody
		if err := g.f.Sync(); err != nil {
			s.opt.Log.Error("what a restart needs may not survive a power cut", "file", g.path, "err", err)
		}
	}
	s.compact()
}

// syncDir has the disk keep the names of files.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (s *Store) retry() {
	if !s.failing {
		return
	}
	for key, value := range s.unsaved {
		if err := s.append(key, value); err != nil {
			return
		}
		delete(s.unsaved, key)
	}
	s.failing = false
	s.opt.Log.Info("what a restart needs is kept again", "dir", s.opt.Dir)
}

// compact removes the oldest segments while there is too much garbage.
func (s *Store) compact() {
	for {
		s.mu.Lock()
		var total int64
		for _, g := range s.segs {
			total += g.size
		}
		if s.failing || s.closed || len(s.segs) < 2 || total < 2*s.live+garbage {
			s.mu.Unlock()
			return
		}
		g := s.segs[0]
		s.mu.Unlock()
		if !s.evacuate(g) {
			return
		}
	}
}

// evacuate writes the values of the oldest segment again and removes it. The
// lock is let go after every few.
func (s *Store) evacuate(g *segment) bool {
	s.mu.Lock()
	var keys []string
	for key, p := range s.index {
		if p.seg == g {
			keys = append(keys, key)
		}
	}
	s.mu.Unlock()
	for part := range slices.Chunk(keys, 100) {
		if !s.move(g, part) {
			return false
		}
	}
	s.mu.Lock()
	last := s.segs[len(s.segs)-1]
	s.mu.Unlock()
	if err := last.f.Sync(); err != nil { // else a power cut would lose both
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segs = s.segs[1:]
	return s.drop(g) == nil
}

func (s *Store) move(g *segment, keys []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		p, ok := s.index[key]
		if !ok || p.seg != g {
			continue
		}
		value, err := s.read(p)
		if err == nil {
			err = s.append(key, value)
		}
		if err != nil {
			s.fail(err)
			return false
		}
	}
	return true
}

func (s *Store) drop(g *segment) error {
	return errors.Join(g.f.Close(), os.Remove(g.path))
}

// Close has the disk keep everything. What the disk has refused until now is
// lost, and the error says so.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.retry()
	s.closed = true
	lost := len(s.unsaved)
	s.mu.Unlock()
	close(s.quit)
	<-s.done
	var err error
	if lost > 0 {
		err = fmt.Errorf("%s: %d values could not be kept", s.opt.Dir, lost)
	}
	for _, g := range s.segs {
		err = errors.Join(err, g.f.Sync(), g.f.Close())
	}
	return errors.Join(err, s.lock.Close())
}

// segmentNumber is the number in the name of a segment, 0 for other files.
func segmentNumber(name string) uint64 {
	text, ok := strings.CutPrefix(name, "keep.")
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
