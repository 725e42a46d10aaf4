package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// Law is a family of distributions.
type Law string

// The laws of times.
const (
	Exponential Law = ""
	Lognormal   Law = "lognormal"
	Fixed       Law = "fixed"
)

// Dist is a distribution of times. The zero value is always 0.
type Dist struct {
	Law  Law
	Mean time.Duration
	CV   float64 // of a lognormal one: standard deviation over mean
}

func (d Dist) draw(rnd *rand.Rand) time.Duration {
	if d.Mean == 0 {
		return 0
	}
	return max(time.Duration(d.factor(rnd)*float64(d.Mean)), 1)
}

// factor is a draw with mean 1.
func (d Dist) factor(rnd *rand.Rand) float64 {
	switch d.Law {
	case Fixed:
		return 1
	case Lognormal:
		v := math.Log(1 + d.CV*d.CV)
		return math.Exp(math.Sqrt(v)*rnd.NormFloat64() - v/2)
	}
	return rnd.ExpFloat64()
}
