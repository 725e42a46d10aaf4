package limits

import (
	"container/heap"
	"math"
)

// Contact is a caller or a chat, as it comes.
type Contact struct {
	Arrival  float64 // seconds since the start; contacts are in this order
	Service  float64 // seconds of an agent, or of a slot, wrap-up included
	Patience float64 // seconds until he gives up waiting; 0: never
	Warmup   bool    // it takes part, and is not counted
}

// Relaxed is a queue of the relaxed center after the contacts.
type Relaxed struct {
	Counted, Abandoned int
	Wait               float64 // mean seconds in the queue, of those who gave up, too
	Level              float64 // [Level].Fair
}

// Relax serves the contacts of one medium, first come first served, by so many
// agents (or slots) who can take each of them and do nothing else. On average
// no policy has less waiting for these contacts, as long as service and patience
// do not depend on the agent, and patience is exponential: agents are never idle
// while someone waits, and which one is served then does not change how many do.
// target is that of the service level, in seconds.
func Relax(contacts []Contact, agents int, target float64) Relaxed {
	var r Relaxed
	in, early := 0, 0
	busy := &times{}
	for range agents {
		*busy = append(*busy, math.Inf(-1))
	}
	total := 0.0
	for _, c := range contacts {
		wait := math.Inf(1)
		if agents > 0 {
			wait = max((*busy)[0]-c.Arrival, 0)
		}
		gone := c.Patience > 0 && wait > c.Patience
		if gone {
			wait = c.Patience
		} else if agents > 0 {
			(*busy)[0] = c.Arrival + wait + c.Service
			heap.Fix(busy, 0)
		}
		if c.Warmup {
			continue
		}
		r.Counted++
		switch {
		case gone:
			r.Abandoned++
			if wait <= target {
				early++
			}
		case wait <= target:
			in++
		}
		total += wait
	}
	if r.Counted > 0 {
		r.Wait, r.Level = total/float64(r.Counted), share(float64(in), float64(r.Counted-early))
	}
	return r
}

// times are when each agent is free, the first of them on top.
type times []float64

func (t times) Len() int           { return len(t) }
func (t times) Less(i, j int) bool { return t[i] < t[j] }
func (t times) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *times) Push(x any)        { *t = append(*t, x.(float64)) }
func (t *times) Pop() any          { panic("never") }
