package limits

// The functions marked norace are all the arithmetic there is: no goroutine
// shares the vectors, and the race detector makes minutes of seconds.

// expect sets the new values of a desk to cost and expectation after one step
// of the uniformised chain without a move.
//
//go:norace
func (s *solver) expect(d int) {
	v, w, side := s.old[d], s.new[d], s.side
	ends := 0.0
	for _, e := range s.f.ends[d] {
		ends += e.rate
	}
	for q := range w {
		w[q] = s.cost[q] + (s.rate-s.out[q]-ends)*v[q]
	}
	for _, e := range s.f.ends[d] {
		from := s.old[e.to]
		for q := range w {
			w[q] += e.rate * from[q]
		}
	}
	for a := range side {
		row, vrow := w[a*side:(a+1)*side], v[a*side:(a+1)*side]
		for b := range side - 1 {
			row[b] += s.t.Chats * vrow[b+1]
		}
		leave := 1 / s.t.ChatPatience
		for b := 1; b < side; b++ {
			row[b] += float64(b) * leave * vrow[b-1]
		}
		if a < side-1 {
			next := v[(a+1)*side : (a+2)*side]
			for b := range row {
				row[b] += s.t.Calls * next[b]
			}
		}
		if a > 0 {
			leave := float64(a) / s.t.CallPatience
			last := v[(a-1)*side : a*side]
			for b := range row {
				row[b] += leave * last[b]
			}
		}
	}
	scale := 1 / s.rate
	for q := range w {
		w[q] *= scale
	}
}

// best lets each state of a desk make a move where that is worth it. The desks
// that moves lead to are done already.
//
//go:norace
func (s *solver) best(d int) {
	w := s.new[d]
	for _, m := range s.f.moves[d] {
		to := s.new[m.to]
		if m.move.forCall() {
			for q := s.side; q < len(w); q++ {
				w[q] = min(w[q], to[q-s.side])
			}
			continue
		}
		for a := range s.side {
			for q := a*s.side + 1; q < (a+1)*s.side; q++ {
				w[q] = min(w[q], to[q-1])
			}
		}
	}
}

// obey makes the moves chosen.
//
//go:norace
func (s *solver) obey(d int, chosen []int8) {
	w := s.new[d]
	for q, n := range chosen {
		if n >= 0 {
			w[q] = s.after(s.f.moves[d][n], q)
		}
	}
}

// after is the new value of the state that a move leads to.
//
//go:norace
func (s *solver) after(m change, q int) float64 {
	if m.move.forCall() {
		return s.new[m.to][q-s.side]
	}
	return s.new[m.to][q-1]
}

// can reports whether somebody waits for a move.
func (s *solver) can(m Move, q int) bool {
	if m.forCall() {
		return q >= s.side
	}
	return q%s.side > 0
}

// choose reads the best moves from the values.
func (s *solver) choose() [][]int8 {
	chosen := make([][]int8, len(s.f.desks))
	for d := range s.f.desks {
		s.expect(d)
		w := s.new[d]
		chosen[d] = make([]int8, len(w))
		for q := range w {
			chosen[d][q] = -1
			for n, m := range s.f.moves[d] {
				if s.can(m.move, q) {
					if v := s.after(m, q); v < w[q] {
						w[q], chosen[d][q] = v, int8(n)
					}
				}
			}
		}
	}
	return chosen
}

// follow asks a policy what it does in each state.
func (s *solver) follow(policy func(State) Move) [][]int8 {
	chosen := make([][]int8, len(s.f.desks))
	for i, d := range s.f.desks {
		chosen[i] = make([]int8, s.side*s.side)
		for q := range chosen[i] {
			st := State{Calls: q / s.side, Chats: q % s.side, Callers: d.callers, Chatters: d.chatters, InCall: d.mixed[0]}
			copy(st.Chatting[:], d.mixed[1:])
			want := policy(st)
			chosen[i][q] = -1
			for n, m := range s.f.moves[i] {
				if m.move == want && s.can(want, q) {
					chosen[i][q] = int8(n)
				}
			}
		}
	}
	return chosen
}
