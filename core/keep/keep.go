package keep

import (
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

	"github.com/sipd/sipd/core/lockfile"
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
	lock, err := lockStore(filepath.Join(o.Dir, "keep.lock"))
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

// Put keeps a value, and reports whether it survives the process from now
// on: false when the disk fails, and it is tried again. The value is not held
// on to.
func (s *Store) Put(bucket, key string, value []byte) bool {
	if value == nil {
		value = []byte{}
	}
	return s.change(fullKey(bucket, key), value)
}

// Delete forgets a value; one that is not there is no matter.
func (s *Store) Delete(bucket, key string) { s.change(fullKey(bucket, key), nil) }

func (s *Store) change(key string, value []byte) bool {
	if len(key) >= deletedBit || len(value) > maxValue {
		s.opt.Log.Error("a value is too long to be kept", "key", key, "bytes", len(value))
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if _, known := s.index[key]; value == nil && !known {
		delete(s.unsaved, key) // the disk never had it
		return true
	}
	if !s.failing {
		err := s.append(key, value)
		if err == nil {
			return true
		}
		s.fail(err)
	}
	if value == nil && s.cross(key) {
		delete(s.unsaved, key)
		return true
	}
	s.unsaved[key] = slices.Clone(value)
	return false
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

// lockStore keeps a second process from using the same store.
func lockStore(path string) (*os.File, error) {
	f, err := lockfile.Lock(path)
	if errors.Is(err, lockfile.ErrInUse) {
		err = fmt.Errorf("%w: stop it, or give this one another spool_dir", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}
