package main

import "strings"

// grid is a table whose columns are as wide as they must be.
type grid struct {
	corner  string
	columns []string
	rows    [][]string
}

func newGrid(corner string) *grid { return &grid{corner: corner} }

func (g *grid) row(name string, cells ...string) {
	g.rows = append(g.rows, append([]string{name}, cells...))
}

// title is a row with a name only.
func (g *grid) title(name string) { g.row(name) }

// String is the table, names to the left and figures to the right.
func (g *grid) String() string {
	all := append([][]string{append([]string{g.corner}, g.columns...)}, g.rows...)
	widths := make([]int, len(g.columns)+1)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], cellWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-cellWidth(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("   " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
