package simulate

import (
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
	var list []contact
	if s.Trace != nil {
		for i, a := range s.Trace {
			list = append(list, contact{a.At, a.Class, index[flow{a.Class, a.Skill, ""}], a.Talk, a.Patience, mix(seed, uint64(i))})
		}
		return list
	}
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
	slices.SortStableFunc(list, func(a, b contact) int { return int(a.at - b.at) })
	return list
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

// mix makes one number of two that looks like chance (splitmix64).
func mix(a, b uint64) uint64 {
	z := a + (b+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
