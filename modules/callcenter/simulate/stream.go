package simulate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// contact is a contact as it will come, whatever the policy.
type contact struct {
	at       time.Duration
	class    int
	flow     int // index of flows: its skill and site
	talk     time.Duration
	patience time.Duration // 0: for ever
	luck     uint64        // decides about the offers
}

// flow is what contacts of one class, skill and site have in common.
type flow struct {
	class       int
	skill, site string
}

// flows are all that a scenario needs, and where each is.
func (s *Scenario) flows() (list []flow, index map[flow]int) {
	index = map[flow]int{}
	add := func(f flow) {
		if _, ok := index[f]; !ok {
			index[f] = len(list)
			list = append(list, f)
		}
	}
	for i, c := range s.Classes {
		for _, skill := range c.Skills {
			for _, site := range c.places() {
				add(flow{i, skill.Value, site.Value})
			}
		}
	}
	for _, a := range s.Trace {
		add(flow{a.Class, a.Skill, ""})
	}
	return list, index
}

func (c *Class) places() []Share {
	if len(c.Sites) == 0 {
		return []Share{{"", 1}}
	}
	return c.Sites
}

// stream draws the contacts of a run: those of one seed are the same for all
// policies. Each class has random numbers of its own.
func (s *Scenario) stream(seed uint64, warmup, until time.Duration) []contact {
	_, index := s.flows()
	if s.Trace != nil {
		return s.replay(seed, index)
	}
	var list []contact
	for i := range s.Classes {
		c := &s.Classes[i]
		rnd := rand.New(rand.NewPCG(seed, uint64(i)+1))
		peak := c.Rate * s.Load * s.peak()
		if !(peak > 0) {
			continue
		}
		for at := 0.0; ; {
			at += rnd.ExpFloat64() / peak * float64(time.Second)
			if at >= float64(until) {
				break
			}
			when := time.Duration(at)
			keep := rnd.Float64() * s.peak()
			f := flow{i, pick(c.Skills, rnd), pick(c.places(), rnd)}
			n := contact{when, i, index[f], c.Talk.draw(rnd), c.Patience.draw(rnd), rnd.Uint64()}
			if keep < s.rate(when-warmup) {
				list = append(list, n)
			}
		}
	}
	return inOrder(list)
}

func inOrder(list []contact) []contact {
	slices.SortStableFunc(list, func(a, b contact) int { return cmp.Compare(a.at, b.at) })
	return list
}

// replay draws the contacts of a trace. A load other than 1 leaves some out, or
// lets some come again within minutes.
func (s *Scenario) replay(seed uint64, index map[flow]int) (list []contact) {
	for i, a := range s.Trace {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)+1))
		f := index[flow{a.Class, a.Skill, ""}]
		for k := s.Load; k > 0; k-- {
			if k < 1 && rnd.Float64() >= k {
				break
			}
			c := s.recorded(a, f, rnd)
			if k != s.Load {
				c.at += time.Duration(rnd.Float64() * float64(again))
			}
			list = append(list, c)
		}
	}
	return inOrder(list)
}

// again is how long after a recorded contact another one like it comes at most.
const again = 10 * time.Minute

// recorded is a contact of a trace. What the trace does not know is drawn.
func (s *Scenario) recorded(a Arrival, flow int, rnd *rand.Rand) contact {
	class := &s.Classes[a.Class]
	c := contact{a.At, a.Class, flow, class.Talk.draw(rnd), class.Patience.draw(rnd), rnd.Uint64()}
	if a.Talk > 0 {
		c.talk = a.Talk
	}
	switch {
	case a.GaveUp:
		c.patience = max(a.Waited, 1)
	case c.patience > 0: // an exponential patience does not remember
		c.patience += a.Waited
	}
	return c
}

// rate is by how much the traffic is multiplied at a time, which counts from
// the end of the warm-up.
func (s *Scenario) rate(at time.Duration) float64 {
	r := 1.0
	if w := s.Wave; w.Period > 0 {
		r += w.Amplitude * math.Sin(2*math.Pi*at.Seconds()/w.Period.Seconds())
	}
	if b := s.Burst; b.For > 0 && within(at, b.First, b.For, b.Every) {
		r *= b.Factor
	}
	return r
}

// peak is a bound of rate.
func (s *Scenario) peak() float64 {
	r := 1.0
	if s.Wave.Period > 0 {
		r += math.Abs(s.Wave.Amplitude)
	}
	if s.Burst.For > 0 {
		r *= max(s.Burst.Factor, 1)
	}
	return r
}

func within(at, first, length, every time.Duration) bool {
	at -= first
	if at < 0 {
		return false
	}
	if every > 0 {
		at %= every
	}
	return at < length
}

func pick(list []Share, rnd *rand.Rand) string {
	u := rnd.Float64()
	for _, s := range list {
		if u -= s.P; u < 0 {
			return s.Value
		}
	}
	return list[len(list)-1].Value
}

// offer is how the n-th agent who is offered a contact takes it.
func (c *contact) offer(class *Class, n int) (ring time.Duration, refused bool) {
	if class.Reject == 0 && class.Ring.Mean == 0 {
		return 0, false
	}
	rnd := rand.New(rand.NewPCG(c.luck, uint64(n)))
	return class.Ring.draw(rnd), rnd.Float64() < class.Reject
}
