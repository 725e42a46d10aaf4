package plot

import "strings"

// colors is how many series colours there are. They are told apart by the
// colour-blind, too (after Okabe and Ito).
const colors = 6

// Style is the style sheet of drawings, and the variables of colour that a page
// may use as well.
const Style = `:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --soft: #5b6675; --rule: #dfe4ea; --shade: #f5f7f9;
  --c0: #0a6aa8; --c1: #c85200; --c2: #00805c; --c3: #9a4f96; --c4: #806600; --c5: #68727f;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181d; --ink: #e6eaf0; --soft: #9aa5b3; --rule: #2c343e; --shade: #1b2027;
  --c0: #58b4ee; --c1: #f2924c; --c2: #3cc79a; --c3: #d79bd0; --c4: #d6b44a; --c5: #98a3b0;
} }
svg.plot { font: 12px/1.3 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
svg.plot text { fill: var(--ink); }
svg.plot .title { font-size: 14px; font-weight: 600; }
svg.plot .soft { fill: var(--soft); }
svg.plot .rule { stroke: var(--rule); stroke-width: 1; }
svg.plot .axis { stroke: var(--soft); stroke-width: 1; }
svg.plot .mark { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 5 4; fill: none; }
svg.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg.plot .dashed { stroke-dasharray: 6 4; }
svg.plot .band { stroke: none; opacity: .14; }
svg.plot .dot { stroke: var(--paper); stroke-width: 1.5; }
svg.plot .end { font-weight: 600; }
` + series

const series = `
svg.plot .s0 { stroke: var(--c0); } svg.plot .f0 { fill: var(--c0); }
svg.plot .s1 { stroke: var(--c1); } svg.plot .f1 { fill: var(--c1); }
svg.plot .s2 { stroke: var(--c2); } svg.plot .f2 { fill: var(--c2); }
svg.plot .s3 { stroke: var(--c3); } svg.plot .f3 { fill: var(--c3); }
svg.plot .s4 { stroke: var(--c4); } svg.plot .f4 { fill: var(--c4); }
svg.plot .s5 { stroke: var(--c5); } svg.plot .f5 { fill: var(--c5); }
`

// Drawing is a finished SVG element. It is safe to put into a page.
type Drawing string

// Standalone makes it a file of its own, with the style sheet and a background.
func Standalone(d Drawing) string {
	head, body, _ := strings.Cut(string(d), ">")
	head = strings.Replace(head, "<svg", `<svg xmlns="http://www.w3.org/2000/svg"`, 1)
	return head + ">\n<style>" + Style + "</style>\n" + `<rect width="100%" height="100%" style="fill: var(--paper)"/>` + body + "\n"
}
