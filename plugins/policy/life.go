package policy

import (
	"slices"
	"sync"
)

// life is what the workers have in common: which questions have no answer yet,
// and the end.
type life struct {
	mu    sync.Mutex
	why   string
	over  bool
	asked []uint64

	end  chan struct{} // closed: see worker.ending
	gone chan struct{} // closed: see worker.done
}

func newLife() life { return life{end: make(chan struct{}), gone: make(chan struct{})} }

func (l *life) ending() <-chan struct{} { return l.end }
func (l *life) done() <-chan struct{}   { return l.gone }

func (l *life) reason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// finish notes why it ends and reports whether it is the first to say so.
func (l *life) finish(why string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.over, l.why = true, plain(why)
	close(l.end)
	return true
}

// put notes a question. It reports how many have no answer, 0: it ends.
func (l *life) put(seq uint64) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return 0
	}
	l.asked = append(l.asked, seq)
	return len(l.asked)
}

// take reports whether the question waits for an answer, which it has now.
func (l *life) take(seq uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.asked, seq)
	if i < 0 || l.over {
		return false
	}
	l.asked = slices.Delete(l.asked, i, i+1)
	return true
}
