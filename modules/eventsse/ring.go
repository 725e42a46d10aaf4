package eventsse

import (
	"sort"
	"sync"
)

// item is one event as it is sent.
type item struct {
	seq  uint64
	name string
	data []byte // JSON
}

// ring keeps the newest events. Sequence numbers may have gaps where events
// were lost before they came here.
type ring struct {
	mu    sync.Mutex
	items []item // by seq
	size  int    // bytes of data
	base  uint64 // the first sequence number of this process
	next  uint64
	wake  chan struct{} // closed by the next push

	maxItems, maxBytes int
}

func newRing(base uint64, maxItems, maxBytes int) *ring {
	return &ring{base: base, next: base, wake: make(chan struct{}), maxItems: maxItems, maxBytes: maxBytes}
}

// push appends an event, after lost ones that never came here.
func (r *ring) push(name string, data []byte, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next += lost
	r.items = append(r.items, item{r.next, name, data})
	r.next++
	r.size += len(data)
	for len(r.items) > r.maxItems || r.size > r.maxBytes {
		r.size -= len(r.items[0].data)
		r.items[0] = item{}
		r.items = r.items[1:]
	}
	close(r.wake)
	r.wake = make(chan struct{})
}

// end is the position after the newest event.
func (r *ring) end() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// after is the position of a client whose last event was id. restarted is set
// when that was not in this process: then nobody knows what it missed before,
// and it gets all there is.
func (r *ring) after(id uint64) (pos uint64, restarted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id+1 < r.base || id >= r.next {
		return r.base, true
	}
	return id + 1, false
}

// read returns at most n events from pos on, the position after them, how
// many events before them are gone, and what is closed when there are more.
func (r *ring) read(pos uint64, n int) (items []item, next, lost uint64, wake <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := sort.Search(len(r.items), func(i int) bool { return r.items[i].seq >= pos })
	for ; i < len(r.items) && len(items) < n; i++ {
		it := r.items[i]
		if it.seq > pos {
			if len(items) > 0 {
				break // the gap is told first
			}
			lost = it.seq - pos
		}
		items, pos = append(items, it), it.seq+1
	}
	return items, pos, lost, r.wake
}
