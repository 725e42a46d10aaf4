package limits

import "math"

// Level is the service level in the four ways it is argued about. With A the
// contacts answered, B those who gave up, T the target:
type Level struct {
	Answered float64 // A within T of A
	Offered  float64 // A within T of A and B
	Fair     float64 // A within T of A and B, without B within T: callers who hung up at once
	Kind     float64 // A and B within T of A and B: an early hang-up counts as success
}

// Level is the service level for a target of t seconds.
func (l Line) Level(t float64) Level {
	in, gone, abandoned := l.within(t)
	return Level{Answered: share(in, 1-abandoned), Offered: in, Fair: share(in, 1-gone), Kind: in + gone}
}

func share(part, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return part / whole
}

// within are the shares of all contacts that are answered within t, that give
// up within t, and that give up at all.
func (l Line) within(t float64) (answered, gone, abandoned float64) {
	if l.Patience <= 0 {
		spare := float64(l.Agents) - l.Load()
		if spare <= 0 {
			return 0, 0, 0
		}
		return 1 - ErlangC(l.Agents, l.Load())*math.Exp(-spare/l.Service*t), 0, 0
	}
	p := l.states()
	free := min(l.Agents, len(p))
	answered = sum(p[:free])
	waits := p[free:]
	got, left := l.passage(len(waits), t)
	for ahead, pn := range waits {
		answered += pn * got[ahead]
		gone += pn * left[ahead]
	}
	return answered, gone, l.Solve().Abandoned
}

// passage follows a caller with so many ahead, for t seconds: got is the
// probability that he is answered, left that he has given up. He advances at
// the rate at which agents become free and callers ahead give up:
//
//	got'(j)  = (c/S + j/P)·(got(j-1) - got(j))  - got(j)/P        got(-1) = 1
//	left'(j) = (c/S + j/P)·(left(j-1) - left(j)) + (1 - left(j))/P  left(-1) = 0
//
// solved by uniformisation, which adds only positive terms.
func (l Line) passage(n int, t float64) (got, left []float64) {
	got, left = make([]float64, n), make([]float64, n)
	if n == 0 {
		return got, left
	}
	theta := 1 / l.Patience
	rate := func(ahead int) float64 { return float64(l.Agents)/l.Service + float64(ahead)*theta }
	all := rate(n-1) + theta
	// a, b: the probabilities after k steps of the uniformised chain
	a, b := make([]float64, n), make([]float64, n)
	for k, w := range poisson(all * t) {
		if k > 0 {
			for j := n - 1; j >= 0; j-- {
				r := rate(j)
				stay := all - r - theta
				ga, gb := 1.0, 0.0
				if j > 0 {
					ga, gb = a[j-1], b[j-1]
				}
				a[j] = (r*ga + stay*a[j]) / all
				b[j] = (r*gb + theta + stay*b[j]) / all
			}
		}
		for j := range n {
			got[j] += w * a[j]
			left[j] += w * b[j]
		}
	}
	return got, left
}

// poisson are the weights of 0, 1, 2… events where so many are expected.
func poisson(mean float64) []float64 {
	n := int(mean+10*math.Sqrt(mean)) + 30
	w := make([]float64, n)
	for k := range w {
		g, _ := math.Lgamma(float64(k) + 1)
		w[k] = math.Exp(float64(k)*math.Log(max(mean, 1e-300)) - mean - g)
	}
	return w
}
