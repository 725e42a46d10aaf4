package limits

import (
	"math"
	"slices"
)

// Capacity is the load, as a multiple of the center's, up to which every
// contact can be served by someone with its skill when no time is lost.
//
// It is a linear program: groups give shares of their time to classes, one
// share to a call or up to Slots chats. Doing nothing is a solution to start
// from, so that a simplex of a page is enough and no solver is needed.
func (c Center) Capacity() float64 {
	type pair struct{ group, class int }
	var pairs []pair
	for i, g := range c.Groups {
		for k, class := range c.Classes {
			if slices.Contains(g.Skills, class.Skill) && (class.Chat && g.Slots > 0 || !class.Chat && g.Phone) {
				pairs = append(pairs, pair{i, k})
			}
		}
	}
	// Variables: the scale, then agents of each pair. Rows: the classes, whose
	// work may not exceed what they are given, then the groups.
	var rows [][]float64
	var right []float64
	busy := false
	for k, class := range c.Classes {
		row := make([]float64, 1+len(pairs))
		row[0] = class.Arrivals * class.Service
		busy = busy || row[0] > 0
		for n, p := range pairs {
			switch {
			case p.class != k:
			case class.Chat:
				row[1+n] = -float64(c.Groups[p.group].Slots)
			default:
				row[1+n] = -1
			}
		}
		rows, right = append(rows, row), append(right, 0)
	}
	for i, g := range c.Groups {
		row := make([]float64, 1+len(pairs))
		for n, p := range pairs {
			if p.group == i {
				row[1+n] = 1
			}
		}
		rows, right = append(rows, row), append(right, float64(g.Agents))
	}
	if !busy {
		return math.Inf(1)
	}
	return first(rows, right)
}

// first is the largest first variable with rows·x <= right, x >= 0, where no
// right side is negative: the simplex method in a tableau, with Bland's rule,
// which cannot cycle. The solution must be bounded.
func first(rows [][]float64, right []float64) float64 {
	const tiny = 1e-9
	m, n := len(rows), len(rows[0])
	table := make([][]float64, m+1)
	basis := make([]int, m)
	for i := range m {
		table[i] = make([]float64, n+m+1)
		copy(table[i], rows[i])
		table[i][n+i] = 1
		table[i][n+m] = right[i]
		basis[i] = n + i
	}
	table[m] = make([]float64, n+m+1)
	table[m][0] = -1
	for {
		in := slices.IndexFunc(table[m][:n+m], func(x float64) bool { return x < -tiny })
		if in < 0 {
			return table[m][n+m]
		}
		out := -1
		for i := range m {
			if table[i][in] < tiny {
				continue
			}
			if out < 0 {
				out = i
				continue
			}
			a, b := table[i][n+m]/table[i][in], table[out][n+m]/table[out][in]
			if a < b-tiny || a < b+tiny && basis[i] < basis[out] {
				out = i
			}
		}
		if out < 0 {
			return math.Inf(1)
		}
		pivot(table, out, in)
		basis[out] = in
	}
}

func pivot(table [][]float64, out, in int) {
	p := table[out][in]
	for j := range table[out] {
		table[out][j] /= p
	}
	for i := range table {
		if f := table[i][in]; i != out && f != 0 {
			for j := range table[i] {
				table[i][j] -= f * table[out][j]
			}
		}
	}
}
