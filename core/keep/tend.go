package keep

import (
	"errors"
	"os"
	"slices"
	"time"
)

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
