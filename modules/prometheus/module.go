package prometheus

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/modules/httpd"
)

// The limits of scraping: a scrape reads every statistic.
const (
	scrapesAtOnce = 4
	scrapeTime    = 10 * time.Second
)

// Module is the module prometheus. It implements [core.Module].
type Module struct {
	root, prefix, token, statistics string
}

var _ core.Module = (*Module)(nil)

// New returns the module with its default parameters.
func New() *Module { return &Module{root: "metrics", prefix: "sipd", statistics: "all"} }

// Exports implements [core.Module].
func (m *Module) Exports() core.Exports {
	return core.Exports{
		Name:  "prometheus",
		Needs: []string{"httpd"},
		Params: []core.Param{
			core.String("root", &m.root, "path of the metrics, without the slash before it"),
			core.String("prefix", &m.prefix, "what the names of metrics begin with"),
			core.String("statistics", &m.statistics, "which statistics are shown: group:name, group:, names or all, separated by spaces"),
			core.String("token", &m.token, "what clients must send as \"Authorization: Bearer TOKEN\"; empty: nothing"),
		},
	}
}

var validPrefix = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// Init implements [core.Module]: it mounts the metrics.
func (m *Module) Init(host core.Host) error {
	if !validPrefix.MatchString(m.prefix) {
		return fmt.Errorf("prefix %q: want letters, digits and _, a letter first", m.prefix)
	}
	names := strings.Fields(m.statistics)
	if len(names) == 0 {
		names = []string{"all"}
	}
	registry := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		&collector{stats: host.Stats(), prefix: m.prefix, names: names},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := registry.Register(c); err != nil {
			return err
		}
	}
	service := httpd.Service{Module: "prometheus", Param: "root", Path: m.root, Want: "metrics", Token: m.token, Method: "GET"}
	return service.Mount(host, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(host.Log().Handler(), slog.LevelWarn),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: scrapesAtOnce,
		Timeout:             scrapeTime,
	}))
}
