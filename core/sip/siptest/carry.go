package siptest

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sipd/sipd/core/sip"
)

// message is one message on the wire: req or res was read from raw.
type message struct {
	raw      []byte
	req      *sip.Request
	res      *sip.Response
	from, to netip.AddrPort
	reliable bool
	fail     func(error)
}

// arrival is a message that will be delivered; the earlier sent goes first
// when two are due together.
type arrival struct {
	due time.Time
	n   int
	m   *message
}

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	if !a[i].due.Equal(a[j].due) {
		return a[i].due.Before(a[j].due)
	}
	return a[i].n < a[j].n
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}

// send puts a message on its way. It never calls an endpoint.
func (n *Network) send(m *message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.sent++
	p := Packet{N: n.sent, From: n.nameOf(m.from), To: n.nameOf(m.to), Request: m.req, Response: m.res, Reliable: m.reliable}
	var fate Fate
	if n.Link != nil {
		fate = n.Link(p)
	}
	n.note(p, m, fate)
	delay := fate.Delay
	if delay <= 0 {
		delay = n.Delay
	}
	if delay <= 0 {
		delay = time.Millisecond
	}
	switch {
	case fate.Refuse && m.fail != nil:
		time.AfterFunc(delay, func() { m.fail(errRefused) })
	case fate.Refuse, fate.Drop:
	default:
		for range 1 + fate.Copies {
			heap.Push(&n.queue, arrival{time.Now().Add(delay), p.N, m})
		}
		time.AfterFunc(delay, n.deliver)
	}
}

func (n *Network) nameOf(a netip.AddrPort) string {
	if ep := n.byAddr[a]; ep != nil {
		return ep.name
	}
	return a.String()
}

// deliver hands over everything that is due, in order, in one goroutine.
func (n *Network) deliver() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.delivering {
		return
	}
	n.delivering = true
	for len(n.queue) > 0 && !n.queue[0].due.After(time.Now()) {
		a := heap.Pop(&n.queue).(arrival)
		ep := n.byAddr[a.m.to]
		if ep == nil {
			continue
		}
		n.mu.Unlock()
		ep.receive(a.m)
		n.mu.Lock()
	}
	n.delivering = false
}

// Lossy returns a [Network.Link] that loses, doubles and delays UDP messages
// at random: loss and double are probabilities, jitter is the most that is
// added to a delay of 1 ms, which also reorders. The same seed gives the same
// fate to the same sequence of messages.
func Lossy(seed uint64, loss, double float64, jitter time.Duration) func(Packet) Fate {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(p Packet) Fate {
		f := Fate{Drop: r.Float64() < loss, Delay: time.Millisecond}
		if r.Float64() < double {
			f.Copies = 1
		}
		if jitter > 0 {
			f.Delay += time.Duration(r.Int64N(int64(jitter)))
		}
		if p.Reliable {
			return Fate{}
		}
		return f
	}
}
