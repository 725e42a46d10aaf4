package simulate

import "time"

// what is to happen at an instant.
type what uint8

const (
	arrives   what = iota // the contact comes
	givesUp               // the contact's patience is over
	picksUp               // the phone of the agent is answered
	refuses               // or not
	ends                  // the talk is over
	cutOff                // the outage begins
	backAgain             // the outage is over
)

// entry is something on the agenda.
type entry struct {
	at      time.Duration
	turn    int // orders what happens at the same instant
	what    what
	contact int
	attempt int
}

func (e entry) before(f entry) bool {
	if e.at != f.at {
		return e.at < f.at
	}
	return e.turn < f.turn
}

// agenda is a heap of entries, the next one first.
type agenda struct {
	heap  []entry
	turns int
}

func (a *agenda) add(e entry) {
	a.turns++
	e.turn = a.turns
	a.heap = append(a.heap, e)
	for i := len(a.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.heap[i].before(a.heap[up]) {
			return
		}
		a.heap[i], a.heap[up] = a.heap[up], a.heap[i]
		i = up
	}
}

// next takes the first entry off. There must be one.
func (a *agenda) next() entry {
	first, last := a.heap[0], len(a.heap)-1
	a.heap[0] = a.heap[last]
	a.heap = a.heap[:last]
	for i := 0; ; {
		low := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if a.heap[child].before(a.heap[low]) {
				low = child
			}
		}
		if low == i {
			return first
		}
		a.heap[i], a.heap[low] = a.heap[low], a.heap[i]
		i = low
	}
}
