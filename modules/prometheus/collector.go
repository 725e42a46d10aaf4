package prometheus

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sipd/sipd/core/stat"
)

// collector reads the statistics at each scrape. It implements
// [prometheus.Collector].
type collector struct {
	stats  *stat.Registry
	prefix string
	names  []string // as get_statistics takes them
}

// Describe implements [prometheus.Collector]. It tells nothing: flows and
// agents come and go.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(out chan<- prometheus.Metric) {
	values, _ := c.stats.Find(c.names)
	kinds := map[string]string{} // by metric: what all its members must share
	seen := map[string]bool{}
	for _, v := range values {
		m := translate(v)
		name := c.prefix + "_" + m.name
		id := strings.ToValidUTF8(v.ID, "\uFFFD")
		// Names that differ only in what a metric's name cannot hold would make
		// the whole scrape fail: the first one is shown.
		shape := v.Label + "/" + kindName(v.Kind)
		if was, ok := kinds[name]; ok && was != shape || seen[name+"/"+id] {
			continue
		}
		kinds[name], seen[name+"/"+id] = shape, true
		var labels, ids []string
		if v.Label != "" {
			labels, ids = []string{v.Label}, []string{id}
		}
		if help := kinds["# "+name]; help == "" { // of a metric all help texts must be one
			kinds["# "+name] = c.help(v)
		}
		desc := prometheus.NewDesc(name, kinds["# "+name], labels, nil)
		if metric, err := prometheus.NewConstMetric(desc, valueType(v.Kind), float64(max(v.Value, 0))*m.scale(), ids...); err == nil {
			out <- metric
		}
	}
}

// help is what the statistic means and what get_statistics calls it.
func (c *collector) help(v stat.Value) string {
	name, doc := v.Name, c.stats.Doc(v)
	if v.Family != "" {
		name = v.Family + "-" + strings.ToUpper(v.Label)
	}
	if doc == "" {
		doc = "statistic"
	}
	return strings.ToValidUTF8(doc+" ("+v.Group+":"+name+")", "\uFFFD")
}

func valueType(k stat.Kind) prometheus.ValueType {
	if k == stat.Counter {
		return prometheus.CounterValue
	}
	return prometheus.GaugeValue
}

func kindName(k stat.Kind) string {
	if k == stat.Counter {
		return "counter"
	}
	return "gauge"
}
