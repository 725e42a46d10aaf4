package prometheus

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/docstest"
	"github.com/sipd/sipd/core/stat"
	"github.com/sipd/sipd/modules/callcenter"
	"github.com/sipd/sipd/modules/httpd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHost is a server with httpd and some statistics.
type fakeHost struct {
	core.Host
	t     *testing.T
	http  *httpd.Module
	stats stat.Registry
}

func (h *fakeHost) Log() *slog.Logger         { return slog.New(slog.DiscardHandler) }
func (h *fakeHost) Stats() *stat.Registry     { return &h.stats }
func (h *fakeHost) Module(string) core.Module { return h.http }
func (h *fakeHost) Fatal(err error)           { h.t.Errorf("fatal: %v", err) }

// start runs the module and returns the host and the address of the server.
func start(t *testing.T, params map[string]any) (h *fakeHost, base string) {
	t.Helper()
	m := New()
	h = &fakeHost{t: t, http: httpd.New()}
	for _, p := range append(h.http.Exports().Params, m.Exports().Params...) {
		v, ok := params[p.Name]
		if p.Name == "port" {
			v, ok = 0, true
		}
		if ok {
			if err := p.Set(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(h.http.Init(h), m.Init(h), h.http.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := h.http.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h, "http://" + h.http.Addr().String()
}

func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// center are statistics as call_center lists them; the ids are awkward.
func center() []stat.Value {
	const g = "call_center"
	evil := "a\"b\\c\nd-\xff"
	return []stat.Value{
		{Group: g, Name: "ccg_incalls", Kind: stat.Counter, Value: 9},
		{Group: g, Name: "ccf_incalls-tech-support", Family: "ccf_incalls", Label: "flow", ID: "tech-support", Kind: stat.Counter, Value: 7},
		{Group: g, Name: "ccf_incalls-" + evil, Family: "ccf_incalls", Label: "flow", ID: evil, Kind: stat.Counter, Value: 2},
		{Group: g, Name: "ccf_onhold_calls-tech-support", Family: "ccf_onhold_calls", Label: "flow", ID: "tech-support", Kind: stat.Gauge, Value: 3},
		{Group: g, Name: "ccf_load-tech-support", Family: "ccf_load", Label: "flow", ID: "tech-support", Kind: stat.Gauge, Value: 150},
		{Group: g, Name: "ccf_new_thing-tech-support", Family: "ccf_new_thing", Label: "flow", ID: "tech-support", Kind: stat.Gauge, Value: 5},
		{Group: g, Name: "cca_answ_incalls-alice", Family: "cca_answ_incalls", Label: "agent", ID: "alice", Kind: stat.Counter, Value: 4},
	}
}

func TestMetrics(t *testing.T) {
	h, base := start(t, nil)
	h.stats.Describe("call_center", callcenter.New().Exports().Stats)
	h.stats.Collect("call_center", center)
	for _, name := range []string{"rcv.requests", "rcv-requests"} { // one name in Prometheus
		if _, err := h.stats.New("core", name, stat.Counter); err != nil {
			t.Fatal(err)
		}
	}
	status, text := get(t, base+"/metrics", "Accept", "text/plain")
	if status != 200 {
		t.Fatalf("status %d: %s", status, text)
	}
	for _, want := range []string{
		"# HELP sipd_callcenter_calls_total calls of the flow (call_center:ccf_incalls-FLOW)\n# TYPE sipd_callcenter_calls_total counter\n",
		`sipd_callcenter_calls_total{flow="tech-support"} 7` + "\n",
		`sipd_callcenter_calls_total{flow="a\"b\\c\nd-` + "\uFFFD" + `"} 2` + "\n",
		"sipd_callcenter_all_calls_total 9\n",
		"# TYPE sipd_callcenter_waiting_calls gauge\n" + `sipd_callcenter_waiting_calls{flow="tech-support"} 3` + "\n",
		`sipd_callcenter_load_ratio{flow="tech-support"} 1.5` + "\n",
		`sipd_call_center_ccf_new_thing{flow="tech-support"} 5` + "\n",
		`sipd_callcenter_agent_calls_total{agent="alice"} 4` + "\n",
		"sipd_core_rcv_requests_total 0\n",
		"go_goroutines ", "process_cpu_seconds_total ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestParams(t *testing.T) {
	h, base := start(t, map[string]any{"root": "stats/prom", "prefix": "pbx", "statistics": "ccg_incalls core:", "token": "s3cret"})
	h.stats.Collect("call_center", center)
	if status, text := get(t, base+"/stats/prom"); status != 401 || !strings.Contains(text, "want the token of prometheus") {
		t.Errorf("without the token: %d %s", status, text)
	}
	status, text := get(t, base+"/stats/prom", "Authorization", "Bearer s3cret")
	if status != 200 || !strings.Contains(text, "pbx_callcenter_all_calls_total 9\n") || strings.Contains(text, "flow=") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := get(t, base+"/metrics"); status != 404 {
		t.Errorf("another path: %d", status)
	}
	bad := New()
	bad.prefix = "9-x"
	if err := bad.Init(h); err == nil || !strings.Contains(err.Error(), "want letters, digits and _") {
		t.Errorf("prefix: %v", err)
	}
}

// TestKnown holds that the table names statistics that there are.
func TestKnown(t *testing.T) {
	declared := map[string]bool{}
	for _, d := range callcenter.New().Exports().Stats {
		name := "call_center:" + strings.TrimSuffix(strings.TrimSuffix(d.Name, "-F"), "-A")
		declared[name] = true
		if known[name].name == "" {
			t.Logf("%s has no name of its own in Prometheus", name)
		}
	}
	names := map[string]bool{}
	for stat, m := range known {
		if strings.HasPrefix(stat, "call_center:") && !declared[stat] {
			t.Errorf("%s does not exist", stat)
		}
		if names[m.name] || clean(m.name) != m.name {
			t.Errorf("%s is a bad name", m.name)
		}
		names[m.name] = true
	}
}

func TestDocs(t *testing.T) { docstest.Check(t, ".", New().Exports()) }
