package callcenter

import (
	"testing"
	"time"

	"github.com/sipd/sipd/core"
)

// TestParamErrors gives each parameter what it does not take.
func TestParamErrors(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"db_url", 1, "want a string, got 1"},
		{"acc_db_url", true, "want a string, got true"},
		{"rt_db_url", 1.5, "want a string, got 1.5"},
		{"spool_dir", 0, "want a string, got 0"},
		{"wrapup_time", "30", `want seconds, got "30"`},
		{"wrapup_time", -1, "want seconds, got -1"},
		{"wrapup_time", 0.5, "want seconds, got 0.5"},
		{"reject_on_no_agents", 2, "want 0 or 1, got 2"},
		{"reject_on_no_agents", "yes", `want 0 or 1, got "yes"`},
		{"queue_pos_param", 5, "want a string, got 5"},
		{"chat_dispatch_policy", "fair", `want one of balancing, full-load, got "fair"`},
		{"chat_dispatch_policy", 1, "want one of balancing, full-load, got 1"},
		{"internal_call_dispatching", "on", `want 0 or 1, got "on"`},
		{"b2b_logic_ctx_param", 1, "want a string, got 1"},
		{"agent_ring_timeout", "soon", `want seconds, got "soon"`},
		{"media_answer_timeout", "4", `want seconds, got "4"`},
		{"bridge_mode", "drop", `want one of keep-old, compat, got "drop"`},
		{"caller_offer", 1, "want a string, got 1"},
		{"cca_skills_column", 1, "want a string, got 1"},
		{"cca_skills_column", "a b", `"a b": want a name of letters, digits, _ and $`},
		{"cc_flows_table", "", `"": want a name of letters, digits, _ and $`},
		{"db_url", "oracle://x", `bad database URL: scheme "oracle": want mysql or sqlite`},
		{"agent_ring_timeout", 0, "want seconds from 1 to 86400, got 0"},
		{"media_answer_timeout", 100_000, "want seconds from 1 to 86400, got 100000"},
		{"queue_pos_param", "a;b", `want a name without spaces and punctuation, got "a;b"`},
		{"b2b_logic_ctx_param", "a b", `want a name without spaces and punctuation, got "a b"`},
		{"caller_offer", "host:x", `"host:x": port "x": want 1 to 65535: want host, host:port, flow=ID or *`},
	}
	m := New().(*module)
	byName := map[string]core.Param{}
	for _, p := range m.params.declare() {
		byName[p.Name] = p
	}
	for _, tt := range tests {
		p, ok := byName[tt.name]
		if !ok {
			t.Fatalf("no parameter %s", tt.name)
		}
		if err := p.Set(tt.value); err == nil || err.Error() != tt.want {
			t.Errorf("%s = %v: %v, want %s", tt.name, tt.value, err, tt.want)
		}
	}
	fresh := defaults()
	if m.params.wrapup != fresh.wrapup || m.params.bridgeMode != fresh.bridgeMode || *m.params.names["cca_skills_column"] != "skills" {
		t.Errorf("a refused value was taken: %+v", m.params)
	}
}

func TestParamsAreTaken(t *testing.T) {
	m, other := New().(*module), New().(*module)
	for _, p := range m.params.declare() {
		var err error
		switch p.Name {
		case "wrapup_time":
			err = p.Set(7)
		case "chat_dispatch_policy":
			err = p.Set("FULL-LOAD")
		case "reject_on_no_agents":
			err = p.Set(0)
		case "cc_agents_table":
			err = p.Set("people")
		}
		if err != nil {
			t.Error(err)
		}
	}
	p := &m.params
	if p.wrapup != 7*time.Second || p.chatPolicy != "full-load" || p.rejectOnNoAgents || names(p)["cc_agents_table"] != "people" {
		t.Errorf("got %+v", p)
	}
	if names(&other.params)["cc_agents_table"] != "cc_agents" {
		t.Error("two modules share a table name")
	}
}

func TestCallerOffer(t *testing.T) {
	tests := []struct {
		param, flow, uri string
		want             bool
	}{
		{"", "f", "sip:a@host", false},
		{"*", "f", "sip:a@host", true},
		{" * ", "f", "not a uri", true},
		{"host", "f", "sip:a@HOST:5070", true},
		{"Host:5070", "f", "sip:a@host:5070", true},
		{"host:5070", "f", "sip:a@host", false},
		{"[2001:db8::1]", "f", "sip:a@[2001:db8::1]:5060", true},
		{"flow=f; x", "f", "sip:a@host", true},
		{"flow=F", "f", "sip:a@host", false},
		{"a;b;;host", "f", "sip:a@host", true},
		{"host", "f", "not a uri", false},
	}
	for _, tt := range tests {
		o, err := parseOffers(tt.param)
		if err != nil {
			t.Errorf("%q: %v", tt.param, err)
			continue
		}
		if got := o.caller(tt.flow, tt.uri); got != tt.want {
			t.Errorf("caller_offer %q, flow %s, %s: %v, want %v", tt.param, tt.flow, tt.uri, got, tt.want)
		}
	}
	for _, bad := range []string{"host:port", "host:99999", "a;b:c:d", "[::1"} {
		if _, err := parseOffers(bad); err == nil {
			t.Errorf("caller_offer %q is taken", bad)
		}
	}
}
