// Package plot draws the figures of simulations as SVG: lines over time
// ([Chart]), points with intervals ([Dots]) and sorted bars ([Bars]).
//
// A drawing takes its colours from the style sheet [Style], in a page or, with
// [Standalone], in the file itself; both have a light and a dark face. Every
// text is escaped. The same figures give the same bytes.
package plot
