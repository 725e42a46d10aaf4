// Package report draws what a simulation has found as one page that needs
// nothing else: for the supervisor who has to choose a policy, or to say how
// many agents are needed. Figures first, tables at the end.
package report

import (
	"embed"
	"html/template"
	"io"

	"github.com/sipd/sipd/modules/callcenter/simulate"
	"github.com/sipd/sipd/modules/callcenter/simulate/plot"
)

//go:embed page.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// Write writes the page of a report.
func Write(w io.Writer, r *simulate.Report) error {
	b := book{r}
	return page.Execute(w, struct {
		Style    template.CSS
		Title    string
		About    []string
		Findings []string
		Tiles    table
		Chapters []chapter
		Tables   []table
		Warning  string
	}{plot.Style, b.title(), b.about(), b.findings(), b.tiles(), b.chapters(), b.tables(), b.warning()})
}

// book is a report being written.
type book struct{ *simulate.Report }

// chapter is a question and the figures that answer it.
type chapter struct {
	Title, Text string
	Figures     []template.HTML
}

func (c *chapter) draw(d plot.Drawing) { c.Figures = append(c.Figures, template.HTML(d)) } //nolint:gosec // plot escapes
