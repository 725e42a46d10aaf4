package b2b

import (
	"strings"
	"testing"

	"github.com/sipd/sipd/core"
	"github.com/sipd/sipd/core/sip/siptest"
)

// TestParamErrors gives the parameters what they do not take: the error is
// that of the line which sets it.
func TestParamErrors(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string // "" when it is taken
	}{
		{"max_duration", -1, "want seconds, got -1"},
		{"max_duration", 0, ""},
		{"b2bl_th_init_timeout", 0, "want seconds from 1 to 86400, got 0"},
		{"fr_inv_timeout", 0, "want seconds from 1 to 86400, got 0"},
		{"keepalive_interval", 0, ""},
		{"keepalive_interval", "30", `want seconds, got "30"`},
		{"keepalive_timeout", 1, "want seconds from 2 to 86400, got 1"},
		{"session_expires", 0, ""},
		{"session_expires", 89, "want 0 or seconds from 90 to 2592000, got 89"},
		{"session_expires", 90, ""},
		{"min_se", 60, "want seconds from 90 to 86400, got 60"},
		{"custom_headers", "X-A;Via", "Via belongs to one leg and cannot pass to another"},
		{"custom_headers", "X A", `"X A" is not the name of a header`},
		{"custom_headers_regexp", "^X-(", "missing closing )"},
		{"init_callid_hdr", "X A", `"X A": want the name of a header`},
		{"server_address", "sip:$avp(x)@pbx", `"sip:$avp(x)@pbx": variable $avp(x) is not known when a leg is made`},
		{"server_address", "sip:$fU@$socket_in(advertised_ip):5060", ""},
		{"b2bl_from_spec_param", "$var(x)", `"$var(x)": want $avp(name)`},
		{"b2bl_from_spec_param", "", ""},
		{"contact_user", 2, "want 0 or 1, got 2"},
		{"db_mode", 3, "want an integer from 0 to 2, got 3"},
		{"max_sessions", 0, "want an integer from 1 to 1000000, got 0"},
		{"hash_size", 11, ""},
		{"db_url", "mysql://x", ""},
		{"cleanup_period", nil, "want text or a number"},
	}
	byName := map[string]core.Param{}
	for _, p := range New().Exports().Params {
		byName[p.Name] = p
	}
	for _, tt := range tests {
		err := byName[tt.name].Set(tt.value)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s = %v: %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
}

// TestParamsTogether are values that are fine alone.
func TestParamsTogether(t *testing.T) {
	for want, set := range map[string]func(*params){
		"keepalive_timeout": func(p *params) { p.pingTimeout = p.pingEvery },
		"session_expires":   func(p *params) { p.minSession = 2 * p.wantSession },
		"":                  func(p *params) { p.pingEvery, p.pingTimeout, p.wantSession, p.minSession = 0, 2, 0, 3600 },
	} {
		m := New()
		set(&m.params)
		if err := m.Init(&fakeHost{}); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestFromOfTheRoute is b2bl_from_spec_param.
func TestFromOfTheRoute(t *testing.T) {
	for value, want := range map[string]string{
		"sip:+4930@trunk": "<sip:+4930@trunk>", "<sip:+4930@trunk>": "<sip:+4930@trunk>", "": "<sip:alice@alice>", "not a URI": "<sip:alice@alice>",
	} {
		inRig(t, nil, func(r *rig) {
			r.accept = func(msg *core.Msg) {
				if value != "" {
					msg.AVPs = map[string][]any{"b2bl_from": {value}}
				}
				r.open(r.m, msg)
			}
			a, _ := r.joined(siptest.Script{}, siptest.Script{})
			if got := r.header("pbx", "bob", "INVITE", "From"); !strings.HasPrefix(got, want+";tag=") {
				t.Errorf("AVP %q: From is %s, want %s", value, got, want)
			}
			a.Bye()
			r.quiet()
		})
	}
}
