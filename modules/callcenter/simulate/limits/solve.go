package limits

import "math"

// Optimum is the best that can be done in a [Tiny].
type Optimum struct {
	Waits
	// Low and High enclose the cost; they are as close as was asked for.
	Low, High float64
	Sweeps    int // it took

	t      Tiny
	f      *floor
	chosen [][]int8 // by desk and queues: index of the move in f.moves, -1: wait
}

// Solve computes the optimum by relative value iteration, to a relative
// precision such as 1e-4. progress, unless nil, is called now and then with the
// part that is done, as far as that is known. A center as large as that of
// [Scenario], 75,000 states, takes some seconds.
func (t Tiny) Solve(precision float64, progress func(part float64)) (*Optimum, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	s := newSolver(t)
	return s.solve(precision, progress), nil
}

// Evaluate computes what a policy comes to that sees the state and nothing
// else. A move that cannot be made is none. The policy is asked again until it
// waits.
func (t Tiny) Evaluate(policy func(State) Move, precision float64) (Waits, error) {
	if err := t.Check(); err != nil {
		return Waits{}, err
	}
	s := newSolver(t)
	chosen := s.follow(policy)
	cost, _, _ := s.iterate(t.CallCost, t.ChatCost, chosen, precision, nil)
	s.reset()
	calls, _, _ := s.iterate(1, 0, chosen, precision, nil)
	return t.waits(cost.mid(), calls.mid()), nil
}

// Frontier are the best waits for chat costs from one to the other: nobody can
// make calls wait less without making chats wait more.
func (t Tiny) Frontier(from, to float64, points int, progress func(part float64)) ([]Waits, error) {
	t.ChatCost = from
	if err := t.Check(); err != nil {
		return nil, err
	}
	s := newSolver(t)
	var list []Waits
	for i := range points {
		s.t.ChatCost = from * math.Pow(to/from, float64(i)/float64(max(points-1, 1)))
		list = append(list, s.solve(1e-3, nil).Waits)
		if progress != nil {
			progress(float64(i+1) / float64(points))
		}
	}
	return list, nil
}

// Next is the move of the best policy.
func (o *Optimum) Next(s State) Move {
	d := desk{callers: s.Callers, chatters: s.Chatters}
	d.mixed[0] = s.InCall
	copy(d.mixed[1:], s.Chatting[:])
	i, ok := o.f.index[d]
	if !ok {
		return Move{}
	}
	side := o.t.Room + 1
	n := o.chosen[i][min(s.Calls, o.t.Room)*side+min(s.Chats, o.t.Room)]
	if n < 0 {
		return Move{}
	}
	return o.f.moves[i][n].move
}

// solver holds the two vectors of values. They are kept between problems that
// are alike, which start nearer to the end then.
type solver struct {
	t         Tiny
	f         *floor
	side      int     // queue lengths: Room + 1
	rate      float64 // of the uniformised chain
	old, new  [][]float64
	calls     [][]float64 // values for the cost of waiting calls alone
	cost, out []float64   // by queues: cost, and rate of what happens to them
}

func newSolver(t Tiny) *solver {
	s := &solver{t: t, f: t.floor(), side: t.Room + 1}
	n := s.side * s.side
	s.cost, s.out = make([]float64, n), make([]float64, n)
	for a := range s.side {
		for b := range s.side {
			q := a*s.side + b
			s.out[q] = float64(a)/t.CallPatience + float64(b)/t.ChatPatience
			if a < t.Room {
				s.out[q] += t.Calls
			}
			if b < t.Room {
				s.out[q] += t.Chats
			}
			s.rate = max(s.rate, s.out[q])
		}
	}
	s.rate += float64(t.Callers+t.Mixed)/t.Talk + float64((t.Chatters+t.Mixed)*t.Slots)/t.Chat
	s.old, s.new, s.calls = s.vectors(), s.vectors(), s.vectors()
	return s
}

func (s *solver) vectors() [][]float64 {
	v := make([][]float64, len(s.f.desks))
	for i := range v {
		v[i] = make([]float64, s.side*s.side)
	}
	return v
}

func (s *solver) reset() { s.old = s.vectors() }

func (s *solver) solve(precision float64, progress func(float64)) *Optimum {
	cost, sweeps, _ := s.iterate(s.t.CallCost, s.t.ChatCost, nil, precision, progress)
	o := &Optimum{Low: cost.low, High: cost.high, Sweeps: sweeps, t: s.t, f: s.f, chosen: s.choose()}
	s.old, s.calls = s.calls, s.old
	calls, more, _ := s.iterate(1, 0, o.chosen, precision, nil)
	s.old, s.calls = s.calls, s.old
	o.Sweeps += more
	o.Waits = s.t.waits(cost.mid(), calls.mid())
	return o
}

type bounds struct{ low, high float64 }

func (b bounds) mid() float64 { return (b.low + b.high) / 2 }

// iterate sweeps until the cost per second is known. chosen nil: the best move
// in each state, else the one it says.
func (s *solver) iterate(call, chat float64, chosen [][]int8, precision float64, progress func(float64)) (b bounds, sweeps int, ok bool) {
	for q := range s.cost {
		s.cost[q] = call*float64(q/s.side) + chat*float64(q%s.side)
	}
	first := 0.0
	for sweeps = 1; sweeps < 200_000; sweeps++ {
		for d := range s.f.desks {
			s.expect(d)
			if chosen == nil {
				s.best(d)
			} else {
				s.obey(d, chosen[d])
			}
		}
		if sweeps%10 == 0 {
			b = s.bounds()
			span := (b.high - b.low) / max(b.mid(), 1e-4) // a queue that is never there need not be known better
			if span < precision {
				return b, sweeps, true
			}
			if first == 0 {
				first = span
			}
			if progress != nil && sweeps%100 == 0 && first > precision {
				progress(max(0, math.Log(first/span)/math.Log(first/precision)))
			}
			s.settle()
		}
		s.old, s.new = s.new, s.old
	}
	return b, sweeps, false
}

// bounds of the cost: no state's value has grown by less, or by more.
//
//go:norace
func (s *solver) bounds() bounds {
	b := bounds{math.Inf(1), math.Inf(-1)}
	for d := range s.new {
		for q, v := range s.new[d] {
			grown := v - s.old[d][q]
			b.low, b.high = min(b.low, grown), max(b.high, grown)
		}
	}
	return bounds{b.low * s.rate, b.high * s.rate}
}

// settle makes the values relative to one of them, lest they grow for ever.
//
//go:norace
func (s *solver) settle() {
	ref := s.new[0][0]
	for d := range s.new {
		for q := range s.new[d] {
			s.new[d][q] -= ref
		}
	}
}
